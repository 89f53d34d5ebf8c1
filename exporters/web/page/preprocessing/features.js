import {DataError} from "../errors.js";
import {showShape, toFinite} from "../decoding/decoded.js";
import {normalise} from "./checks.js";

/** A vector (features,), normalised. */
export const features = {
  files: [".npy", ".csv"],
  timeAxis: null,
  shape: ({mean}) => [mean.length],
  describe: ({mean}) => `NPY or CSV with ${mean.length} numbers`,

  prepare(config, decoded) {
    const values = toFinite(decoded);
    const {shape} = decoded;
    if (shape.length !== 1 || shape[0] !== config.mean.length) {
      throw new DataError(`expected a vector of length ${config.mean.length}, but found the shape ${showShape(shape)}.`);
    }
    return {values: normalise(values, config), shape};
  },
};
