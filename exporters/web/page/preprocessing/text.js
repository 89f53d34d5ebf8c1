import {DataError} from "../errors.js";
import {makeTokenizer} from "../tokenizer/tokenizer.js";

const tokenizers = new WeakMap();

/** A text to the numbers of its tokens (max_length,). */
export const text = {
  files: [".txt"],
  timeAxis: 0,
  shape: ({max_length: length}) => [length],
  padding: (config) => open(config).padding,

  describe(config) {
    return open(config).encode ? "Text" : `Numbers of tokens: this page has no ${open(config).missing}`;
  },

  prepare(config, decoded) {
    if (decoded.kind !== "text") throw new DataError(`expected text, but found ${decoded.kind}.`);
    if (!decoded.text.trim()) throw new DataError("expected text, but found none.");
    const {encode, size} = open(config);
    const numbers = encode ? encode(decoded.text, config.max_length) : readNumbers(decoded.text, config, size);
    if (numbers.length === 0) throw new DataError("expected text, but the tokenizer finds none in it.");
    return {values: BigInt64Array.from(numbers, BigInt), shape: [numbers.length]};
  },
};

function open(config) {
  if (!tokenizers.has(config)) tokenizers.set(config, makeTokenizer(JSON.parse(config.tokenizer)));
  return tokenizers.get(config);
}

function readNumbers(typed, config, size) {
  return typed.trim().split(/[\s,]+/).slice(0, config.max_length).map((word) => {
    const number = Number(word);
    if (!/^\d+$/.test(word) || number >= size) {
      throw new DataError(`expected numbers of tokens from 0 to ${size - 1}, but found ${JSON.stringify(word)}.`);
    }
    return number;
  });
}
