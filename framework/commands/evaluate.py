"""acclimate evaluate: score a run or an artefact, with every subset of its modalities."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from ..errors import AcclimateError
from .corruption_options import add_corruption_options
from .evaluate_severities import report_severities
from .options import add_skip_option, count_skipped, make_parser

if TYPE_CHECKING:
    from ..data import Samples, Schema
    from ..prediction import Predictor


def main(arguments: list[str]) -> None:
    """Run the command."""
    parser = make_parser(
        "evaluate",
        "Score a run (in torch) or an artefact (in ONNX Runtime) on labelled rows: per modality, fused, and with every "
        "subset of modalities; or, with --corrupt or --preset, fused and corrupted more and more. On a target, these "
        "scores are oracle: choose nothing by them.",
    )
    add = parser.add_argument
    add("model", type=Path, help="run folder, or folder of an artefact")
    add("--data", type=str, required=True, help="table of files, or name of a built-in data set")
    add("--domain", type=str, help="domain, or several as A+B; default: all")
    add("--split", type=str, default="test", help="split")
    add("--seed", type=int, default=0, help="of a built-in data set's split (a run's own must be given) and of noise")
    add("--checkpoint", type=str, default="best", help="best or last, of a run")
    add("--provider", type=str, default="cpu", help="execution provider of an artefact: cpu, cuda or tensorrt")
    add("--json", type=Path, help="file to write all scores into, and the rows that were left out")
    add_skip_option(parser)
    add_corruption_options(parser)
    add("--baseline", type=Path, help="run or artefact to compare robustness with, such as RUN/source-only")
    options = parser.parse_args(arguments)

    from ..data import Samples, find_misfits, leave_out, open_table

    corrupted = bool(options.corrupt) or options.preset is not None
    if not corrupted and (options.baseline, options.modalities) != (None, None):
        raise AcclimateError("--baseline and --modalities belong to --corrupt or --preset, but neither is given")
    runtime, predict, schema = _open(options.model, options.checkpoint, options.provider)
    domains = None if options.domain is None else tuple(options.domain.split("+"))
    rows = open_table(options.data, seed=options.seed).select(domains, options.split)
    skipped = tuple(find_misfits(rows, schema)) if options.skip_bad else ()
    rows = leave_out(rows, skipped, labelled=False)
    where = f"{options.data}, {options.domain or 'all domains'}, {options.split}"
    if skipped:
        print(*skipped, count_skipped(skipped), sep="\n")
    if corrupted:
        models = {"model": (runtime, predict, schema)}
        if options.baseline is not None:
            models["baseline"] = _open(options.baseline, options.checkpoint, options.provider)
        found = report_severities(options, models, rows, where)
    else:
        found = _report_subsets(runtime, predict, Samples(rows, schema, labelled=True), where)
    if options.json is not None:
        content = {"runtime": runtime, **found, "skipped": [attrs.asdict(problem) for problem in skipped]}
        options.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _report_subsets(runtime: str, predict: "Predictor", samples: "Samples", where: str) -> dict[str, Any]:
    """Print the scores of each task per modality, fused, and with every subset of modalities."""
    from rich.console import Console

    from ..evaluation import drop_table, evaluate
    from ..evaluation_tables import drop_tables, scores_table
    from ..layout import JOINT

    scores, drop = evaluate(predict, samples), drop_table(predict, samples)
    console = Console()
    for task in samples.schema.tasks:
        console.print(scores_table(scores, task.name, title=f"{task.name}: {where}"))
        measure = scores.tasks[task.name][JOINT].main_name
        title = f"{task.name}: {measure} with the modalities that are left"
        console.print(drop_tables({runtime: drop}, task.name, title=title))
    return {"scores": scores.to_json(), "drop": drop.to_json()}


def _open(path: Path, checkpoint: str, provider: str) -> tuple[str, "Predictor", "Schema"]:
    """A run's model in torch, or an artefact in ONNX Runtime."""
    if (path / "config.yaml").is_file():
        from ..experiment import load_run
        from ..torch_predictor import TorchPredictor

        method, schema, _ = load_run(path, checkpoint)
        return "torch", TorchPredictor(method.model), schema
    if path.suffix == ".onnx" or (path / "model.onnx").is_file():
        from ...exporters import Session, SessionPredictor

        session = Session(path, provider=provider)
        return "onnx", SessionPredictor(session), session.schema
    raise AcclimateError(f"{path} is neither a run (config.yaml) nor an artefact (model.onnx)")
