"""acclimate export: write a run as an ONNX artefact."""

from pathlib import Path
from typing import Literal

from .options import make_parser


def main(arguments: list[str]) -> None:
    """Run the command."""
    parser = make_parser("export", "Write a run as an ONNX artefact, and check it against torch.")
    add = parser.add_argument
    add("run", type=Path, help="run folder")
    add("--out", type=Path, help="folder of the artefact; default: RUN/artefact")
    add("--checkpoint", type=Literal["best", "last"], default="best", help="which weights")
    add(
        "--form",
        type=Literal["mask", "branch", "split"],
        default="branch",
        help="what becomes of encoders whose modality is absent: they run all the same (mask), are left out in one "
        "graph (branch), or are files of their own (split)",
    )
    options = parser.parse_args(arguments)

    from ...exporters import export_onnx
    from ..experiment import load_run

    method, schema, recipe = load_run(options.run, options.checkpoint)
    out = options.out or options.run / "artefact"
    report = export_onnx(method.model, out, schema, form=options.form, recipe=recipe.name)
    print(
        f"{report.path}: {report.size / 1e6:.2f} MB; ONNX Runtime agrees with torch to {report.max_abs:.1e} "
        f"on {report.samples} samples over every subset of modalities"
    )
