import * as ort from "./onnxruntime/ort.js";
import {cut, KINDS} from "./preprocessing/prepare.js";

/**
 * Makes an artefact ready to run, whatever its form.
 *
 * @param {import("./artefact.js").Artefact} artefact
 */
export async function openGraphs(artefact) {
  const main = await openSession(artefact, artefact.mainFile);
  return artefact.config.form === "split" ? new SplitGraphs(artefact, main) : new WholeGraph(artefact, main);
}

/** One graph, which is given something for absent modalities too. */
class WholeGraph {
  constructor(artefact, session) {
    this.artefact = artefact;
    this.session = session;
  }

  /** Gets ready for these modalities. */
  async load() {}

  /** Outputs of one sample by name; `inputs` are what `prepare` made, by modality, and absent ones are left out. */
  async run(inputs) {
    const feed = {present: toPresent(this.artefact, inputs)};
    for (const name of this.artefact.modalities) {
      Object.assign(feed, Object.hasOwn(inputs, name) ? toFeed(this.artefact, name, inputs[name]) : this.makeAbsent(name));
    }
    return readOutputs(await this.session.run(feed));
  }

  /** Zeros, and one step of them where the graph is told a length. */
  makeAbsent(name) {
    const own = this.session.inputMetadata.filter((port) => [name, `${name}_length`].includes(port.name));
    return Object.fromEntries(own.map((port) => [port.name, makeTensor(port, Number(port.name !== name))]));
  }
}

/** A graph for each encoder, loaded when its modality is there for the first time, and one for the fusion. */
class SplitGraphs {
  constructor(artefact, fusion) {
    this.artefact = artefact;
    this.fusion = fusion;
    // A modality may be called as what every object has, such as `constructor`.
    this.encoders = Object.create(null);
  }

  /** Gets ready for these modalities. */
  async load(modalities) {
    for (const name of modalities) this.encoders[name] ??= await openSession(this.artefact, `encoders/${name}.onnx`);
  }

  /** The same; `load` has been called. */
  async run(inputs) {
    const feed = {present: toPresent(this.artefact, inputs)};
    for (const name of this.artefact.modalities) {
      const port = this.fusion.inputMetadata.find((found) => found.name === `${name}_features`);
      feed[port.name] = Object.hasOwn(inputs, name) ? await this.encode(name, inputs[name]) : makeTensor(port, 0);
    }
    return readOutputs(await this.fusion.run(feed));
  }

  async encode(name, prepared) {
    const found = await this.encoders[name].run(toFeed(this.artefact, name, prepared));
    return found[`${name}_features`];
  }
}

async function openSession(artefact, file) {
  // What goes wrong is raised; it need not be written to the console as well.
  const options = {executionProviders: ["wasm"], logSeverityLevel: 4};
  return ort.InferenceSession.create(await artefact.read(file), options);
}

function toFeed(artefact, name, {values, shape, length}) {
  const isTold = artefact.config.lengths.includes(name);
  // What is padding costs time and changes nothing.
  const own = isTold ? cut({values, shape}, KINDS[artefact.preprocessing[name].kind].timeAxis, length) : {values, shape};
  const type = values instanceof BigInt64Array ? "int64" : "float32";
  const feed = {[name]: new ort.Tensor(type, own.values, [1, ...own.shape])};
  if (isTold) feed[`${name}_length`] = new ort.Tensor("int64", BigInt64Array.of(BigInt(length)), [1]);
  return feed;
}

/** One row full of one number; sides that may have any length have 1. */
function makeTensor({type, shape}, number) {
  const sides = shape.map((side) => (typeof side === "number" ? side : 1));
  const size = sides.reduce((product, side) => product * side, 1);
  const isWhole = type === "int64";
  const values = isWhole ? new BigInt64Array(size).fill(BigInt(number)) : new Float32Array(size).fill(number);
  return new ort.Tensor(type, values, sides);
}

function toPresent({modalities}, inputs) {
  const present = Float32Array.from(modalities, (name) => Number(Object.hasOwn(inputs, name)));
  return new ort.Tensor("float32", present, [1, modalities.length]);
}

function readOutputs(tensors) {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, Array.from(tensor.data)]));
}
