import {openGraphs} from "./execution.js";

/** Runs an artefact; one sample after the other, as ONNX Runtime's sessions in a page must. */
export class Predictor {
  static async open(artefact) {
    return new Predictor(artefact, await openGraphs(artefact));
  }

  constructor(artefact, graphs) {
    this.artefact = artefact;
    this.graphs = graphs;
    this.last = Promise.resolve();
  }

  /**
   * @param inputs what `prepare` made, by modality; absent ones are left out.
   * @returns {Promise<{outputs: object, milliseconds: number}>} outputs by name, and how long the graphs ran.
   */
  run(inputs) {
    const found = this.last.then(async () => {
      await this.graphs.load(Object.keys(inputs));
      const start = performance.now();
      const outputs = await this.graphs.run(inputs);
      return {outputs, milliseconds: performance.now() - start};
    });
    this.last = found.catch(() => null);
    return found;
  }
}

/** Shares of 1 that logits stand for. */
export function softmax(logits) {
  const highest = Math.max(...logits);
  const weights = logits.map((value) => Math.exp(value - highest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
