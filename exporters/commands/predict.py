"""acclimate predict: classify files with an artefact. Needs numpy and ONNX Runtime, no torch."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ...framework.commands.decoding_option import add_decoding_option
from ...framework.commands.options import make_parser
from ...framework.errors import AcclimateError
from ...framework.files.printable_text import printable
from ..input_options import FILE, INPUT, TEXT, input_words, read_inputs

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from .. import Prediction


def main(arguments: list[str]) -> None:
    """Run the command."""
    if "numpy" not in sys.modules:
        # It starts a thread of linear algebra for each core, which nothing here uses.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    parser = make_parser(
        "predict",
        "Classify samples by their files: one option for each modality of the artefact, with one file, or text, a "
        "sample. Modalities may be left out. A modality that is called as another option is given by --input.",
    )
    parser.add_argument("artefact", type=Path, help="folder of the artefact, or its model.onnx")
    parser.add_argument(
        "--provider", type=str, default="cpu", help="what runs it: cpu, cuda, tensorrt, openvino, auto (the fastest)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a sample")
    add_decoding_option(parser)
    _describe_inputs(parser, INPUT, "NAME=VALUE", "what a modality is: a file, or text")
    _describe_inputs(parser, FILE, "NAME=FILE", "as --input, but a file in any case")
    _describe_inputs(parser, TEXT, "NAME=TEXT", "as --input, but the text itself, even if it looks like a file")
    if {"-h", "--help"} & set(arguments[:1]):
        parser.parse_args(arguments)
    if not arguments or arguments[0].startswith("-"):
        raise AcclimateError("the artefact comes first: acclimate predict ARTEFACT --<modality> FILE ...")

    from .. import Session, read_config

    modalities = read_config(arguments[0]).schema.modalities
    given = read_inputs(arguments[1:], modalities)
    if {"-h", "--help"} & set(given.others):
        for name in modalities:
            option, metavar = input_words(name, "FILE")
            if option != INPUT:
                _describe_inputs(parser, option, metavar, f"{name} of each sample")
    options = parser.parse_args([arguments[0], *given.others])
    sources = given.sources
    if not sources:
        names = (" ".join(input_words(name, "FILE")).removesuffix(" FILE") for name in modalities)
        raise AcclimateError(f"at least one modality must be given: {', '.join(names)}")
    counts = {name: len(files) for name, files in sources.items()}
    if len(set(counts.values())) > 1:
        raise AcclimateError(f"every modality must have as many files as there are samples, but got {counts}")
    session = Session(options.artefact, provider=options.provider)
    for sample in zip(*sources.values(), strict=True):
        print(describe(session.predict(dict(zip(sources, sample, strict=True))), as_json=options.json))


def _describe_inputs(parser: "ArgumentParser", option: str, metavar: str, words: str) -> None:
    """For the help alone: `read_inputs` reads them."""
    parser.add_argument(option, type=str, nargs="+", metavar=metavar, help=words)


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
