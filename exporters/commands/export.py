"""acclimate export: write a run as an ONNX artefact, or an artefact as what serves it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...framework.commands.decoding_option import add_decoding_option
from ...framework.commands.options import make_parser
from ...framework.errors import AcclimateError
from ...framework.files.folders import check_folder
from .export_mean import add_mean_options, check_mean, load_mean
from .export_precision import add_precision_options, print_precision, read_evidence
from .export_triton import add_triton_options, check_models, write_models
from .export_web import add_web_options, write_page

if TYPE_CHECKING:
    from ...framework.data import Schema
    from ...framework.model import MultimodalModel


def main(arguments: list[str]) -> None:
    """Run the command."""
    parser = make_parser(
        "export",
        "Write a run as an ONNX artefact, and check it against torch. What comes beside it, such as a page for "
        "browsers, is also written from an artefact that is there, without torch.",
    )
    add = parser.add_argument
    add("run", type=Path, help="run folder, or folder of an artefact")
    add("--out", type=Path, help="folder of the artefact; default: RUN/artefact")
    add("--checkpoint", choices=("best", "last"), default="best", help="which weights")
    add(
        "--form",
        choices=("mask", "branch", "split"),
        default="branch",
        help="what becomes of encoders whose modality is absent: they run all the same (mask), are left out in one "
        "graph (branch), or are files of their own (split)",
    )
    add_mean_options(parser)
    add_precision_options(parser)
    add_web_options(parser)
    add_triton_options(parser)
    add_decoding_option(parser)
    options = parser.parse_args(arguments)
    check_mean(options)
    for folder in filter(None, (options.out, options.web, options.triton)):
        check_folder(folder)
    is_there = _is_artefact(options.run) and not options.mean_with
    artefact = options.run if is_there else options.out or options.run / "artefact"
    if options.triton is not None:
        check_models(options, artefact)
    if artefact != options.run:
        _export_run(options, artefact)
    if options.web is not None:
        write_page(options, artefact)
    if options.triton is not None:
        write_models(options, artefact)
    if artefact == options.run and options.web is None and options.triton is None:
        raise AcclimateError(f"{artefact} is an artefact already: give a run, --web DIR or --triton DIR")


def _is_artefact(path: Path) -> bool:
    from ..artefact_folder import model_path

    return model_path(path).is_file() and not (path / "config.yaml").is_file()


def _load(options: Any) -> tuple["MultimodalModel", "Schema", str, dict[str, Any]]:  # noqa: ANN401 - as below
    """The model of a run, its schema, the name of its method, and no metadata."""
    from ...framework.experiments.saved_method import load_run

    method, schema, recipe = load_run(options.run, options.checkpoint)
    return method.model, schema, recipe.name, {}


def _export_run(options: Any, out: Path) -> None:  # noqa: ANN401 - argparse's namespace
    """Write the artefact and say how well it agrees with torch."""
    from .. import export_onnx

    model, schema, recipe, metadata = load_mean(options) if options.mean_with else _load(options)
    evidence = read_evidence(options, schema)
    report = export_onnx(model, out, schema, form=options.form, recipe=recipe, metadata=metadata, **evidence)
    print(
        f"{report.path}: {report.size / 1e6:.2f} MB; ONNX Runtime agrees with torch to {report.max_abs:.1e} "
        f"on {report.samples} samples over every subset of modalities{', in float32' if report.precision else ''}"
    )
    if report.precision is not None:
        print_precision(report.precision, schema)
    for precision, reason in report.refused.items():
        print(f"not {precision}: {reason}")
