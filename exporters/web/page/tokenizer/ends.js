/** Numbers of the tokens before and behind a text, or null where the page has no such post-processor. */
export function readEnds(config) {
  if (config === null) return {before: [], behind: []};
  if (config.type === "BertProcessing") return {before: [config.cls[1]], behind: [config.sep[1]]};
  if (config.type !== "TemplateProcessing") return null;
  const ends = {before: [], behind: []};
  let side = ends.before;
  for (const piece of config.single) {
    if (piece.Sequence) side = ends.behind;
    else side.push(...config.special_tokens[piece.SpecialToken.id].ids);
  }
  return ends;
}
