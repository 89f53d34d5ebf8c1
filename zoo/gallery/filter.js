"use strict";

// Search, filters and order. What is chosen stands in the address, so that it can be shared.
{
  const form = document.querySelector(".filters");
  const list = document.querySelector(".cards");
  const status = form.querySelector("[role=status]");
  const none = document.querySelector(".none");
  const cards = [...list.children];

  const number = text => (text === "" ? -Infinity : Number(text));
  const byName = (a, b) => (a.dataset.name < b.dataset.name ? -1 : 1);
  const orders = {
    score: (a, b) => number(b.dataset.score) - number(a.dataset.score),
    gain: (a, b) => number(b.dataset.gain) - number(a.dataset.gain),
    size: (a, b) => a.dataset.size - b.dataset.size,
    name: byName,
  };
  const fits = (card, given) =>
    given.get("query").toLowerCase().split(/\s+/).every(word => card.dataset.words.includes(word)) &&
    ["method", "data"].every(name => !given.get(name) || card.dataset[name] === given.get(name)) &&
    (!given.get("task") || card.dataset.task.split("\n").includes(given.get("task"))) &&
    given.getAll("modality").every(name => card.dataset.modality.split("\n").includes(name));

  let sorted = "";
  const show = () => {
    const given = new FormData(form);
    let shown = 0;
    for (const card of cards) {
      card.hidden = !fits(card, given);
      shown += !card.hidden;
    }
    status.textContent = `${shown} of ${cards.length}`;
    none.hidden = shown > 0;
    if (sorted !== given.get("sort")) {
      sorted = given.get("sort");
      // Two scores that are missing have no difference.
      list.append(...cards.sort((a, b) => orders[sorted](a, b) || byName(a, b)));
    }
  };

  const remember = () => {
    const chosen = [...new FormData(form)].filter(([name, value]) => value && !(name === "sort" && value === "score"));
    history.replaceState(null, "", `#${new URLSearchParams(chosen)}`);
  };

  const restore = () => {
    for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
      for (const field of form.querySelectorAll("input, select")) {
        if (field.name !== name) continue;
        if (field.type === "checkbox") field.checked ||= field.value === value;
        else if (field.type === "search" || [...field.options].some(option => option.value === value)) field.value = value;
      }
    }
  };

  const change = () => {
    show();
    remember();
  };
  form.addEventListener("input", change);
  form.addEventListener("submit", event => event.preventDefault());
  // The fields are empty after the event.
  form.addEventListener("reset", () => setTimeout(change));
  form.hidden = false;
  restore();
  show();
}
