/** Bits behind the point of Pillow's weights, which leave 8 bits for a pixel and 2 for sums beyond it. */
const PRECISION = 2 ** (32 - 8 - 2);

/** Resizes one channel of bytes as Pillow's bilinear filter does, which also averages when it shrinks. */
export function resizePlane(pixels, rows, columns, height, width) {
  // The order changes what is rounded; Pillow 13 takes the one that is less work.
  if (rows > height && rows - height > 2 * (columns - width)) {
    return resizeRows(resizeColumns(pixels, rows, columns, height), height, columns, width);
  }
  return resizeColumns(resizeRows(pixels, rows, columns, width), rows, width, height);
}

/** Each column of (rows, columns) to `height` pixels, rounded to bytes. */
function resizeColumns(pixels, rows, columns, height) {
  return transpose(resizeRows(transpose(pixels, rows, columns), columns, rows, height), columns, height);
}

/** Each row of (rows, columns) to `width` pixels, rounded to bytes. */
function resizeRows(pixels, rows, columns, width) {
  if (width === columns) return pixels;
  const resized = new Uint8ClampedArray(rows * width);
  makeWeights(columns, width).forEach(({first, weights}, column) => {
    for (let row = 0; row < rows; row++) {
      const start = row * columns + first;
      let sum = PRECISION / 2;
      for (let index = 0; index < weights.length; index++) sum += pixels[start + index] * weights[index];
      resized[row * width + column] = Math.floor(sum / PRECISION);
    }
  });
  return resized;
}

/** Which pixels make each new one, and how much each counts, as whole numbers of 1 / PRECISION. */
function makeWeights(size, kept) {
  const scale = size / kept;
  const reach = Math.max(scale, 1);
  return Array.from({length: kept}, (_, position) => {
    const centre = (position + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const end = Math.min(size, Math.trunc(centre + reach + 0.5));
    const heights = Array.from({length: end - first}, (_value, index) => {
      return Math.max(0, 1 - Math.abs((index + first - centre + 0.5) * (1 / reach)));
    });
    const total = heights.reduce((sum, height) => sum + height, 0);
    return {first, weights: heights.map((height) => Math.trunc(0.5 + (height / total) * PRECISION))};
  });
}

function transpose(pixels, rows, columns) {
  return pixels.map((_, index) => pixels[(index % rows) * columns + Math.floor(index / rows)]);
}
