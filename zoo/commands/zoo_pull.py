"""acclimate zoo pull: bring a checkpoint to this machine. Needs no torch."""

import shlex
import sys
from pathlib import Path

from ...framework.commands.options import make_parser
from ...framework.files.folders import check_folder
from .zoo_options import add_mirror_options


def main(arguments: list[str]) -> None:
    """Run the command."""
    parser = make_parser(
        "zoo pull",
        "Bring a checkpoint to this machine, and check that its bytes are the right ones: from the package, the cache "
        "or a mirror. What was broken off goes on where it stopped.",
    )
    parser.add_argument("name", type=str, help="of the checkpoint, as method.tag, or hf://owner/repo")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for a copy; default: it stays in the package or the cache"
    )
    parser.add_argument("--revision", type=str, help="of hf://owner/repo: branch, tag or commit")
    add_mirror_options(parser)
    options = parser.parse_args(arguments)

    from ...exporters import read_config
    from ...exporters.input_options import input_words
    from ..copying import check_free
    from ..pulling import pull

    if options.out is not None:
        check_free(options.out)
        check_folder(options.out)
    folder = pull(
        options.name,
        out=options.out,
        mirrors=options.mirror,
        local_files_only=options.offline,
        revision=options.revision,
        progress=sys.stderr.isatty(),
    )
    modalities = read_config(folder.path).schema.modalities
    files = shlex.join(word for name in modalities for word in input_words(name, "FILE"))
    place = options.out or folder.path
    print(f"{place}: {folder.size / 1e6:.2f} MB, checked; to use it, with some modalities or all:")
    print(f"acclimate predict {shlex.quote(str(place))} {files}")
