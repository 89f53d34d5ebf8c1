"""What `acclimate export --triton` asks for: an artefact in a model repository of NVIDIA's Triton Inference Server."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from ...framework.commands.numbers import add_integer


def add_triton_options(parser: ArgumentParser) -> None:
    """Let the user ask for a model repository; `write_models` writes it."""
    add = parser.add_argument
    add(
        "--triton",
        type=Path,
        metavar="DIR",
        help="write the artefact into this model repository of Triton; models that are there get another version",
    )
    add(
        "--triton-name",
        type=str,
        metavar="NAME",
        help="of the model in Triton; default: that of the folder of the artefact or run",
    )
    add_integer(
        parser, "--triton-max-batch-size", default=64, metavar="ROWS", help="rows that Triton may run at a time"
    )
    add(
        "--triton-device",
        choices=("auto", "cpu", "gpu"),
        default="auto",
        help="what Triton runs new models on; auto: a GPU where it finds one",
    )


def check_models(options: Any, artefact: Path) -> None:  # noqa: ANN401 - argparse's namespace
    """Refuse before the export a name or a folder that the models cannot have.

    Raises:
        ExportError: see `check_triton`.
    """
    from ..triton.repository import check_triton

    check_triton(artefact, options.triton, options.triton_name)


def write_models(options: Any, artefact: Path) -> None:  # noqa: ANN401 - argparse's namespace
    """Write the models and say how to start them.

    Raises:
        ExportError: if an option does not fit, or the models cannot be written.
    """
    from ..triton import write_triton

    written = write_triton(
        artefact,
        options.triton,
        name=options.triton_name,
        max_batch_size=options.triton_max_batch_size,
        device=options.triton_device,
    )
    parts = f" of {written.name}, which calls {', '.join(written.models[:-1])}" if len(written.models) > 1 else ""
    print(
        f"{written.folder / written.name}: version {written.version}{parts}; to serve it: "
        f"tritonserver --model-repository={written.folder}"
    )
