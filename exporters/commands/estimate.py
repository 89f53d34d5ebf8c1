"""acclimate estimate: how good a run or an artefact is on rows without labels."""

import json
from pathlib import Path

from ...framework.commands.model_files import model_files
from ...framework.commands.numbers import MAX_PROCESSES, MAX_SEED, add_integer
from ...framework.commands.options import make_parser
from ...framework.errors import AcclimateError
from ...framework.estimation.estimate import ESTIMATE_FILE
from ...framework.estimation.sides import HELD_OUT
from ...framework.files.outputs import check_output, check_suffix
from ...framework.files.whole_file import write_whole


def main(arguments: list[str]) -> None:
    """Run the command."""
    parser = make_parser(
        "estimate",
        "Say how often a run or an artefact is probably right on rows of a target without labels, with every subset of "
        "its modalities. Other runs of the same rows are a consensus with it; labelled rows of the source tell what "
        "the consensus is worth. No label of the target is read.",
    )
    add = parser.add_argument
    add("model", type=Path, help="run folder, or folder of an artefact")
    add("--data", type=str, help="table of files, or name of a built-in data set; default: that of the run")
    add("--source", type=str, help="domain with labels, or several as A+B; default: that of the run")
    add("--target", type=str, help="domain to estimate on, or several as A+B; default: that of the run")
    add(
        "--among",
        type=Path,
        nargs="+",
        default=[],
        metavar="RUN",
        help="other runs or artefacts; the source-only run inside a run is always among them",
    )
    add("--split", type=str, default="train", help="of the target")
    add(
        "--source-split",
        type=str,
        default=HELD_OUT,
        help="of the source, which no model was trained on; held-out: validation rows of the run, and split test",
    )
    add_integer(
        parser,
        "--seed",
        least=0,
        most=MAX_SEED,
        help="of the run, of whose training rows validation rows are carved; default: that of the run",
    )
    add("--provider", type=str, default="cpu", help="what runs an artefact: cpu, cuda, tensorrt, openvino")
    add_integer(parser, "--threads", most=MAX_PROCESSES, help="that compute together on the CPU")
    add_integer(parser, "--batch-size", default=64, help="rows at once")
    add("--json", type=Path, help="file to write all estimates into, beside estimate.json in a run folder")
    options = parser.parse_args(arguments)
    beside = options.model / "source-only"
    known = [beside] if (beside / "config.yaml").is_file() and beside not in options.among else []
    models = [options.model, *known, *options.among]
    if options.json is not None:
        check_output(
            options.json, [options.data or "", *(file for path in models for file in model_files(path))], "--json"
        )
        check_suffix(options.json, "--json", "a JSON file", [".json"])

    from ...framework.estimation.describe import describe
    from ...framework.estimation.estimates import estimate
    from .estimated_models import find_sides, observe_models

    sides = find_sides(options, models)
    observed = observe_models(models, sides, options)
    model, *others = observed.values()
    among = dict(zip(list(observed)[1:], others, strict=True))
    tasks = [task for task in model.tasks if not task.is_regression]
    if not tasks:
        raise AcclimateError(f"{options.model} predicts numbers alone: estimates are of classes")
    found = [estimate(model, task, among) for task in tasks]
    print(*(describe(one, sides.where) for one in found), sep="\n\n")
    content = {"model": str(options.model), "where": sides.where, "tasks": [one.to_json() for one in found]}
    run = [options.model / ESTIMATE_FILE] if (options.model / "config.yaml").is_file() else []
    for file in [*run, *([] if options.json is None else [options.json])]:
        write_whole(file, json.dumps(content, indent=2) + "\n")
