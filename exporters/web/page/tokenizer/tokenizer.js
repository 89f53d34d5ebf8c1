import {readEnds} from "./ends.js";
import {makeModel} from "./models.js";
import {makeNormalizer} from "./normalizers.js";
import {makeSplitter} from "./splitters.js";

/**
 * A tokenizer of the library tokenizers, from its own JSON: what acclimate makes itself, and BERT's.
 *
 * @returns {{encode: ((text: string, length: number) => number[]) | null, missing: string, size: number, padding: number}}
 *   `encode` gives the numbers of the tokens that are kept, or is null where the page has not what the tokenizer needs,
 *   which `missing` names. `size` is one more than the highest number, `padding` the number of the token that pads.
 */
export function makeTokenizer(config) {
  const parts = {
    normalizer: makeNormalizer(config.normalizer),
    pre_tokenizer: makeSplitter(config.pre_tokenizer),
    model: makeModel(config.model),
    post_processor: readEnds(config.post_processor),
  };
  const missing = Object.keys(parts).find((name) => parts[name] === null);
  const isPlain = config.added_tokens.every((token) => !token.single_word && !token.lstrip && !token.rstrip);
  const known = {size: countTokens(config), padding: findPadding(config)};
  if (missing) return {...known, encode: null, missing: `${missing} ${config[missing]?.type ?? "of its kind"}`};
  if (!isPlain) return {...known, encode: null, missing: "added tokens that take their surroundings"};
  return {...known, encode: makeEncoder(parts, config.added_tokens), missing: ""};
}

function makeEncoder({normalizer, pre_tokenizer: split, model, post_processor: ends}, added) {
  const numbers = new Map(added.map((token) => [token.content, token.id]));
  const find = makeFinder(added.filter((token) => !token.normalized));
  const findNormalized = makeFinder(added.filter((token) => token.normalized));
  const encodeWords = (text) => split(text).flatMap(model);
  const encodePart = (part, inner) => (numbers.has(part) ? [numbers.get(part)] : inner(part));
  const encodeNormal = (text) =>
    findNormalized(normalizer(text)).flatMap((part) => encodePart(part, encodeWords));
  return (text, length) => {
    const tokens = find(text).flatMap((part) => encodePart(part, encodeNormal));
    const room = length - ends.before.length - ends.behind.length;
    return [...ends.before, ...tokens.slice(0, room), ...ends.behind];
  };
}

/** A function that cuts a text where tokens stand in it as they are; the longest wins. */
function makeFinder(added) {
  if (added.length === 0) return (text) => [text];
  const contents = added.map((token) => token.content).sort((first, second) => second.length - first.length);
  const pattern = new RegExp(`(${contents.map(escape).join("|")})`, "u");
  return (text) => text.split(pattern).filter((part) => part !== "");
}

function escape(text) {
  return text.replace(/[\\^$.*+?()[\]{}|\/]/g, "\\$&");
}

function countTokens({model: {vocab}, added_tokens: added}) {
  const words = Array.isArray(vocab) ? vocab.map((_, number) => number) : Object.values(vocab);
  return 1 + [...words, ...added.map((token) => token.id)].reduce((highest, id) => Math.max(highest, id), 0);
}

function findPadding({padding, added_tokens: added}) {
  const isPadding = (token) => token.special && token.content.toLowerCase().replace(/[^a-z]/g, "") === "pad";
  return padding?.pad_id ?? added.find(isPadding)?.id ?? 0;
}
