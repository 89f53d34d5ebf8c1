/** How far an output may be from the one that was written when the page was made: `ABSOLUTE + RELATIVE |output|`. */
const [ABSOLUTE, RELATIVE] = [1e-5, 1e-4];

/** Runs all samples that came with the page with every subset of their modalities, and compares the answers. */
export async function runCheck(place, predictor, samples) {
  const answers = [];
  for (const sample of samples) {
    for (const {modalities, outputs: wanted} of sample.expected) {
      const inputs = Object.fromEntries(modalities.map((name) => [name, sample.inputs[name]]));
      const {outputs} = await predictor.run(inputs);
      answers.push({sample: sample.id, modalities, outputs, ...compare(wanted, outputs)});
    }
  }
  const wrong = answers.filter((answer) => !answer.agrees);
  const largest = Math.max(0, ...answers.map((answer) => answer.difference));
  const words = `${answers.length} answers, largest difference ${largest.toExponential(1)}, ${wrong.length} too far away.`;
  place.querySelector("p").textContent = answers.length ? words : "There are no samples to check with.";
  place.querySelector("pre").textContent = JSON.stringify(answers, null, 1);
  place.hidden = false;
}

function compare(wanted, outputs) {
  let [difference, agrees] = [0, true];
  for (const [name, values] of Object.entries(wanted)) {
    values.forEach((value, index) => {
      const distance = Math.abs(outputs[name][index] - value);
      difference = Math.max(difference, distance);
      agrees &&= distance <= ABSOLUTE + RELATIVE * Math.abs(value);
    });
  }
  return {difference, agrees};
}
