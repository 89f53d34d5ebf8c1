"""acclimate adapt: train a recipe on a table and adapt it to a target."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import AcclimateError, WriteError
from ..recipes.selection import OF_EVERY_RUN
from ..standard_streams import OUTPUT
from .decoding_option import add_decoding_option
from .numbers import MAX_PROCESSES, add_integer
from .options import (
    add_cache_options,
    add_run_options,
    add_skip_option,
    add_task_option,
    check_run_folder,
    choose_domains,
    count_skipped,
    make_parser,
    open_prepared_cache,
    open_trunk_cache,
    read_kinds,
    read_run_options,
    read_settings,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..experiments.comparison import ComparedRun
    from ..layout import Task


def main(arguments: list[str]) -> None:
    """Run the command."""
    parser = make_parser(
        "adapt", "Train a recipe on a table of files and adapt it to a target domain, without its labels."
    )
    add = parser.add_argument
    add("recipe", type=str, help="name of a recipe of acclimate, or a YAML file, which is code")
    add(
        "--data", type=str, required=True, help="table of files (.csv, .parquet, .jsonl) or name of a built-in data set"
    )
    add("--source", type=str, help="labelled domain, or several as A+B; built-in data sets have a default")
    add("--target", type=str, help="domain to adapt to; built-in data sets have a default")
    add("--out", type=Path, required=True, help="run folder")
    add_run_options(parser)
    add("--set", type=str, action="append", default=[], metavar="KEY=VALUE", help="override a value of the recipe")
    add(
        "--reference",
        type=str,
        default="train",
        help="source-only run to compare with; 'train' trains one, 'none' none",
    )
    add(
        "--maps",
        choices=("none", "auto"),
        default="none",
        help="auto: before training, search without labels, by a source-only model, which maps of the inputs (turned "
        "and mirrored devices, light and mirror images, gain and band of sound) suit the target, and keep them",
    )
    add("--initial", type=Path, help="run folder of a source model to start from")
    add_integer(parser, "--workers", least=0, most=MAX_PROCESSES, default=0, help="processes that read samples ahead")
    add_skip_option(parser)
    add_cache_options(parser)
    add_task_option(parser)
    add("--oracle", action="store_true", help="report in metrics.jsonl, and nowhere else, what the target's labels say")
    add_decoding_option(parser)
    options = parser.parse_args(arguments)
    check_run_folder(options.out, resume=options.resume)

    from ..data import open_table
    from ..experiments.comparison import Reference, adapt_table
    from ..experiments.experiment import Experiment
    from ..recipes.recipe_files import read_recipe
    from ..training.oracle import check_labels, open_oracle

    recipe = read_recipe(options.recipe, read_settings(options.set))
    table = open_table(options.data, seed=options.seed).with_kinds(read_kinds(options.task))
    table = table.with_prepared(open_prepared_cache(options.cache_trunks, options.cache_size))
    source, target = choose_domains(options.data, options.source, options.target, table.domains)
    experiment = Experiment(
        recipe,
        table,
        source,
        target,
        workers=options.workers,
        name=options.data,
    )
    oracle = None
    if options.oracle:
        if target is None:
            raise AcclimateError("--oracle reports on a target's labels, but there is no target")
        check_labels(table, target, "test")
        oracle = partial(open_oracle, table, source, target, batch_size=recipe.training.batch_size)
    references: dict[str, Reference] = {"train": "train", "none": None}
    try:
        comparison = adapt_table(
            experiment,
            options.out,
            read_run_options(options, recipe.training.precision, oracle),
            reference=references.get(options.reference, Path(options.reference)),
            initial=options.initial,
            skip_bad=options.skip_bad,
            trunk_cache=open_trunk_cache(options.cache_trunks, options.cache_size),
            maps="auto" if options.maps == "auto" else None,
        )
        print(report(comparison, options.out), flush=True)
    except WriteError as error:
        if error.filename != OUTPUT:
            raise
        raise WriteError(error, OUTPUT, "--resume") from error


def report(comparison: "ComparedRun", out: Path) -> str:
    """What a run says at its end."""
    best = comparison.adapted.best
    where = out / "checkpoints" / "best.safetensors"
    score = describe_source_score(best.source_score, comparison.schema.tasks)
    lines = [] if comparison.maps is None else [f"input maps: {line}" for line in comparison.maps.describe()]
    lines += [f"best checkpoint: epoch {best.epoch + 1}, {score} ({where})"]
    for name, value in best.target.items():
        before = comparison.reference.get(name)
        lines.append(f"target {name}: {value:.3f}" + ("" if before is None else f" (source-only {before:.3f})"))
    if comparison.skipped:
        lines.append(f"{count_skipped(comparison.skipped)} ({out / 'skipped.json'})")
    lines += [f"estimated gain over source-only on {gain.task}: {gain}" for gain in comparison.gains]
    lines += [f"WARNING: possible negative transfer: {reason}" for reason in comparison.harm]
    # Where the consensus was asked, it stands for the scores of every run, which warn too seldom, or too often.
    told = OF_EVERY_RUN if comparison.gains else ()
    below = {name: values for name, values in comparison.falls_below.items() if name not in told}
    if below:
        worse = ", ".join(f"{name} {now:.3f} < {before:.3f}" for name, (before, now) in below.items())
        lines.append(f"WARNING: possible negative transfer: below source-only on the target in {worse}")
    if all(task.is_regression for task in comparison.schema.tasks):
        lines.append("whether a target got worse is not checked: no score without labels is known for a regression")
    return "\n".join(lines)


def describe_source_score(score: float, tasks: "Sequence[Task]") -> str:
    """What `Record.source_score` is for these tasks, with its value."""
    if not any(task.is_regression for task in tasks):
        return f"source accuracy {score:.3f}"
    if all(task.is_regression for task in tasks):
        return f"source mean absolute error {-score:.3f}"
    return f"source score {score:.3f} (mean of accuracies and of errors with a minus)"
