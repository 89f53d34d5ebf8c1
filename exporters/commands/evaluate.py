"""acclimate evaluate: score a run or an artefact, with every subset of its modalities."""

import json
from pathlib import Path
from typing import Any

import attrs

from ...framework.commands.corruption_options import add_corruption_options
from ...framework.commands.decoding_option import add_decoding_option
from ...framework.commands.model_files import model_files
from ...framework.commands.numbers import MAX_PROCESSES, add_integer, add_seed
from ...framework.commands.options import add_skip_option, count_skipped, make_parser
from ...framework.errors import AcclimateError
from ...framework.files.outputs import check_output, check_suffix, is_same_file
from ...framework.files.printable_text import printable_line
from ...framework.files.whole_file import write_whole
from .evaluate_severities import report_severities
from .evaluate_subsets import add_subset_options, report_subsets
from .evaluated_model import open_model


def main(arguments: list[str]) -> None:
    """Run the command."""
    parser = make_parser(
        "evaluate",
        "Score a run (in torch) or an artefact (in ONNX Runtime, without torch) on labelled rows: per modality, fused, "
        "and with every subset of modalities, with intervals and times; or, with --corrupt or --preset, fused and "
        "corrupted more and more. Rows of classes that the model does not know are left out and counted. On a target, "
        "these scores are oracle: choose nothing by them.",
    )
    add = parser.add_argument
    add("model", type=Path, help="run folder, or folder of an artefact")
    add("--data", type=str, required=True, help="table of files, or name of a built-in data set")
    add("--domain", type=str, help="domain, or several as A+B; default: all")
    add("--split", type=str, default="test", help="split")
    add_seed(parser, help="of a built-in data set's split (a run's own must be given), noise and intervals")
    add("--checkpoint", choices=("best", "last"), help="which weights of a run; default: best")
    add(
        "--provider",
        type=str,
        default="cpu",
        help="what runs an artefact: cpu, cuda, tensorrt, openvino, auto (the fastest)",
    )
    add_integer(
        parser,
        "--threads",
        most=MAX_PROCESSES,
        help="that compute together on the CPU; default: what the runtime chooses",
    )
    add_integer(parser, "--batch-size", default=64, help="rows at once, for scores and for samples per second")
    add("--json", type=Path, help="file to write all scores into, and the rows that were left out")
    add_subset_options(parser)
    add_skip_option(parser)
    add_corruption_options(parser)
    add("--baseline", type=Path, help="run or artefact to compare robustness with, such as RUN/source-only")
    add_decoding_option(parser)
    options = parser.parse_args(arguments)

    from ...framework.data import Samples, find_misfits, keep_known, leave_out, open_table
    from ...framework.data.domain_names import read_domains

    corrupted = bool(options.corrupt) or options.preset is not None
    _check(options, corrupted=corrupted)
    checkpoint = options.checkpoint or "best"
    model = open_model(options.model, checkpoint, options.provider, options.threads)
    table = open_table(options.data, seed=options.seed)
    domains = None if options.domain is None else read_domains(options.domain, table.domains)
    rows = table.select(domains, options.split)
    skipped = tuple(find_misfits(rows, model.schema)) if options.skip_bad else ()
    rows, left_out = keep_known(leave_out(rows, skipped, labelled=False), model.schema.tasks)
    where = f"{options.data}, {options.domain or 'all domains'}, {options.split}"
    if skipped:
        print(*map(printable_line, map(str, skipped)), count_skipped(skipped), sep="\n")
    if left_out:
        print(left_out)
        where += f", without {left_out.rows} of {left_out.of} rows of unknown classes"
    if corrupted:
        models = {"model": model}
        if options.baseline is not None:
            models["baseline"] = open_model(options.baseline, checkpoint, options.provider, options.threads)
        found = report_severities(options, models, rows, where)
    else:
        found = report_subsets(options, model, Samples(rows, model.schema, labelled=True), where)
    if options.json is not None:
        content = {
            "runtime": model.runtime,
            **found,
            "left_out": left_out.to_json(),
            "skipped": [attrs.asdict(problem) for problem in skipped],
        }
        write_whole(options.json, json.dumps(content, indent=2) + "\n")


def _check(options: Any, *, corrupted: bool) -> None:  # noqa: ANN401
    """Refuse before any work is done what would fail after it."""
    if not corrupted and (options.baseline, options.modalities) != (None, None):
        raise AcclimateError("--baseline and --modalities belong to --corrupt or --preset, but neither is given")
    if corrupted and options.picture is not None:
        raise AcclimateError("--picture shows subsets of modalities, so it does not go with --corrupt or --preset")
    if options.checkpoint is not None and not any(map(_is_run, filter(None, (options.model, options.baseline)))):
        raise AcclimateError(f"--checkpoint chooses weights of a run, but {options.model} is none")
    read = [
        options.data,
        *model_files(options.model),
        *([] if options.baseline is None else model_files(options.baseline)),
    ]
    for name, kind, suffix in (("json", "a JSON file", ".json"), ("picture", "an SVG", ".svg")):
        file = getattr(options, name)
        if file is not None:
            check_output(file, read, f"--{name}")
            check_suffix(file, f"--{name}", kind, [suffix])
    if options.json is not None and options.picture is not None and is_same_file(options.json, options.picture):
        raise AcclimateError(f"--json and --picture must be two files, but both are {options.json}")


def _is_run(path: Path) -> bool:
    return (path / "config.yaml").is_file()
