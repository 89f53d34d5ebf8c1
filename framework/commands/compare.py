"""acclimate compare: every recipe on every shift with every seed, and tables of what came out."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..errors import AcclimateError
from ..files.printable_text import printable_line
from .decoding_option import add_decoding_option
from .executor_options import add_executor_options, drop_prepared, make_executor, place_prepared
from .numbers import add_integer
from .options import (
    add_cache_options,
    add_skip_option,
    add_task_option,
    choose_domains,
    make_parser,
    open_trunk_cache,
    read_kinds,
    read_settings,
)

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from ..grid.cell import Shift
    from ..grid.executor import Outcome
    from ..grid.plan import Grid
    from ..grid.search import Search


MAX_RUNS: Final = 100_000
"""Of a recipe on a shift, at most."""


def main(arguments: list[str]) -> None:
    """Run the command; cells that fail make it fail, after all others have run."""
    parser = make_parser(
        "compare",
        "Train every recipe on every shift with every seed, and compare the results with source-only. Called again, "
        "it goes on with what is there; with further recipes, shifts, data sets or seeds, it adds them.",
    )
    _add_options(parser)
    add_decoding_option(parser)
    options = parser.parse_args(arguments)

    from ..files.folder_lock import lock_folder
    from ..files.folders import check_folder
    from ..grid.plan import check_grid_folder

    # Whether the folder can be had is known before any data are read.
    check_grid_folder(options.out)
    check_folder(options.out)
    with lock_folder(options.out):
        failed = _run(options, shlex.join(["acclimate", "compare", *arguments]))
    print(f"{options.out / 'results.md'} holds the tables, results.parquet all numbers")
    _report(failed)


def _run(options: Any, command: str) -> "list[Outcome]":  # noqa: ANN401 - argparse's namespace
    """Run what is missing and write the tables; returns what failed."""
    try:
        return _run_grid(options, command, _make_grid(options))
    finally:
        drop_prepared(options.out)


def _run_grid(options: Any, command: str, grid: "Grid") -> "list[Outcome]":  # noqa: ANN401
    from ..grid.display import GridDisplay
    from ..grid.run_grid import run_cells, write_results
    from ..grid.run_search import run_search

    search = None if options.search is None else _read_search(options, grid)
    if search is None:
        notes = grid.check()
    else:
        trials = (trial.recipe for recipe in grid.recipes for trial in search.draw(recipe))
        notes = grid.check(trials, () if search.shift is None else (search.shift,))
    for note in notes:
        print(f"note: {printable_line(note)}")
    executor, display = make_executor(options), GridDisplay()
    if options.validators is not None:
        from ..experiments.run_scores import make_scores

        make_scores(options.validators.split(","))
    grid = grid.claim(options.out, command)
    try:
        tuned = None if search is None else run_search(grid, search, options.out, executor, display)
        failed = run_cells(list(grid.cells(tuned)), options.out, executor, display)
    except KeyboardInterrupt:
        raise AcclimateError("interrupted; the same command goes on with what is there") from None
    write_results(options.out, [recipe.name for recipe in grid.recipes])
    if options.validators is not None:
        from ..grid.validation import write_validation

        print(write_validation(list(grid.cells(tuned)), options.out, options.validators.split(",")))
        print(f"{options.out / 'validators.txt'} holds the scores without labels of each shift and seed")
    return failed


def _add_options(parser: "ArgumentParser") -> None:
    add = parser.add_argument
    add(
        "--recipes",
        type=str,
        required=True,
        help="names or YAML files, which are code, with commas between; supervised-target is the upper bound: it alone "
        "trains on the target's labels",
    )
    add("--data", type=str, required=True, help="built-in data set, or a table whose test rows all have labels")
    add(
        "--shift",
        type=str,
        action="append",
        default=[],
        metavar="SRC:TGT",
        help="domains, SRC may be A+B; may be given several times; built-in data sets have a default, and `paper` "
        "means all that the papers report on them",
    )
    add_integer(parser, "--seeds", most=MAX_RUNS, default=5, help="so many: 0, 1, ...")
    add("--out", type=Path, required=True, help="folder of the grid")
    add(
        "--set",
        type=str,
        action="append",
        default=[],
        metavar="[RECIPE:]KEY=VALUE",
        help="override a value of all recipes, or of one of --recipes",
    )
    add(
        "--validators",
        type=str,
        metavar="NAMES",
        help="score finished runs without labels, too: names of scores or import paths, with commas between, or all; "
        "validators.txt says what each was worth",
    )
    add("--search", type=Path, help="YAML file: by recipe, a list of values to try for each key")
    add_integer(
        parser,
        "--trials",
        most=MAX_RUNS,
        default=8,
        help="of the search, for every recipe; the first is the recipe as printed",
    )
    add(
        "--search-shift",
        type=str,
        metavar="SRC:TGT",
        help="search on this shift alone, and use what is found on all; default: search on each for itself",
    )
    add_integer(parser, "--search-seed", least=0, default=0, help="of the draw, and of the trials' runs")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where to train")
    add_cache_options(parser)
    add_task_option(parser)
    add_skip_option(parser)
    add_executor_options(parser, "cell")


def _make_grid(options: Any) -> "Grid":  # noqa: ANN401
    from ..grid.plan import Grid, read_recipes

    settings = read_settings(options.set)
    cache = open_trunk_cache(options.cache_trunks, options.cache_size)
    return Grid(
        options.data,
        choose_shifts(options.data, options.shift),
        read_recipes(tuple(options.recipes.split(",")), settings),
        tuple(range(options.seeds)),
        settings,
        options.device,
        None if cache is None else (str(cache.folder.absolute()), cache.max_bytes),
        read_kinds(options.task),
        options.skip_bad,
        prepared_cache=place_prepared(options),
    )


def choose_shifts(data: str, shifts: Sequence[str]) -> tuple["Shift", ...]:
    """The shifts that were asked for, or the default of a built-in data set.

    Args:
        data: table, or name of a built-in data set.
        shifts: `SRC:TGT` each, or `paper` for all that the papers report on a built-in data set.

    Raises:
        AcclimateError: if one is of another form, or there is none and no default.

    Example:
        >>> [str(shift) for shift in choose_shifts("ucf-hmdb", ["paper"])]
        ['ucf:hmdb', 'hmdb:ucf']
    """
    from ..grid.cell import Shift

    if shifts:
        return tuple(dict.fromkeys(shift for text in shifts for shift in _read_shifts(data, text)))
    source, target = choose_domains(data, None, None) if not Path(data).suffix else ((), None)
    if target is None:
        raise AcclimateError("--shift must name domains of the table, such as --shift A:B, but is missing")
    return (Shift(source, target),)


def _read_shifts(data: str, text: str) -> tuple["Shift", ...]:
    from ..data import paper_shifts
    from ..data.domain_names import read_domains
    from ..grid.cell import Shift

    if text == "paper":
        return tuple(Shift(read_domains(source), target) for source, target in paper_shifts(data))
    return (Shift.parse(text),)


def _read_search(options: Any, grid: "Grid") -> "Search":  # noqa: ANN401
    from ..grid.cell import Shift
    from ..grid.search import read_search

    search = read_search(
        options.search,
        options.trials,
        options.search_seed,
        None if options.search_shift is None else Shift.parse(options.search_shift),
    )
    if search.run_seed in grid.seeds:
        raise AcclimateError(
            f"--seeds must be at most {search.run_seed}, which is the trials' seed: got {options.seeds}"
        )
    return search


def _report(failed: Sequence["Outcome"]) -> None:
    for outcome in failed:
        print(f"FAILED {outcome.cell.title}: {outcome.error}")
    if failed:
        first = failed[0]
        raise AcclimateError(
            f"{len(failed)} cell(s) failed, which the same command tries again; the first is {first.cell.title}: "
            f"{first.error}"
        )
