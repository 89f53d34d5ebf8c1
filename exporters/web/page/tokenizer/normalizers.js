/** Characters of the blocks of Chinese, which BERT takes for a word each. */
const CHINESE =
  /[\u4E00-\u9FFF\u3400-\u4DBF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\uF900-\uFAFF\u{2F800}-\u{2FA1F}]/gu;

const NORMALIZERS = {
  BertNormalizer: makeBert,
  Lowercase: () => toLower,
  NFC: () => (text) => text.normalize("NFC"),
  NFD: () => (text) => text.normalize("NFD"),
  NFKC: () => (text) => text.normalize("NFKC"),
  NFKD: () => (text) => text.normalize("NFKD"),
  Sequence: ({normalizers}) => chain(normalizers.map(makeNormalizer)),
  StripAccents: () => stripAccents,
};

/** A function from text to text, or null where the page has no such normalizer. */
export function makeNormalizer(config) {
  if (config === null) return (text) => text;
  return NORMALIZERS[config.type]?.(config) ?? null;
}

function chain(steps) {
  return steps.includes(null) ? null : (text) => steps.reduce((changed, step) => step(changed), text);
}

function makeBert(config) {
  const steps = [];
  if (config.clean_text) steps.push(clean);
  if (config.handle_chinese_chars) steps.push((text) => text.replace(CHINESE, " $& "));
  if (config.strip_accents ?? config.lowercase) steps.push((text) => stripAccents(text.normalize("NFD")));
  if (config.lowercase) steps.push(toLower);
  return chain(steps);
}

function clean(text) {
  return text.replace(/(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\uFFFD]/gu, "").replace(/\p{White_Space}/gu, " ");
}

function stripAccents(text) {
  return text.replace(/\p{Mn}/gu, "");
}

/** By character: a whole word would have another sigma at its end. */
function toLower(text) {
  return Array.from(text, (character) => character.toLowerCase()).join("");
}
