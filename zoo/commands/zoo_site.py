"""acclimate zoo site: a static page that shows checkpoints. Needs no torch."""

from importlib.util import find_spec
from pathlib import Path

from ...framework.commands.options import make_parser
from ...framework.errors import AcclimateError
from ...framework.files.folders import check_folder
from .zoo_options import add_mirror_options, read_registry


def main(arguments: list[str]) -> None:
    """Run the command."""
    parser = make_parser(
        "zoo site",
        "Write a page of all checkpoints, with search, filters and pictures, and a page for each. They open from a "
        "disk and from any static server, and load nothing from anywhere. Pictures are of what lies in the package, in "
        "the cache and in mirrors that are folders; nothing is pulled.",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="is made; a former site is replaced")
    add_mirror_options(parser)
    options = parser.parse_args(arguments)
    if find_spec("jinja2") is None:
        raise AcclimateError("needs the package Jinja2: pip install 'acclimate[site]'")
    check_folder(options.folder)

    from ..gallery.listed import list_checkpoints
    from ..gallery.write import write_gallery

    report = write_gallery(options.folder, list_checkpoints(read_registry(options), options.mirror))
    without = report.checkpoints - report.pictured
    missing = f", {without} of them without pictures, since their files are not at hand" if without else ""
    print(f"{report.folder}: {report.checkpoints} checkpoints{missing}; {report.size / 1e6:.1f} MB")
