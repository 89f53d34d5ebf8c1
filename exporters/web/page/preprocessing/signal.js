import {DataError} from "../errors.js";
import {showShape, toFinite} from "../decoding/decoded.js";
import {checkRate, normalise} from "./checks.js";

/** A signal (time, channels) or (time,) to (channels, length). */
export const signal = {
  files: [".npy", ".csv", ".wav", ".flac"],
  timeAxis: 1,
  shape: ({mean, length}) => [mean.length, length],
  describe: ({mean, length, sampling_rate: rate}) =>
    `${rate === null ? "NPY or CSV" : `NPY, CSV or WAV of ${rate} Hz`}, up to ${length} steps of ${mean.length} channels`,

  prepare(config, decoded) {
    const values = toFinite(decoded);
    const shape = decoded.shape.length === 1 ? [...decoded.shape, 1] : decoded.shape;
    if (shape.length !== 2) {
      throw new DataError(`expected a signal (time, channels), but found the shape ${showShape(shape)}.`);
    }
    const channels = config.mean.length;
    if (shape[1] !== channels) throw new DataError(`expected ${channels} channels, but found ${shape[1]}.`);
    checkRate(decoded, config.sampling_rate);
    const length = Math.min(shape[0], config.length);
    const normalised = normalise(values.subarray(0, length * channels), config);
    const turned = normalised.map((_, index) => normalised[(index % length) * channels + Math.floor(index / length)]);
    return {values: turned, shape: [channels, length]};
  },
};
