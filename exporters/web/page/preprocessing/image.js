import {DataError} from "../errors.js";
import {showShape} from "../decoding/decoded.js";
import {resizePlane} from "./resize.js";

/** An image of bytes (height, width) or (height, width, channels) to (channels, height, width). */
export const image = {
  files: [".png", ".jpg", ".jpeg", ".npy"],
  timeAxis: null,
  shape: ({mean, height, width}) => [mean.length, height, width],
  describe: ({mean, width, height}) => `PNG or JPEG ${mean.length === 1 ? "in grey" : "in colour"}, taken as ${width} × ${height}`,

  prepare(config, decoded) {
    const {height, width, mean, std} = config;
    const size = width * height;
    const values = new Float32Array(mean.length * size);
    toPlanes(decoded, mean.length).forEach(({pixels, rows, columns}, channel) => {
      const resized = rows === height && columns === width ? pixels : resizePlane(pixels, rows, columns, height, width);
      const [shift, scale] = [Math.fround(mean[channel]), Math.fround(std[channel])];
      for (let index = 0; index < size; index++) {
        values[channel * size + index] = Math.fround(Math.fround(resized[index] / 255) - shift) / scale;
      }
    });
    return {values, shape: [mean.length, height, width]};
  },
};

function toPlanes({kind, values, shape, type}, channels) {
  if (kind === "image" && type !== "u1") {
    throw new DataError("expected an image of 8 bits a channel, but found 16 bits: convert it first.");
  }
  if (type !== "u1" || ![2, 3].includes(shape.length) || values.length === 0) {
    throw new DataError(
      `expected an image of bytes (height, width, channels), but found ${type || kind} of shape ${showShape(shape)}.`,
    );
  }
  const [rows, columns, found = 1] = shape;
  if (found !== channels) throw new DataError(`expected ${channels} channels, but found ${found}.`);
  return Array.from({length: channels}, (_, channel) => {
    const pixels = new Uint8Array(rows * columns).map((_value, index) => values[index * channels + channel]);
    return {pixels, rows, columns};
  });
}
