import {DataError} from "../errors.js";
import {showShape, toFinite} from "../decoding/decoded.js";
import {normalise} from "./checks.js";

/** Features of frames (time, features) to (steps, features). */
export const sequence = {
  files: [".npy", ".csv"],
  timeAxis: 0,
  shape: ({steps, mean}) => [steps, mean.length],
  describe: ({steps, mean}) => `NPY or CSV, up to ${steps} steps of ${mean.length} features`,

  prepare(config, decoded) {
    const values = toFinite(decoded);
    const {shape} = decoded;
    const width = config.mean.length;
    if (shape.length !== 2 || shape[1] !== width) {
      throw new DataError(`expected features of frames (time, ${width}), but found the shape ${showShape(shape)}.`);
    }
    const steps = Math.min(shape[0], config.steps);
    return {values: normalise(values.subarray(0, steps * width), config), shape: [steps, width]};
  },
};
