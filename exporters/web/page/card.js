import {makeText} from "./decoding/decoded.js";
import {decodeFile} from "./decoding/decode.js";
import {DataError} from "./errors.js";
import {KINDS, prepare} from "./preprocessing/prepare.js";
import {previewFile, previewPrepared} from "./preview.js";

/**
 * One modality: a switch, what was given, and a place to drop a file on or to type into.
 *
 * @param {string} name of the modality.
 * @param {object} config of its preprocessing.
 * @param {(isOwn: boolean) => void} onChange is called when what the model sees has changed, with whether the visitor
 *   gave an input.
 */
export function makeCard(name, config, onChange) {
  const element = document.getElementById("card").content.cloneNode(true).firstElementChild;
  const part = (kind) => element.querySelector(`.${kind}`);
  const [toggle, chooser, typed] = ["toggle", "chooser", "typed"].map(part);
  const card = {name, element, prepared: null, show, get isOn() { return toggle.checked && card.prepared !== null; }};

  part("name").textContent = name;
  toggle.setAttribute("aria-label", `Use ${name}`);
  toggle.addEventListener("change", () => { mark(); onChange(false); });
  if (!Object.hasOwn(KINDS, config.kind)) {
    part("give").remove();
    part("hint").textContent = `This page cannot prepare inputs of the kind ${config.kind}.`;
  } else {
    prepareControls();
  }
  show(null);
  return card;

  function prepareControls() {
    const kind = KINDS[config.kind];
    const isText = config.kind === "text";
    part("hint").textContent = kind.describe(config);
    chooser.accept = kind.files.join(",");
    chooser.setAttribute("aria-label", `File of ${name}`);
    chooser.addEventListener("change", () => take(() => chooser.files[0]));
    element.addEventListener("dragover", () => element.classList.add("over"));
    element.addEventListener("dragleave", () => element.classList.remove("over"));
    element.addEventListener("drop", (event) => {
      element.classList.remove("over");
      if (event.dataTransfer.files.length > 0) take(() => event.dataTransfer.files[0]);
    });
    typed.hidden = !isText;
    typed.setAttribute("aria-label", `Text of ${name}`);
    typed.addEventListener("input", () => (typed.value.trim() ? take(() => typed.value) : clear()));
  }

  async function take(choose) {
    const given = choose();
    if (given === undefined) return;
    try {
      const decoded = typeof given === "string" ? makeText(given) : await decodeFile(given);
      show(prepare(config, decoded), given.name ?? "");
      if (typeof given !== "string") previewFile(part("preview"), name, given, config, card.prepared);
      if (decoded.text && typeof given !== "string") typed.value = decoded.text;
    } catch (error) {
      show(null);
      const reason = error instanceof DataError ? error.message : `the file is damaged (${error.message}).`;
      part("problem").textContent = `${given.name ?? name}: ${reason}`;
    }
    chooser.value = "";
    onChange(true);
  }

  function clear() {
    show(null);
    onChange(true);
  }

  /** Shows a prepared input, or that there is none. */
  function show(prepared, source = "") {
    card.prepared = prepared;
    part("problem").textContent = "";
    part("source").textContent = prepared ? source : "";
    if (prepared?.preview || (prepared === null && source)) typed.value = prepared?.preview.text ?? "";
    previewPrepared(part("preview"), name, prepared, config);
    toggle.checked = prepared !== null;
    toggle.disabled = prepared === null;
    mark();
  }

  function mark() {
    element.classList.toggle("off", !card.isOn);
  }
}
