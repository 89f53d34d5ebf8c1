import {DataError} from "../errors.js";
import {makeArray} from "./decoded.js";

const SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4};
const [GREY, PALETTE] = [0, 3];

/** First column and row, and distance of columns and rows, of the passes of an interlaced picture. */
const PASSES = [
  [0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2],
];

/**
 * A PNG as Pillow decodes it for us: bytes (height, width) or (height, width, 3), or 16 bits (height, width) if grey.
 *
 * The browser's own decoder gives 8 bits only, and loses colours where a picture is transparent.
 */
export async function decodePng(buffer) {
  const {header, palette, packed} = readChunks(new DataView(buffer));
  const {width, height, depth, colour} = header;
  if (depth === 16 && colour !== GREY) {
    throw new DataError("expected an image in grey or RGB with 8 bits a channel, but found 16 bits: convert it first.");
  }
  const samples = unpack(await inflate(packed), header);
  if (colour === GREY && depth === 16) return makeArray("image", samples, [height, width], "u2");
  return toPixels(samples, header, palette);
}

function readChunks(view) {
  const isPng = view.byteLength > 32 && view.getUint32(0) === 0x89504e47 && view.getUint32(4) === 0x0d0a1a0a;
  if (!isPng) throw new DataError("expected a PNG file, but found a file of another kind.");
  const found = {header: readHeader(view), palette: new Uint8Array(), packed: []};
  for (let at = 8; at + 12 <= view.byteLength; ) {
    const [size, name] = [view.getUint32(at), view.getUint32(at + 4)];
    const start = view.byteOffset + at + 8;
    if (start + size > view.byteLength) break;
    const content = new Uint8Array(view.buffer, start, size);
    if (name === 0x504c5445) found.palette = content;
    if (name === 0x49444154) found.packed.push(content);
    at += size + 12;
  }
  return found;
}

function readHeader(view) {
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [depth, colour, , , interlaced] = [24, 25, 26, 27, 28].map((at) => view.getUint8(at));
  if (!(colour in SAMPLES) || !width || !height) throw new DataError("expected a PNG file, but its header is damaged.");
  return {width, height, depth, colour, interlaced};
}

async function inflate(chunks) {
  try {
    const stream = new Blob(chunks).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new DataError("expected a PNG file, but its content is damaged or truncated.");
  }
}

/** Samples (height, width, samples of a pixel), as numbers of `depth` bits. */
function unpack(bytes, {width, height, depth, colour, interlaced}) {
  const each = SAMPLES[colour];
  const samples = new (depth === 16 ? Uint16Array : Uint8Array)(width * height * each);
  let at = 0;
  for (const [left, top, across, down] of interlaced ? PASSES : [[0, 0, 1, 1]]) {
    const columns = Math.ceil((width - left) / across);
    const rows = Math.ceil((height - top) / down);
    if (columns <= 0 || rows <= 0) continue;
    const stride = Math.ceil((columns * each * depth) / 8);
    if (at + rows * (stride + 1) > bytes.length) throw new DataError("expected a whole PNG file, but it is truncated.");
    const step = Math.max(1, (each * depth) >> 3);
    let before = new Uint8Array(stride);
    for (let row = 0; row < rows; row++, at += stride + 1) {
      const line = bytes.subarray(at + 1, at + 1 + stride);
      undoFilter(bytes[at], line, before, step);
      before = line;
      for (let index = 0; index < columns * each; index++) {
        const column = left + Math.floor(index / each) * across;
        samples[((top + row * down) * width + column) * each + (index % each)] = readSample(line, index, depth);
      }
    }
  }
  return samples;
}

function readSample(line, index, depth) {
  if (depth === 8) return line[index];
  if (depth === 16) return (line[2 * index] << 8) | line[2 * index + 1];
  const bit = index * depth;
  return (line[bit >> 3] >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}

function undoFilter(filter, line, before, step) {
  for (let index = 0; index < line.length && filter; index++) {
    const left = index < step ? 0 : line[index - step];
    const above = before[index];
    if (filter === 1) line[index] += left;
    else if (filter === 2) line[index] += above;
    else if (filter === 3) line[index] += (left + above) >> 1;
    else line[index] += predict(left, above, index < step ? 0 : before[index - step]);
  }
}

function predict(left, above, corner) {
  const [toLeft, toAbove, toCorner] = [above - corner, left - corner, left + above - 2 * corner].map(Math.abs);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

/** Grey or RGB; transparency is dropped, a palette looked up. */
function toPixels(samples, {width, height, depth, colour}, palette) {
  const count = width * height;
  if (colour === PALETTE) {
    const pixels = new Uint8Array(3 * count).map((_, index) => palette[3 * samples[Math.floor(index / 3)] + (index % 3)]);
    return makeArray("image", pixels, [height, width, 3], "u1");
  }
  const [each, kept] = [SAMPLES[colour], SAMPLES[colour] > 2 ? 3 : 1];
  const brightest = 255 / (2 ** depth - 1);
  const pixels = new Uint8Array(kept * count).map(
    (_, index) => samples[Math.floor(index / kept) * each + (index % kept)] * brightest,
  );
  return makeArray("image", pixels, kept === 1 ? [height, width] : [height, width, 3], "u1");
}
