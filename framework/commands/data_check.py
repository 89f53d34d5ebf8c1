"""acclimate data check: what a table holds, and every problem with its row."""

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import AcclimateError
from .decoding_option import add_decoding_option
from .numbers import add_seed
from .options import (
    add_skip_option,
    add_task_option,
    check_table_output,
    count_skipped,
    make_parser,
    read_kinds,
    read_settings,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..data import Problem, Table
    from ..data.labels import TaskKind
    from ..recipes.recipe import Recipe


def main(arguments: list[str]) -> None:
    """Run the command; problems make it fail after they are printed."""
    parser = make_parser(
        "data check",
        "Count a table by domain, split, class and modality; show what is inferred of each modality; note what may not "
        "be meant, and list every problem: what training or evaluation would refuse.",
    )
    parser.add_argument("table", type=str, help="table of files, or name of a built-in data set")
    parser.add_argument(
        "--source", type=str, help="domain that must have labels, or several as A+B: all is tried as `adapt` would"
    )
    parser.add_argument("--target", type=str, help="with --source: domain to adapt to; others are not looked at then")
    add_seed(parser, help="of the rows that `adapt` keeps for validation, and of built-in splits")
    parser.add_argument(
        "--recipe",
        type=str,
        help="name or YAML file: try the files with what it says of their preprocessing, as `adapt` would",
    )
    parser.add_argument(
        "--set",
        type=str,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override a value of the recipe, such as data.preprocessing.depth.kind=depth",
    )
    add_task_option(parser)
    add_skip_option(parser)
    parser.add_argument("--out", type=Path, help="with --skip-bad: file for a table of the rows that are left")
    add_decoding_option(parser)
    options = parser.parse_args(arguments)

    from ..data import check_data

    if options.out is not None and not options.skip_bad:
        raise AcclimateError("--out is the table without the bad rows, so it needs --skip-bad")
    if options.out is not None:
        check_table_output(options.out, options.table)
    if options.target is not None and options.source is None:
        raise AcclimateError("--target is what a --source is adapted to, so it needs one, such as --source A")
    kinds = read_kinds(options.task)
    recipe = _read_recipe(options.recipe, options.set)
    report = check_data(
        options.table,
        options.source,
        kinds,
        recipe.data.preprocessing,
        target=options.target,
        validation=recipe.training.validation,
        seed=options.seed,
    )
    print(report)
    of_rows = [problem for problem in report.problems if problem.line is not None]
    left = len(report.problems) - (len(of_rows) if options.skip_bad else 0)
    if left:
        what = "problem(s) that no row has alone" if options.skip_bad else "problem(s)"
        raise AcclimateError(f"{options.table} has {left} {what}, listed above")
    if options.skip_bad:
        _write_good_rows(_open(options.table, kinds, options.seed), of_rows, options.source, options.out)
        print(count_skipped(of_rows))


def _read_recipe(recipe: str | None, settings: "Sequence[str]") -> "Recipe":
    """The recipe that was asked for; where there is none, one that knows nothing of the data."""
    if recipe is None and settings:
        raise AcclimateError("--set changes a recipe, so it needs --recipe, such as --recipe source-only")
    from ..recipes.recipe_files import read_recipe

    return read_recipe(recipe or "source-only", read_settings(settings))


def _open(name: str, kinds: "Mapping[str, TaskKind]", seed: int) -> "Table":
    from ..data import builtin_names, open_table, scan_table

    table = open_table(name, seed=seed) if name in builtin_names() else scan_table(name)[0]
    return table.with_kinds(kinds)


def _write_good_rows(table: "Table", problems: "Sequence[Problem]", source: str | None, out: Path | None) -> None:
    """Make sure that enough rows are left, and write them where that is asked for."""
    from ..data import leave_out, name_unwritten, write_table
    from ..data.domain_names import read_domains
    from ..data.relocation import relocate

    if source is not None:
        leave_out(table.select(read_domains(source, table.domains)), problems, labelled=True)
    good = leave_out(table, problems, labelled=source is None)
    if out is not None:
        write_table(relocate(good, out.parent), out)
        for note in name_unwritten(good):
            print(f"{out}: {note}")
