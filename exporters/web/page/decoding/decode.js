import {DataError} from "../errors.js";
import {decodeCsv} from "./csv.js";
import {makeText} from "./decoded.js";
import {decodeFlac} from "./flac.js";
import {decodeJpeg} from "./jpeg.js";
import {decodeNpy} from "./npy.js";
import {decodePng} from "./png.js";
import {decodeWave} from "./wave.js";

const DECODERS = {
  csv: (buffer) => decodeCsv(readText(buffer)),
  flac: decodeFlac,
  jpeg: decodeJpeg,
  jpg: decodeJpeg,
  npy: decodeNpy,
  png: decodePng,
  txt: (buffer) => makeText(readText(buffer)),
  wav: decodeWave,
};

/** What a file holds, by the end of its name. */
export async function decodeFile(file) {
  const suffix = file.name.split(".").pop().toLowerCase();
  if (!Object.hasOwn(DECODERS, suffix)) {
    throw new DataError(`expected a file that ends in .${Object.keys(DECODERS).join(", .")}, but found ${file.name}.`);
  }
  return DECODERS[suffix](await file.arrayBuffer());
}

function readText(buffer) {
  try {
    return new TextDecoder("utf-8", {fatal: true}).decode(buffer);
  } catch {
    throw new DataError("expected text in UTF-8, but found other bytes.");
  }
}
