import {DataError} from "../errors.js";

/**
 * @typedef {object} Decoded
 * What a file holds, as `acclimate.framework.data.Decoded` has it.
 * @property {"array" | "audio" | "image" | "text"} kind
 * @property {number[]} shape
 * @property {ArrayLike<number>} values in C order
 * @property {string} type numpy's name of the values' type: u1, u2, f4, ...
 * @property {number | null} rate sampling rate in Hz, of sound
 * @property {string} text
 */

/** Numbers of a file, whatever it was. */
export function makeArray(kind, values, shape, type, rate = null) {
  return {kind, values, shape, type, rate, text: ""};
}

/** Text. */
export function makeText(text) {
  return {kind: "text", values: [], shape: [], type: "", rate: null, text};
}

/** The values as float32; refuses text, no values at all, NaN and infinity. */
export function toFinite(decoded) {
  if (decoded.kind === "text") throw new DataError("expected numbers, but found text.");
  if (decoded.values.length === 0) {
    throw new DataError(`expected at least one value, but found an array of shape ${showShape(decoded.shape)}.`);
  }
  const values = Float32Array.from(decoded.values);
  const wrong = values.find((value) => !Number.isFinite(value));
  if (wrong !== undefined) throw new DataError(`expected finite numbers, but found ${wrong}.`);
  return values;
}

/** A shape as Python writes it. */
export function showShape(shape) {
  return `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
}
