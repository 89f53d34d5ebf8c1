import {Artefact} from "./artefact.js";
import {showAnswers, summarise} from "./answers.js";
import {makeCard} from "./card.js";
import {runCheck} from "./check.js";
import {Predictor} from "./predictor.js";
import {loadSamples} from "./samples.js";

const find = (id) => document.getElementById(id);

/** What only the newest of several runs may show. */
let newest = 0;

async function answer(artefact, predictor, cards, sample) {
  const turn = ++newest;
  const inputs = Object.fromEntries(cards.filter((card) => card.isOn).map((card) => [card.name, card.prepared]));
  if (Object.keys(inputs).length === 0) {
    find("answers").replaceChildren();
    find("speed").textContent = find("summary").textContent = "";
    find("status").textContent = "Give one modality at least, and switch it on.";
    return;
  }
  try {
    const {outputs, milliseconds} = await predictor.run(inputs);
    if (turn !== newest) return;
    showAnswers(find("answers"), artefact, outputs, Object.keys(inputs), sample?.labels);
    find("speed").textContent = `${milliseconds.toFixed(1)} ms for this answer, from ${Object.keys(inputs).join(", ")}`;
    find("summary").textContent = summarise(artefact, outputs);
    find("status").textContent = "";
  } catch (error) {
    if (turn === newest) find("status").textContent = `The model cannot be run: ${error.message}`;
  }
}

function describe({config, tasks, modalities, isChecked}) {
  const title = `${tasks.map((task) => task.name).join(", ")} from ${modalities.join(", ")}`;
  document.title = title;
  find("title").textContent = title;
  const recipe = config.recipe ? `, trained with the recipe ${config.recipe}` : "";
  const maps = Object.entries(config.schema.maps ?? {}).map(([name, {name: words}]) => `${name}: ${words}`);
  const mapped = maps.length > 0 ? `Its graphs map inputs themselves, as a search without labels found (${maps.join("; ")}). ` : "";
  const hashes = isChecked ? "Its files have the hashes that its configuration says." : "";
  find("about").textContent =
    `An artefact of acclimate: form ${config.form}, ${config.precision}, opset ${config.opset}${recipe}. ${mapped}${hashes}`;
}

function listSamples(samples, choose) {
  find("samples").hidden = samples.length === 0;
  const buttons = samples.map((sample) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = sample.id;
    button.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      choose(sample);
    });
    return button;
  });
  find("sample-buttons").append(...buttons);
  return buttons;
}

async function start() {
  find("unserved").remove();
  const artefact = await Artefact.open("artefact/");
  describe(artefact);
  const [predictor, samples] = await Promise.all([Predictor.open(artefact), loadSamples(artefact)]);
  let shown = null;
  const cards = artefact.modalities.map((name) => makeCard(name, artefact.preprocessing[name], onChange));
  const buttons = listSamples(samples, choose);

  function onChange(isOwn) {
    if (isOwn) {
      shown = null;
      for (const button of buttons) button.setAttribute("aria-pressed", "false");
    }
    return answer(artefact, predictor, cards, shown);
  }

  function choose(sample) {
    shown = sample;
    for (const {name, show} of cards) {
      show(Object.hasOwn(sample.inputs, name) ? sample.inputs[name] : null, `sample ${sample.id}`);
    }
    return onChange(false);
  }

  find("cards").append(...cards.map((card) => card.element));
  find("main").hidden = false;
  find("status").textContent = "Give one modality at least, and switch it on.";
  buttons[0]?.click();
  if (new URLSearchParams(location.search).has("check")) await runCheck(find("check"), predictor, samples);
  document.documentElement.dataset.state = "ready";
}

// A file that misses its card must not replace the page.
for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault());

start().catch((error) => {
  find("status").textContent = `The page cannot be used: ${error.message}`;
  find("main").hidden = false;
  document.documentElement.dataset.state = "failed";
  throw error;
});
