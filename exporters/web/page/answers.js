import {softmax} from "./predictor.js";

/** Classes that are shown at most; of more, the most probable ones. */
const MAX_ROWS = 10;

/**
 * Shows what the model says: by task, fused and from each modality alone.
 *
 * @param {HTMLElement} place
 * @param {import("./artefact.js").Artefact} artefact
 * @param {object} outputs by name.
 * @param {string[]} given modalities that were on.
 * @param {object | undefined} labels of a sample that came with the page, by task.
 */
export function showAnswers(place, {config, tasks}, outputs, given, labels = {}) {
  const parts = tasks.flatMap((task) => {
    const names = config.outputs[task.name];
    const single = make("div", "single");
    if (given.length > 1) {
      single.append(...given.map((name) => makeFigure(task, `${name} alone`, outputs[names[name]])));
    }
    const headline = makeHeadline(task, outputs[names.joint], labels[task.name]);
    if (!task.classes) return [headline, single];
    const fused = makeFigure(task, given.length > 1 ? "fused" : given[0], outputs[names.joint]);
    fused.classList.add("fused");
    return [headline, fused, single];
  });
  place.replaceChildren(...parts);
}

/** The fused answers on one line, for screens that have no room for more beside the inputs. */
export function summarise({config, tasks}, outputs) {
  return tasks
    .map((task) => {
      const {answer, share} = findBest(task, outputs[config.outputs[task.name].joint]);
      return `${task.name}: ${answer} ${share}`.trim();
    })
    .join(", ");
}

function findBest({classes}, logits) {
  if (!classes) return {answer: logits[0].toPrecision(4), share: ""};
  const best = logits.indexOf(Math.max(...logits));
  return {answer: classes[best], share: toPercent(softmax(logits)[best])};
}

function makeHeadline(task, logits, label) {
  const {answer, share} = findBest(task, logits);
  const headline = make("p", "headline");
  headline.append(
    make("span", "task", task.name),
    make("strong", "", answer),
    make("span", "share", share),
    make("span", "label", label == null ? "" : `labelled ${label}`),
  );
  return headline;
}

function makeFigure(task, title, logits) {
  const figure = make("figure", "");
  figure.append(make("figcaption", "", title));
  if (!task.classes) {
    figure.append(make("p", "number", logits[0].toPrecision(4)));
    return figure;
  }
  const probabilities = softmax(logits);
  const rows = task.classes.map((name, index) => ({name, share: probabilities[index]}));
  const highest = Math.max(...probabilities);
  const shown = rows.length > MAX_ROWS ? rows.toSorted((first, second) => second.share - first.share) : rows;
  const list = make("ol", "bars");
  list.append(...shown.slice(0, MAX_ROWS).map((row) => makeBar(row, row.share === highest)));
  figure.append(list);
  if (rows.length > MAX_ROWS) figure.append(make("p", "how", `and ${rows.length - MAX_ROWS} more classes`));
  return figure;
}

function makeBar({name, share}, isBest) {
  const row = make("li", isBest ? "best" : "");
  const bar = make("span", "bar");
  const filled = make("i", "");
  filled.style.width = `${100 * share}%`;
  bar.append(filled);
  row.append(make("span", "class", name), bar, make("span", "share", toPercent(share)));
  return row;
}

function toPercent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

function make(tag, kind, text = "") {
  return Object.assign(document.createElement(tag), {className: kind, textContent: text});
}
