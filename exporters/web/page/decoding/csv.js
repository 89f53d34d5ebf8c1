import {DataError} from "../errors.js";
import {makeArray} from "./decoded.js";

/** Numbers as text, a line for each step; one line or one column is a vector, as numpy.loadtxt has it. */
export function decodeCsv(text) {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const rows = [];
  for (const [index, line] of lines.entries()) {
    if (line && !line.startsWith("#")) rows.push(readLine(line, index + 1));
  }
  const width = rows[0]?.length ?? 0;
  const odd = rows.findIndex((row) => row.length !== width);
  if (odd > 0) {
    throw new DataError(`expected ${width} numbers on every line, but found ${rows[odd].length} on row ${odd + 1}.`);
  }
  const isVector = rows.length === 1 || width === 1;
  return makeArray("array", rows.flat(), isVector ? [rows.length * width] : [rows.length, width], "f8");
}

function readLine(line, number) {
  return line.split(/\s*[,;\t]\s*|\s+/).map((cell) => {
    const value = Number(cell);
    if (!cell || Number.isNaN(value)) {
      throw new DataError(`expected numbers, but found ${JSON.stringify(cell)} on line ${number}.`);
    }
    return value;
  });
}
