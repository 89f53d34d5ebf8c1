"""acclimate report: one HTML page about a finished run."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from ..errors import AcclimateError
from ..files.outputs import check_output, check_suffix
from .model_files import model_files
from .options import add_skip_option, make_parser

PACKAGES: Final = {"jinja2": "Jinja2", "matplotlib": "matplotlib", "sklearn": "scikit-learn"}
"""What the extra `report` brings, by the name of the import."""


def main(arguments: list[str]) -> None:
    """Run the command."""
    parser = make_parser(
        "report",
        "Write one self-contained HTML page about a finished run: its scores, confusions and features, with every "
        "subset of modalities, and how its training went.",
    )
    add = parser.add_argument
    add("run", type=Path, help="run folder")
    add("--data", type=str, help="table of files, or name of a built-in data set; default: that of the run")
    add("--split", type=str, help="rows to report on; default: test, else validation (source) and train (target)")
    add("--no-oracle", action="store_true", help="look at no label of the target, even where there are some")
    add("--out", type=Path, help="file to write; default: report.html in the run folder")
    add_skip_option(parser)
    options = parser.parse_args(arguments)
    for module, package in PACKAGES.items():
        if find_spec(module) is None:
            raise AcclimateError(f"needs the package {package}: pip install 'acclimate[report]'")

    from ..report.write import write_report

    out = options.out or options.run / "report.html"
    if options.run.is_dir():
        check_output(out, [options.data or "", *model_files(options.run)])
    check_suffix(out, "--out", "an HTML page", [".html", ".htm"])
    write_report(
        options.run,
        out,
        data=options.data,
        split=options.split,
        oracle=not options.no_oracle,
        skip_bad=options.skip_bad,
    )
    print(out)
