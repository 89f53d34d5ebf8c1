import {audio} from "./audio.js";
import {depth} from "./depth.js";
import {features} from "./features.js";
import {image} from "./image.js";
import {sequence} from "./sequence.js";
import {signal} from "./signal.js";
import {text} from "./text.js";

/** What the page can prepare, by the kind that a configuration names. */
export const KINDS = {audio, depth, features, image, sequence, signal, text};

/**
 * Turns a decoded file into what a graph takes, with the numbers that acclimate makes of it in Python.
 *
 * @returns {{values: Float32Array | BigInt64Array, shape: number[], length: number | null}} an array of the modality's
 *   shape, and how many steps of it are the sample's own; null where samples do not differ in length.
 */
export function prepare(config, decoded) {
  const kind = KINDS[config.kind];
  const [own, shape] = [kind.prepare(config, decoded), kind.shape(config)];
  const length = kind.timeAxis === null ? null : own.shape[kind.timeAxis];
  return {values: pad(own, shape, kind.timeAxis, kind.padding?.(config)), shape, length};
}

/** The first steps of a prepared array along its time axis. */
export function cut({values, shape}, axis, steps) {
  const kept = shape.with(axis, steps);
  const [outer, own, whole] = strides(shape, kept, axis);
  const result = new values.constructor(outer * own);
  for (let row = 0; row < outer; row++) result.set(values.subarray(row * whole, row * whole + own), row * own);
  return {values: result, shape: kept};
}

function pad({values, shape: from}, shape, axis, padding) {
  if (axis === null || from[axis] === shape[axis]) return values;
  const [outer, own, whole] = strides(shape, from, axis);
  const result = new values.constructor(outer * whole);
  if (padding) result.fill(BigInt(padding));
  for (let row = 0; row < outer; row++) result.set(values.subarray(row * own, (row + 1) * own), row * whole);
  return result;
}

/** Number of blocks before the axis, and the size of a block in the shorter and in the longer array. */
function strides(longer, shorter, axis) {
  const product = (sides) => sides.reduce((size, side) => size * side, 1);
  return [product(longer.slice(0, axis)), product(shorter.slice(axis)), product(longer.slice(axis))];
}
