import {DataError} from "../errors.js";
import {makeArray} from "./decoded.js";

const [PCM, FLOAT, EXTENSIBLE] = [1, 3, 0xfffe];

/** From here on, a size stands for one that its writer could not know, as it wrote into a pipe. */
const UNKNOWN_SIZE = 0x7fff0000;

const READERS = {
  [PCM]: {
    8: (view, at) => (view.getUint8(at) - 128) / 2 ** 7,
    16: (view, at) => view.getInt16(at, true) / 2 ** 15,
    24: (view, at) => ((view.getInt8(at + 2) << 16) | view.getUint16(at, true)) / 2 ** 23,
    32: (view, at) => view.getInt32(at, true) / 2 ** 31,
  },
  [FLOAT]: {
    32: (view, at) => view.getFloat32(at, true),
    64: (view, at) => view.getFloat64(at, true),
  },
};

/** Sound of a WAV file: (time,), or (time, channels). */
export function decodeWave(buffer) {
  const view = new DataView(buffer);
  if (readName(view, 0) !== "RIFF" || readName(view, 8) !== "WAVE") {
    throw new DataError("expected a WAV file (RIFF), but found a file of another kind.");
  }
  let format = null;
  for (let at = 12; at + 8 <= view.byteLength; ) {
    const [name, size] = [readName(view, at), view.getUint32(at + 4, true)];
    at += 8;
    if (name === "fmt ") format = readFormat(view, at);
    if (name === "data" && format) return readSound(view, at, size, format);
    at += size + (size % 2);
  }
  throw new DataError("expected a WAV file, but found no sound in it.");
}

function readFormat(view, at) {
  const code = view.getUint16(at, true);
  return {
    code: code === EXTENSIBLE ? view.getUint16(at + 24, true) : code,
    channels: view.getUint16(at + 2, true),
    rate: view.getUint32(at + 4, true),
    bits: view.getUint16(at + 14, true),
  };
}

function readSound(view, start, promised, {code, channels, rate, bits}) {
  const read = READERS[code]?.[bits];
  if (!read) throw new DataError(`expected PCM or float sound, but found WAV format ${code} of ${bits} bits.`);
  const there = view.byteLength - start;
  const size = promised < UNKNOWN_SIZE ? promised : there;
  if (size > there) {
    throw new DataError(`expected ${size - there} more bytes of sound, as its header says: the file is truncated.`);
  }
  const frames = Math.floor((size * 8) / (bits * channels));
  const values = new Float32Array(frames * channels);
  for (let index = 0; index < values.length; index++) values[index] = read(view, start + (index * bits) / 8);
  return makeArray("audio", values, channels === 1 ? [frames] : [frames, channels], "f4", rate);
}

function readName(view, at) {
  if (at + 4 > view.byteLength) return "";
  return String.fromCharCode(...[0, 1, 2, 3].map((offset) => view.getUint8(at + offset)));
}
