"""Batches made in this process, or ahead of it in worker processes that live for as many epochs as there are."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from ..errors import WorkerError

T = TypeVar("T")


@contextmanager
def naming_dead_workers() -> Iterator[None]:
    """Turn what torch raises when the system has killed a worker into one line.

    It is raised wherever the process stands when it hears of that: in the middle of a step, more likely than where
    batches are read.

    Raises:
        WorkerError: in place of torch's error.
    """
    try:
        yield
    except RuntimeError as error:
        if not _is_death(error):
            raise
        # What torch raises as it waits for a batch knows less than what it was interrupted by.
        first = error.__cause__ if _is_death(error.__cause__) else error
        reason = str(first).removeprefix("DataLoader ").partition(". ")[0]
        raise WorkerError(
            f"a process that reads samples ahead has died: {reason}. The system does that where memory runs out, or "
            "shared memory, by which batches travel: take fewer workers, or none, or smaller batches"
        ) from error


def _is_death(error: BaseException | None) -> bool:
    return isinstance(error, RuntimeError) and str(error).startswith("DataLoader worker")


class ReadAhead(Generic[T]):
    """Makes one item of each list of indices, in the order of the lists, whatever the number of workers.

    Workers are started by the first pass and kept for the next ones, with what they have cached. A pass that starts
    while another one has not ended gets workers of its own.

    Args:
        dataset: makes an item of a list of indices.
        workers: number of processes; 0 makes items in this one.
        pin: whether tensors are put into page-locked memory, from which copies to a GPU do not wait.
    """

    def __init__(self, dataset: Dataset[T], *, workers: int, pin: bool) -> None:
        self._dataset, self._workers, self._pin = dataset, workers, pin
        self._lists = _Lists()
        self._kept: DataLoader[T] | None = None
        self._busy = False

    def read(self, lists: Sequence[list[int]]) -> Iterator[T]:
        """The items of some lists.

        Raises:
            WorkerError: if a worker was killed; the next pass starts others.
        """
        if self._workers == 0 or self._busy:
            with naming_dead_workers():
                yield from self._make_loader(lists, keep=False)
            return
        if self._kept is None:
            self._kept = self._make_loader(self._lists, keep=True)
        self._lists.current = lists
        self._busy = True
        try:
            with naming_dead_workers():
                yield from self._kept
        except WorkerError:
            self._kept = None
            raise
        finally:
            self._busy = False

    def _make_loader(self, lists: "Sequence[list[int]] | _Lists", *, keep: bool) -> DataLoader[T]:
        return DataLoader(
            self._dataset,
            sampler=lists,
            batch_size=None,
            collate_fn=_identity,
            num_workers=self._workers,
            persistent_workers=keep,
            pin_memory=self._pin,
            # Its own generator: starting a pass must not draw from torch's, on which dropout depends.
            generator=torch.Generator(),
        )


class _Lists(Sampler[list[int]]):
    """The lists of the pass that comes next: a DataLoader that is kept cannot be given others."""

    def __init__(self) -> None:
        self.current: Sequence[list[int]] = ()

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.current)

    def __len__(self) -> int:
        return len(self.current)


def _identity(item: Any) -> Any:  # noqa: ANN401
    return item
