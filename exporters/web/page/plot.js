const [WIDTH, HEIGHT] = [320, 96];
const SVG = "http://www.w3.org/2000/svg";
const MAX_LINES = 8;

/** A drawing of prepared numbers: lines over time, bars of a vector, or shades of a picture. */
export function drawPlot(name, prepared, config) {
  if (config.kind === "image" || config.kind === "depth") return drawShades(name, prepared);
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  drawing.setAttribute("preserveAspectRatio", "none");
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", `${name} over time`);
  const lines = toLines(prepared, config);
  const [lowest, highest] = findRange(lines);
  lines.forEach((line, number) => {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", toPath(line, lowest, highest));
    path.setAttribute("class", `line-${number}`);
    drawing.append(path);
  });
  return drawing;
}

/** Up to eight lines of numbers, without padding. */
function toLines({values, shape, length}, {kind}) {
  if (kind === "signal") {
    const channels = Math.min(shape[0], MAX_LINES);
    return Array.from({length: channels}, (_, row) => values.subarray(row * shape[1], row * shape[1] + length));
  }
  if (kind === "sequence") {
    const columns = Math.min(shape[1], MAX_LINES);
    return Array.from({length: columns}, (_, column) =>
      Float32Array.from({length}, (_value, step) => values[step * shape[1] + column]),
    );
  }
  return [values.subarray(0, length ?? values.length)];
}

function findRange(lines) {
  let [lowest, highest] = [Infinity, -Infinity];
  for (const line of lines) {
    for (const value of line) [lowest, highest] = [Math.min(lowest, value), Math.max(highest, value)];
  }
  return highest > lowest ? [lowest, highest] : [lowest - 1, lowest + 1];
}

/** A line by its lowest and highest point in each column of the drawing. */
function toPath(line, lowest, highest) {
  const columns = Math.min(WIDTH, line.length);
  const place = (value) => (2 + ((highest - value) / (highest - lowest)) * (HEIGHT - 4)).toFixed(1);
  const points = Array.from({length: columns}, (_, column) => {
    const from = Math.floor((column * line.length) / columns);
    const own = line.subarray(from, Math.max(from + 1, Math.floor(((column + 1) * line.length) / columns)));
    const x = columns === 1 ? 0 : ((column / (columns - 1)) * WIDTH).toFixed(1);
    const [low, high] = findRange([own.length > 1 ? own : [own[0]]]);
    return own.length > 1 ? `${x} ${place(low)}L${x} ${place(high)}` : `${x} ${place(own[0])}`;
  });
  return `M${points.length === 1 ? `${points[0]}L${WIDTH} ${points[0].split(" ")[1]}` : points.join("L")}`;
}

function drawShades(name, {values, shape: [channels, height, width]}) {
  const canvas = Object.assign(document.createElement("canvas"), {width, height});
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${name} that was given`);
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(width, height);
  const [lowest, highest] = findRange([values]);
  const size = width * height;
  for (let index = 0; index < 4 * size; index++) {
    const channel = Math.min(index % 4, channels - 1);
    const value = values[channel * size + Math.floor(index / 4)];
    pixels.data[index] = index % 4 === 3 ? 255 : (255 * (value - lowest)) / (highest - lowest);
  }
  context.putImageData(pixels, 0, 0);
  return canvas;
}
