"""acclimate compare: every recipe on every shift with every seed, and tables of what came out."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..errors import AcclimateError
from .options import choose_domains, make_parser, read_settings

if TYPE_CHECKING:
    from ..grid.cell import Shift
    from ..grid.executor import Outcome


def main(arguments: list[str]) -> None:
    """Run the command; cells that fail make it fail, after all others have run."""
    parser = make_parser(
        "compare",
        "Train every recipe on every shift with every seed, and compare the results with source-only. Called again, "
        "it goes on with what is there; with further recipes, shifts, data sets or seeds, it adds them.",
    )
    add = parser.add_argument
    add(
        "--recipes",
        type=str,
        required=True,
        help="names or YAML files, with commas between; supervised-target is the "
        "upper bound: it alone trains on the target's labels",
    )
    add("--data", type=str, required=True, help="built-in data set, or a table whose test rows all have labels")
    add(
        "--shift",
        type=str,
        action="append",
        default=[],
        metavar="SRC:TGT",
        help="domains, SRC may be A+B; may be given several times; built-in data sets have a default",
    )
    add("--seeds", type=int, default=5, help="so many: 0, 1, ...")
    add("--out", type=Path, required=True, help="folder of the grid")
    add("--set", type=str, action="append", default=[], metavar="KEY=VALUE", help="override a value of all recipes")
    add("--processes", type=int, default=1, help="cells that run beside each other")
    add("--threads", type=int, default=1, help="of each cell")
    add("--device", type=Literal["auto", "cpu", "cuda"], default="auto", help="where to train")
    options = parser.parse_args(arguments)
    for name in ("seeds", "processes", "threads"):
        if getattr(options, name) < 1:
            raise AcclimateError(f"--{name} must be at least 1, but got {getattr(options, name)}")

    from ..grid.display import GridDisplay
    from ..grid.executor import LocalProcesses
    from ..grid.plan import Grid, read_recipes
    from ..grid.run_grid import run_cells, write_results

    settings = read_settings(options.set)
    recipes = read_recipes(tuple(options.recipes.split(",")), settings)
    grid = Grid(
        options.data,
        _choose_shifts(options.data, options.shift),
        recipes,
        tuple(range(options.seeds)),
        settings,
        options.device,
    )
    grid.check()
    grid.claim(options.out, shlex.join(["acclimate", "compare", *arguments]))
    executor = LocalProcesses(options.processes, options.threads)
    try:
        failed = run_cells(list(grid.cells()), options.out, executor, GridDisplay())
    except KeyboardInterrupt:
        raise AcclimateError("interrupted; the same command goes on with what is there") from None
    write_results(options.out, [recipe.name for recipe in recipes])
    print(f"{options.out / 'results.md'} holds the tables, results.parquet all numbers")
    _report(failed)


def _choose_shifts(data: str, shifts: Sequence[str]) -> tuple["Shift", ...]:
    from ..grid.cell import Shift

    if shifts:
        return tuple(dict.fromkeys(map(Shift.parse, shifts)))
    source, target = choose_domains(data, None, None) if not Path(data).suffix else ((), None)
    if target is None:
        raise AcclimateError("--shift must name domains of the table, such as --shift A:B, but is missing")
    return (Shift(source, target),)


def _report(failed: Sequence["Outcome"]) -> None:
    for outcome in failed:
        print(f"FAILED {outcome.cell.title}: {outcome.error}")
    if failed:
        first = failed[0]
        raise AcclimateError(
            f"{len(failed)} cell(s) failed, which the same command tries again; the first is {first.cell.title}: "
            f"{first.error}"
        )
