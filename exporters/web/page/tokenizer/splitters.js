const PUNCTUATION = String.raw`[!-\/:-@\[-\x60\x7B-~]|\p{P}`;
const WORD = String.raw`\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}`;

const SPLITTERS = {
  BertPreTokenizer: new RegExp(`${PUNCTUATION}|(?:(?!${PUNCTUATION})\\P{White_Space})+`, "gu"),
  Whitespace: new RegExp(`[${WORD}]+|[^${WORD}\\p{White_Space}]+`, "gu"),
  WhitespaceSplit: /\P{White_Space}+/gu,
};

/** A function from text to words, or null where the page has no such pre-tokenizer. */
export function makeSplitter(config) {
  if (!config || !Object.hasOwn(SPLITTERS, config.type)) return null;
  return (text) => text.match(SPLITTERS[config.type]) ?? [];
}
