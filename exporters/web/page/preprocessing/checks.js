import {DataError} from "../errors.js";

/** Compares a file's sampling rate with the model's. An array has none of its own, and is taken to have that. */
export function checkRate(decoded, wanted) {
  if (decoded.rate === null || decoded.rate === wanted) return;
  const rule = wanted === null ? "an array, which has no sampling rate" : `a sampling rate of ${wanted} Hz`;
  throw new DataError(`expected ${rule}, but found ${decoded.rate} Hz.`);
}

/** Normalises `(rows, columns)` by column, in float32 as numpy does. */
export function normalise(values, {mean, std}) {
  const [means, deviations] = [Float32Array.from(mean), Float32Array.from(std)];
  return values.map((value, index) => {
    const column = index % means.length;
    return Math.fround(value - means[column]) / deviations[column];
  });
}
