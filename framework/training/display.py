"""What a run shows while it trains. The plain Display shows nothing."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from ..files.printable_text import printable_line

if TYPE_CHECKING:
    from .monitor import Record


class Display:
    """Is told what happens, and shows nothing. Subclass it to show something."""

    def note(self, message: str) -> None:
        """Before training: what may not be meant, and is done all the same."""

    @contextmanager
    def training(self, name: str, epochs: float) -> Iterator[None]:
        """Around the training of a recipe of so many epochs, whole or not."""
        yield

    def step(self, epochs: float, loss: Tensor) -> None:
        """After each step: epochs done, whole or not, and the loss."""

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Every few steps: values of all losses."""

    def epoch(self, record: "Record") -> None:
        """After each epoch: what was measured."""


class RichDisplay(Display):
    """A progress bar with losses and time left; TensorBoard's files on request.

    Args:
        tensorboard: folder for TensorBoard's event files; None writes none.
    """

    def __init__(self, tensorboard: Path | None = None) -> None:
        self._folder = tensorboard
        self._writer: Any = None
        self._progress: Any = None
        self._task: Any = None

    def note(self, message: str) -> None:
        """Print it as a line."""
        from rich.console import Console

        Console().print(f"note: {printable_line(message)}", markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def training(self, name: str, epochs: float) -> Iterator[None]:
        """Show the bar until training ends."""
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("epoch {task.completed:.1f}/{task.total:.4g}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[status]}"),
        )
        if self._folder is not None:
            from torch.utils.tensorboard.writer import SummaryWriter

            self._writer = SummaryWriter(str(self._folder / name))
        with Progress(*columns) as self._progress:
            self._task = self._progress.add_task(name, total=epochs, status="")
            try:
                yield
            finally:
                if self._writer is not None:
                    self._writer.close()

    def step(self, epochs: float, loss: Tensor) -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=epochs)

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Show the loss; write all values for TensorBoard."""
        self._progress.update(self._task, status=f"loss {values['total']:.3f}")
        for name, value in values.items():
            if self._writer is not None:
                self._writer.add_scalar(f"loss/{name}", value, step)

    def epoch(self, record: "Record") -> None:
        """Write the scores for TensorBoard."""
        for name, value in record.scalars().items():
            if self._writer is not None:
                self._writer.add_scalar(name, value, record.epoch)
