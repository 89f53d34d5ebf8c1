import {DataError} from "../errors.js";
import {showShape, toFinite} from "../decoding/decoded.js";
import {checkRate} from "./checks.js";

/** A recording (time,) or (time, channels) to a waveform (samples,). */
export const audio = {
  files: [".wav", ".flac", ".npy"],
  timeAxis: 0,
  shape: ({samples}) => [samples],
  describe: ({sampling_rate: rate, samples}) => `WAV or FLAC of ${rate} Hz, ${(samples / rate).toFixed(1)} s of it`,

  prepare(config, decoded) {
    checkRate(decoded, config.sampling_rate);
    const values = toWaveform(decoded).subarray(0, config.samples);
    return {values, shape: [values.length]};
  },
};

function toWaveform({shape, ...decoded}) {
  const values = toFinite({shape, ...decoded});
  if (shape.length > 2) {
    throw new DataError(`expected a recording (time, channels), but found the shape ${showShape(shape)}.`);
  }
  if (shape.length === 1) return values;
  const channels = shape[1];
  return new Float32Array(shape[0]).map((_, frame) => {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum = Math.fround(sum + values[frame * channels + channel]);
    return sum / channels;
  });
}
