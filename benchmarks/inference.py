"""Inference by torch and by artefacts of every form and precision: time, start, size, memory and agreement.

    python benchmarks/inference.py --figures forms --artefacts ARTEFACTS --out OUT

Writes OUT/inference-<figure>.json and .md, and prints the table. See benchmarks/README.md and docs/performance.md.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from inference_artefacts import Artefacts
from inference_forms import forms, torch_ways
from inference_model import RECIPES, SUBJECTS, count_parameters
from inference_parity import parity
from inference_precisions import precisions
from inference_report import Figure
from inference_start import start
from inference_subsets import subsets
from interleaved import describe_machine, use_threads

FIGURES: Final[Mapping[str, Callable[[Artefacts, argparse.Namespace], Figure]]] = MappingProxyType(
    {
        "forms": lambda artefacts, given: forms(artefacts, given.batches, given.rounds),
        "torch": lambda artefacts, given: torch_ways(artefacts, given.batches, given.rounds, compiled=given.compile),
        "subsets": lambda artefacts, given: subsets(artefacts, given.batches, given.rounds),
        "precision": lambda artefacts, given: precisions(artefacts, given.batches, given.rounds),
        "start": lambda artefacts, given: start(artefacts, given.batches, given.rounds),
        "parity": lambda artefacts, given: parity(artefacts, given.fusion),
    }
)


def measure(name: str, options: argparse.Namespace, folder: Path) -> tuple[Figure, dict[str, Any]]:
    """One figure, and what it was measured on: the machine as it was before."""
    machine = describe_machine()
    artefacts = Artefacts(folder, SUBJECTS[options.subject](), options.threads)
    figure = FIGURES[name](artefacts, options)
    settings = {key: value for key, value in vars(options).items() if key not in {"out", "artefacts", "figures"}}
    return figure, {
        "machine": machine,
        "settings": settings,
        "parameters": count_parameters(artefacts.model()),
        **figure.to_json(),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    options = _parser().parse_args(arguments)
    use_threads(options.threads)
    with tempfile.TemporaryDirectory() as temporary:
        for name in options.figures:
            figure, content = measure(name, options, options.artefacts or Path(temporary))
            text = figure.to_markdown()
            print(f"{name}, {options.threads} threads, load {content['machine']['load']}\n\n{text}\n")
            if options.out is not None:
                options.out.mkdir(parents=True, exist_ok=True)
                path = options.out / f"inference-{name}"
                path.with_suffix(".json").write_text(
                    json.dumps(content, indent=2, default=str) + "\n", encoding="utf-8"
                )
                path.with_suffix(".md").write_text(text + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figures", nargs="+", choices=list(FIGURES), default=["forms", "subsets", "precision"])
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8, 64])
    parser.add_argument("--threads", type=int, default=2, help="of torch, and of each session")
    parser.add_argument("--rounds", type=int, help="instead of those that keep a figure under ten minutes")
    parser.add_argument("--compile", action="store_true", help="torch.compile too: slow to begin")
    parser.add_argument("--fusion", nargs="+", choices=list(RECIPES), default=list(RECIPES), help="for parity")
    parser.add_argument("--subject", choices=list(SUBJECTS), default="real", help="tiny tries the benchmark itself")
    parser.add_argument("--artefacts", type=Path, help="folder to keep exports in, for the next figure")
    parser.add_argument("--out", type=Path, help="folder for JSON and Markdown")
    return parser


if __name__ == "__main__":
    main()
