"""What commands of the zoo share."""

from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..registry import Registry


def add_mirror_options(parser: ArgumentParser) -> None:
    """Let the user say where checkpoints lie; `read_registry` asks there."""
    parser.add_argument(
        "--mirror",
        type=str,
        action="append",
        default=[],
        metavar="WHERE",
        help="https://..., hf://owner/repo or a folder that holds a folder for each checkpoint; may be given several "
        "times. Those in ACCLIMATE_ZOO_MIRRORS, separated by commas, are asked after these",
    )
    parser.add_argument(
        "--offline", action="store_true", help="open no connection; ACCLIMATE_OFFLINE=1 says so for all commands"
    )


def read_registry(options: Any) -> "Registry":  # noqa: ANN401 - argparse's namespace
    """The checkpoints that there are.

    Raises:
        ZooError: if a mirror that is given cannot be read.
    """
    from ..joined_registry import joined_registry

    return joined_registry(options.mirror, local_files_only=options.offline)
