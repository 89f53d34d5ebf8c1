"""What `acclimate export --web` asks for: a page that runs an artefact in a browser."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from ...framework.commands.numbers import add_integer, add_seed


def add_web_options(parser: ArgumentParser) -> None:
    """Let the user ask for a page; `write_page` writes it."""
    add = parser.add_argument
    add("--web", type=Path, metavar="DIR", help="write a page that runs the artefact in browsers into this folder")
    add("--samples", type=str, metavar="TABLE", help="table or built-in data set of which the page shows some rows")
    add("--domain", type=str, help="their domain, or several as A+B; default: all")
    add("--split", type=str, default="test", help="their split")
    add_integer(parser, "--rows", default=6, help="how many of them")
    add_seed(parser, help="of a built-in data set's split")
    add(
        "--onnxruntime-web",
        type=str,
        metavar="WHAT",
        help="the npm package onnxruntime-web: a version that npm shall fetch, or where there is no npm its tarball or "
        "unpacked folder; default: the version that the page is tested with",
    )


def write_page(options: Any, artefact: Path) -> None:  # noqa: ANN401 - argparse's namespace
    """Write the page and say how to see it.

    Raises:
        AcclimateError: if an option does not fit, or the page cannot be written.
    """
    from ..web import export_web

    table = None
    if options.samples is not None:
        from ...framework.data import open_table

        domains = None if options.domain is None else tuple(options.domain.split("+"))
        table = open_table(options.samples, seed=options.seed).select(domains, options.split)
    report = export_web(
        artefact, options.web, samples=table, rows=options.rows, onnxruntime_web=options.onnxruntime_web
    )
    print(
        f"{report.folder}: {report.size / 1e6:.2f} MB with onnxruntime-web {report.runtime_version} and "
        f"{report.samples} samples; to see it: python3 -m http.server -d {report.folder}"
    )
