"""What a grid shows while it runs: a bar in a terminal, and a line a cell elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from .executor import Outcome


class GridDisplay:
    """Progress over the whole grid.

    Args:
        console: where to show it; None means standard output.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()
        self._bar: Progress | None = None
        self._ended = 0
        self._cells = 0
        self._started = 0.0

    @contextmanager
    def running(self, cells: int, finished: int) -> Iterator[None]:
        """Around a grid of so many cells, some of which are there already."""
        self._cells, self._ended, self._started = cells, finished, time.monotonic()
        self._say(f"{cells} cells, {finished} of them there already")
        if not self._console.is_terminal:
            yield
            return
        columns = (TextColumn("cells"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"))
        with Progress(*columns, TimeRemainingColumn(), console=self._console) as self._bar:
            self._bar.add_task("cells", total=cells, completed=finished)
            yield

    def ended(self, outcome: Outcome) -> None:
        """After each cell."""
        self._ended += 1
        seconds = time.monotonic() - self._started
        how = "done" if outcome.error is None else f"FAILED: {outcome.error}"
        self._say(f"[{self._ended}/{self._cells}, {seconds:.0f} s] {outcome.cell.title}: {how}")
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=self._ended)

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)
