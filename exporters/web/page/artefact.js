/** An artefact as acclimate exports it: its configuration, and its files with their hashes checked. */
export class Artefact {
  /** @param {string} folder where it lies, with a slash at its end. */
  static async open(folder) {
    const config = JSON.parse(new TextDecoder().decode(await load(`${folder}config.json`)));
    return new Artefact(folder, config);
  }

  constructor(folder, config) {
    this.folder = folder;
    this.config = config;
    this.mainFile = config.form === "split" ? "fusion.onnx" : "model.onnx";
    this.modalities = config.modalities;
    this.tasks = config.schema.tasks;
    this.preprocessing = config.schema.preprocessing;
    /** Whether the browser let us compare hashes: it does on https and on this machine. */
    this.isChecked = globalThis.crypto?.subtle !== undefined;
  }

  /** The bytes of a graph; raises an Error if they are not those that the configuration describes. */
  async read(file) {
    const content = await load(this.folder + file.split("/").map(encodeURIComponent).join("/"));
    const wanted = file === this.mainFile ? this.config.sha256 : this.config.files[file];
    const found = this.isChecked ? toHex(await crypto.subtle.digest("SHA-256", content)) : wanted;
    if (found !== wanted) throw new Error(`${file} is damaged or was altered: it has not the hash that is known of it.`);
    return new Uint8Array(content);
  }
}

/** The bytes at an address beside this page; files that belong together may not come from caches of different ages. */
export async function load(address) {
  const response = await fetch(address, {cache: "no-cache"});
  if (!response.ok) throw new Error(`${address} cannot be loaded: the server says ${response.status}.`);
  return response.arrayBuffer();
}

function toHex(digest) {
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
