import {load} from "./artefact.js";
import {KINDS} from "./preprocessing/prepare.js";

/**
 * The samples that came with the page, prepared already.
 *
 * @returns {Promise<object[]>} each with `id`, `labels` by task, `inputs` by modality (as `prepare` makes them, and a
 *   `preview`), and `expected`: what the artefact said to each subset of its modalities when the page was made.
 */
export async function loadSamples(artefact) {
  const index = JSON.parse(new TextDecoder().decode(await load("samples/samples.json")));
  if (index.samples.length === 0) return [];
  const content = await load("samples/samples.bin");
  return index.samples.map((sample) => ({...sample, inputs: readInputs(artefact, sample.inputs, content)}));
}

function readInputs(artefact, stored, content) {
  return Object.fromEntries(
    Object.entries(stored).map(([name, {offset, length, preview}]) => {
      const config = artefact.preprocessing[name];
      const shape = KINDS[config.kind].shape(config);
      const kind = config.kind === "text" ? BigInt64Array : Float32Array;
      const size = shape.reduce((product, side) => product * side, 1);
      return [name, {values: new kind(content, offset, size), shape, length, preview}];
    }),
  );
}
