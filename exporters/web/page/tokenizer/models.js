const MODELS = {WordLevel: makeWordLevel, WordPiece: makeWordPiece};

/** A function from a word to the numbers of its tokens, or null where the page has no such model. */
export function makeModel(config) {
  return MODELS[config.type]?.(config, new Map(Object.entries(config.vocab))) ?? null;
}

function makeWordLevel(config, vocabulary) {
  const unknown = vocabulary.get(config.unk_token);
  return (word) => [vocabulary.get(word) ?? unknown].filter((number) => number !== undefined);
}

/** The longest piece that the vocabulary has, then the longest of the rest; a word that has none is unknown. */
function makeWordPiece(config, vocabulary) {
  const {continuing_subword_prefix: prefix, max_input_chars_per_word: longest} = config;
  const unknown = [vocabulary.get(config.unk_token)];
  return (word) => {
    const characters = Array.from(word);
    if (characters.length > longest) return unknown;
    const numbers = [];
    for (let start = 0; start < characters.length; ) {
      let [end, number] = [characters.length, undefined];
      for (; end > start && number === undefined; end--) {
        number = vocabulary.get((start ? prefix : "") + characters.slice(start, end).join(""));
      }
      if (number === undefined) return unknown;
      numbers.push(number);
      start = end + 1;
    }
    return numbers;
  };
}
