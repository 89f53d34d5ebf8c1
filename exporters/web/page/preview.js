import {drawPlot} from "./plot.js";

const PICTURES = [".png", ".jpg", ".jpeg"];
const SOUNDS = [".wav", ".flac"];

/** Shows a prepared input by what came with it: a picture, a sound, or else a drawing of its numbers. */
export function previewPrepared(place, name, prepared, config) {
  forget(place);
  if (prepared === null) return;
  const {image, audio} = prepared.preview ?? {};
  fill(place, name, prepared, config, {image, audio});
}

/** Shows a file that a visitor gave. */
export function previewFile(place, name, file, config, prepared) {
  forget(place);
  const ends = (suffixes) => suffixes.some((suffix) => file.name.toLowerCase().endsWith(suffix));
  const address = () => (place.dataset.address = URL.createObjectURL(file));
  fill(place, name, prepared, config, {
    image: ends(PICTURES) && config.kind === "image" ? address() : undefined,
    audio: ends(SOUNDS) ? address() : undefined,
  });
}

function fill(place, name, prepared, config, {image, audio}) {
  if (image) {
    place.append(Object.assign(new Image(), {src: image, alt: `${name} that was given`}));
  } else if (config.kind !== "text") {
    place.append(drawPlot(name, prepared, config));
  }
  if (audio) {
    const player = Object.assign(new Audio(audio), {controls: true, preload: "metadata"});
    player.setAttribute("aria-label", `${name} that was given`);
    place.append(player);
  }
}

function forget(place) {
  if (place.dataset.address) URL.revokeObjectURL(place.dataset.address);
  delete place.dataset.address;
  place.replaceChildren();
}
