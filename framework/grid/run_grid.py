"""Run a grid: its cells by an executor, then the tables."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from ..files.whole_file import write_whole
from .cell import Cell
from .cell_file import CELL_FILE
from .display import GridDisplay
from .executor import Executor, Outcome
from .plan import read_grid
from .report import make_report
from .results import read_cells, write_parquet
from .run_cell import is_finished


def run_cells(cells: Sequence[Cell], out: Path, executor: Executor, display: GridDisplay) -> list[Outcome]:
    """Run the cells that are not there yet.

    Args:
        cells: all of them.
        out: folder of the grid.
        executor: where they run.
        display: shows progress.

    Returns:
        Those that failed; the others went on.

    Raises:
        RunError: before anything runs, if a cell is there with other settings.
    """
    missing = [cell for cell in cells if not is_finished(cell, out)]
    for cell in missing:
        executor.submit(cell, out)
    failed = []
    with display.running(len(cells), len(cells) - len(missing)), closing(executor.outcomes()) as outcomes:
        for ended in outcomes:
            outcome = _with_its_file(ended, out)
            display.ended(outcome)
            if outcome.error is not None:
                failed.append(outcome)
    return failed


def write_results(out: Path, recipes: Sequence[str] = ()) -> None:
    """Write the tables of all finished cells of a folder: results.md, and Parquet files.

    Args:
        out: folder of the grid.
        recipes: their order in the tables; others follow.

    Raises:
        RunError: if a cell is damaged.
    """
    cells = read_cells(out)
    write_parquet(out, cells)
    write_whole(out / "results.md", make_report(cells, read_grid(out)["commands"], recipes))


def _with_its_file(outcome: Outcome, out: Path) -> Outcome:
    """A process may say that all is well and leave nothing: code of the user's own can end it."""
    if outcome.error is None and not (out / outcome.cell.folder / CELL_FILE).is_file():
        return Outcome(outcome.cell, f"its process ended, but left no {CELL_FILE}")
    return outcome
