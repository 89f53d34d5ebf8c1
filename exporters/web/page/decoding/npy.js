import {DataError} from "../errors.js";
import {makeArray, showShape} from "./decoded.js";

/** How a file begins: "\x93NUMPY". */
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

const READERS = {
  b1: (view, at) => view.getUint8(at),
  i1: (view, at) => view.getInt8(at),
  u1: (view, at) => view.getUint8(at),
  i2: (view, at, little) => view.getInt16(at, little),
  u2: (view, at, little) => view.getUint16(at, little),
  i4: (view, at, little) => view.getInt32(at, little),
  u4: (view, at, little) => view.getUint32(at, little),
  i8: (view, at, little) => Number(view.getBigInt64(at, little)),
  u8: (view, at, little) => Number(view.getBigUint64(at, little)),
  f2: (view, at, little) => toHalf(view.getUint16(at, little)),
  f4: (view, at, little) => view.getFloat32(at, little),
  f8: (view, at, little) => view.getFloat64(at, little),
};

/** An array as numpy.save writes it, of real numbers. */
export function decodeNpy(buffer) {
  const {type, little, columnsFirst, shape, start} = readHeader(buffer);
  const size = Number(type.slice(1));
  const count = shape.reduce((product, side) => product * side, 1);
  const missing = start + count * size - buffer.byteLength;
  if (missing > 0) {
    throw new DataError(`expected ${missing} more bytes, as its header says: the file is truncated.`);
  }
  const view = new DataView(buffer, start);
  const values = new Float64Array(count);
  for (let index = 0; index < count; index++) values[index] = READERS[type](view, index * size, little);
  return makeArray("array", columnsFirst ? toRowsFirst(values, shape) : values, shape, type);
}

function readHeader(buffer) {
  const bytes = new Uint8Array(buffer);
  if (MAGIC.some((byte, index) => bytes[index] !== byte)) {
    throw new DataError("expected an array of numbers (.npy), but found a file of another kind.");
  }
  const view = new DataView(buffer);
  const [begin, length] = bytes[6] > 1 ? [12, view.getUint32(8, true)] : [10, view.getUint16(8, true)];
  const header = new TextDecoder().decode(bytes.subarray(begin, begin + length));
  const described = header.match(/'descr':\s*'([<>|=]?)(\w+)'/);
  const sides = header.match(/'shape':\s*\(([^)]*)\)/);
  if (!described || !sides || !(described[2] in READERS)) {
    throw new DataError(`expected an array of real numbers, but found: ${header.trim() || "no header"}.`);
  }
  return {
    type: described[2],
    little: described[1] !== ">",
    columnsFirst: /'fortran_order':\s*True/.test(header),
    shape: sides[1].split(",").filter((side) => side.trim()).map(Number),
    start: begin + length,
  };
}

function toRowsFirst(values, shape) {
  if (shape.length > 3) throw new DataError(`expected at most three axes, but found the shape ${showShape(shape)}.`);
  const [depth, rows, columns] = [1, 1, ...shape].slice(-3);
  return Float64Array.from(values, (_, index) => {
    const column = index % columns;
    const row = Math.floor(index / columns) % rows;
    const layer = Math.floor(index / (columns * rows));
    return values[layer + depth * (row + rows * column)];
  });
}

function toHalf(bits) {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
}
