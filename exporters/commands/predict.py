"""acclimate predict: classify files with an artefact. Needs numpy and ONNX Runtime, no torch."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ...framework.commands.options import make_parser
from ...framework.errors import AcclimateError
from ...framework.files.printable_text import printable

if TYPE_CHECKING:
    from .. import Prediction


def main(arguments: list[str]) -> None:
    """Run the command."""
    description = (
        "Classify samples by their files: one option for each modality of the artefact, with one file, or text, a "
        "sample. Modalities may be left out."
    )
    parser = make_parser("predict", description)
    parser.add_argument("artefact", type=Path, help="folder of the artefact, or its model.onnx")
    parser.add_argument("--provider", type=str, default="cpu", help="execution provider: cpu, cuda or tensorrt")
    parser.add_argument("--json", action="store_true", help="print one JSON object a sample")
    if {"-h", "--help"} & set(arguments[:1]):
        parser.parse_args(arguments)
    if not arguments or arguments[0].startswith("-"):
        raise AcclimateError("the artefact comes first: acclimate predict ARTEFACT --<modality> FILE ...")

    from .. import Session, read_config

    modalities = read_config(arguments[0]).schema.modalities
    for name in modalities:
        parser.add_argument(f"--{name}", type=str, nargs="+", metavar="FILE", help=f"{name} of each sample")
    options = parser.parse_args(arguments)
    given = {name: files for name in modalities if (files := getattr(options, name))}
    if not given:
        raise AcclimateError(f"at least one modality must be given: {', '.join(f'--{name}' for name in modalities)}")
    counts = {name: len(files) for name, files in given.items()}
    if len(set(counts.values())) > 1:
        raise AcclimateError(f"every modality must have as many files as there are samples, but got {counts}")
    session = Session(options.artefact, provider=options.provider)
    for sample in zip(*given.values(), strict=True):
        print(describe(session.predict(dict(zip(given, sample, strict=True))), as_json=options.json))


def describe(prediction: "Prediction", *, as_json: bool) -> str:
    """A prediction as a line."""
    if as_json:
        content = {
            "labels": dict(prediction.labels),
            "probabilities": {task: dict(values) for task, values in prediction.probabilities.items()},
            "modalities": list(prediction.modalities),
        }
        return json.dumps(content)
    parts = []
    for task, label in prediction.labels.items():
        if task in prediction.probabilities:
            parts.append(f"{task}: {label} ({prediction.probabilities[task][str(label)]:.1%})")
        else:
            parts.append(f"{task}: {label:.4g}")
    return printable(f"{', '.join(parts)}   from {', '.join(prediction.modalities)}")
