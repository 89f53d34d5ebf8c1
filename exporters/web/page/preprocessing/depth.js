import {DataError} from "../errors.js";
import {showShape} from "../decoding/decoded.js";

/** A depth image of unsigned whole numbers (height, width) to (1, height, width). */
export const depth = {
  files: [".png", ".npy"],
  timeAxis: null,
  shape: ({height, width}) => [1, height, width],
  describe: ({height, width, unit}) => `PNG in grey, steps of ${unit} m, taken as ${width} × ${height}`,

  prepare({height, width, mean, std, unit}, {values, shape, type}) {
    if (!type.startsWith("u") || shape.length !== 2 || values.length === 0) {
      throw new DataError(
        "expected a depth image (height, width) of unsigned whole numbers, " +
          `but found ${type || "text"} of shape ${showShape(shape)}.`,
      );
    }
    const [rows, columns] = [findNearest(shape[0], height), findNearest(shape[1], width)];
    const normalised = new Float32Array(height * width).map((_, index) => {
      const value = values[rows[Math.floor(index / width)] * shape[1] + columns[index % width]];
      // What was not measured stays 0, the training mean.
      return value > 0 ? (value * unit - mean) / std : 0;
    });
    return {values: normalised, shape: [1, height, width]};
  },
};

/** Positions of the pixels whose centres are nearest to those of an image of another size. */
function findNearest(size, kept) {
  return Array.from({length: kept}, (_, position) => Math.trunc(((position + 0.5) * size) / kept));
}
