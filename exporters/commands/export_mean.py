"""The part of `acclimate export` that makes one artefact of the mean of several runs."""

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from ...framework.commands.numbers import read_real
from ...framework.errors import AcclimateError, ExportError, RunError

if TYPE_CHECKING:
    from ...framework.data import Schema
    from ...framework.model import MultimodalModel

MEAN_KEY: Final = "mean_of"
"""Where the artefact's metadata name the runs that it is the mean of."""


def add_mean_options(parser: argparse.ArgumentParser) -> None:
    """Add what asks for a mean."""
    parser.add_argument(
        "--mean-with",
        type=Path,
        nargs="+",
        default=[],
        metavar="RUN",
        help="further runs on the same data: the artefact says the mean of what all of them hold likely; needs --out",
    )
    parser.add_argument(
        "--mean-weights",
        type=_read_weight,
        nargs="+",
        metavar="WEIGHT",
        help="weights of the mean, positive, first the run's and then those of --mean-with; default: even",
    )


def _read_weight(text: str) -> float:
    return read_real(text, "--mean-weights", 0.0, math.inf, between=True)


def check_mean(options: Any) -> None:  # noqa: ANN401 - argparse's namespace
    """Refuse what does not go together, before anything is opened.

    Raises:
        AcclimateError: in one line.
    """
    if not options.mean_with:
        if options.mean_weights is not None:
            raise AcclimateError("--mean-weights are those of a mean: give --mean-with as well")
        return
    if options.out is None:
        raise AcclimateError(
            "--mean-with makes an artefact of several runs, which lies in none of them: give --out DIR"
        )


def load_mean(options: Any) -> tuple["MultimodalModel", "Schema", str, dict[str, Any]]:  # noqa: ANN401 - as above
    """The mean of the runs, their schema, what it is called, and metadata that name the runs.

    Raises:
        RunError: if a run cannot be opened, or is of other data.
        ExportError: if the models do not fit together.
    """
    from ...framework.experiments.saved_method import load_run
    from ..mean_model import MeanModel

    runs: tuple[Path, ...] = (options.run, *options.mean_with)
    opened = [load_run(path, options.checkpoint) for path in runs]
    # Each model brings its own input maps, which stand before its encoders and not before the mean's.
    schema, *others = (attrs.evolve(schema, maps={}) for _, schema, _ in opened)
    for path, other in zip(options.mean_with, others, strict=True):
        if other.to_config() != schema.to_config():
            raise RunError(
                f"a mean must be of runs whose inputs and classes are the same, but {path} has another schema than "
                f"{options.run}: train them on the same data with the same seed"
            )
    try:
        mean = MeanModel([method.model for method, _, _ in opened], options.mean_weights)
    except ValueError as error:
        raise ExportError(str(error).rstrip(".")) from error
    parents = [
        {
            "name": path.absolute().name,
            "recipe": recipe.name,
            "sha256": _digest(path, options.checkpoint),
            "weight": weight,
        }
        for path, (_, _, recipe), weight in zip(runs, opened, mean.weights.tolist(), strict=True)
    ]
    return mean, schema, f"mean of {', '.join(recipe.name for _, _, recipe in opened)}", {MEAN_KEY: parents}


def _digest(run: Path, checkpoint: str) -> str:
    from ...framework.files.hashes import file_sha256

    return file_sha256(run / "checkpoints" / f"{checkpoint}.safetensors")
