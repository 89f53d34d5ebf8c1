"""acclimate zoo publish: make a checkpoint of a finished run, and put it into a mirror."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...framework.commands.options import make_parser
from ...framework.errors import AcclimateError, RecipeError
from ...framework.files.folders import check_folder

if TYPE_CHECKING:
    from ...framework.report.finished_run import FinishedRun
    from ..runs.seeds import SeedCells


def main(arguments: list[str]) -> None:
    """Run the command."""
    parser = make_parser(
        "zoo publish",
        "Make a checkpoint of a finished run, of adapt or a cell of compare, and put it into a mirror: a folder with a "
        "registry.json. Its scores on the test splits are reports; with --grid and no run, the seed is chosen as the "
        "recipe chooses epochs, without target labels.",
    )
    add = parser.add_argument
    add("run", type=Path, nargs="?", help="run folder; default: the cell of --grid that is chosen")
    add("--to", type=Path, required=True, metavar="MIRROR", help="folder that holds a folder for each checkpoint")
    add("--name", type=str, help="of the checkpoint, as method.tag; default: the recipe's and the data's")
    add("--licence", type=str, required=True, help="of the weights, as an SPDX expression such as Apache-2.0")
    add("--data-licence", type=str, required=True, help="of the data, as an SPDX expression or in words")
    add("--grid", type=Path, metavar="DIR", help="finished grid of compare: its other seeds give mean and spread")
    add("--data", type=str, help="of the grid's cells; for a run: its table, where that is no longer where it was")
    add("--shift", type=str, metavar="SRC:TGT", help="of the grid's cells; may be left out where there is one")
    add("--recipe", type=str, help="of the grid's cells")
    add(
        "--again",
        type=Path,
        metavar="DIR",
        help="train the chosen cell again into this run folder, with what is installed here, and publish that",
    )
    add("--replace", action="store_true", help="take the place of another checkpoint of that name")
    add("--dry-run", action="store_true", help="say what would be published, and change nothing")
    add("--trust", type=str, action="append", default=[], metavar="PREFIX", help="classes of your own, as mypackage.")
    add("--registry", type=Path, metavar="FILE", help="default: registry.json in the mirror")
    add("--embedded", action="store_true", help="note that it travels in the package; for acclimate's own")
    options = parser.parse_args(arguments)
    if not options.dry_run:
        check_folder(options.to)
        if options.registry is not None:
            check_folder(options.registry.parent)

    from ...framework.recipes.class_paths import TRUSTED
    from ..publishing import publish
    from ..runs.from_run import make_checkpoint
    from ..runs.measuring import can_embed

    trusted = (*TRUSTED, *options.trust)
    run, cells = _choose(options)
    _check_trust(run, trusted)
    name = options.name or _default_name(run)
    if not can_embed():
        print("no picture of the features: it needs scikit-learn, pip install 'acclimate[report]'")
    adapted = make_checkpoint(
        run,
        name=name,
        licence=options.licence,
        data_licence=options.data_licence,
        data=_moved_table(options.data),
        cells=cells,
    )
    published = publish(
        adapted,
        options.to,
        registry=options.registry,
        embedded=options.embedded,
        replace=options.replace,
        dry_run=options.dry_run,
        trusted=trusted,
    )
    print(adapted.metrics.chosen_among)
    for task, found in published.entry.tasks.items():
        print(f"{task}: {found.measure} on the source {found.source}, on the target (oracle) {found.target}")
    how = "would be there" if options.dry_run else "is there" if published.changed else "was there already"
    print(f"{published.path}: {published.entry.size / 1e6:.2f} MB, {how}")


def _choose(options: Any) -> tuple["FinishedRun", "SeedCells | None"]:  # noqa: ANN401 - argparse's namespace
    """The run to publish, and its like in the grid."""
    from ...framework.grid.cell import Shift
    from ...framework.report.finished_run import read_run
    from ..runs.seeds import find_cells, find_cells_of

    if options.run is not None:
        for option in ("recipe", "shift", "again"):
            if getattr(options, option) is not None:
                raise AcclimateError(f"--{option} chooses a cell of a grid, so it does not go with a run")
        run = read_run(options.run)
        return run, None if options.grid is None else find_cells_of(run, options.grid)
    if options.grid is None or options.data is None or options.recipe is None:
        raise AcclimateError("give a run folder, or --grid DIR with --data and --recipe")
    shift = None if options.shift is None else Shift.parse(options.shift)
    cells = find_cells(options.grid, options.data, shift, options.recipe)
    run = read_run(cells.folders[cells.choose()] / "run")
    return (run if options.again is None else _train_again(run, cells, options)), cells


def _check_trust(run: "FinishedRun", trusted: Sequence[str]) -> None:
    """Before all else is measured: whoever loads the checkpoint must trust its classes too."""
    from ...framework.recipes.class_paths import check_trusted

    try:
        for key, spec in run.recipe.class_specs():
            check_trusted(spec, trusted, f"{run.recipe.name}: {key}")
    except RecipeError as error:
        raise AcclimateError(f"{error}; --trust PREFIX says that it is a class of yours") from error


def _train_again(run: "FinishedRun", cells: "SeedCells", options: Any) -> "FinishedRun":  # noqa: ANN401
    from ...framework.training.display import RichDisplay
    from ..runs.reproduction import find_differing_weights
    from ..runs.training import Training

    training = Training.of_run(run, _moved_table(options.data))
    again = training.run(options.again, threads=cells.threads[run.seed], display=RichDisplay())
    differing = find_differing_weights(run.path, again.path)
    told = "bit-equal to those" if not differing else f"others than those ({len(differing)}, such as {differing[0]})"
    print(f"{again.path}: the weights are {told} of {run.path}; mean and spread are of the grid")
    return again


def _moved_table(data: str | None) -> str | None:
    """A table's path; a built-in data set is found by its name."""
    from ...framework.data import builtin_names

    return None if data in builtin_names() else data


def _default_name(run: "FinishedRun") -> str:
    import re

    from ...framework.grid.cell import data_name

    parts = (re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-") for part in (run.recipe.name, data_name(run.table)))
    return ".".join(parts)
