"""Batches of samples for torch."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs
import numpy as np
import torch
from torch.utils.data import Dataset

from ..batch import Batch
from ..data.arrays import Arrays
from ..data.augmentation import Augmentation
from ..data.samples import Samples
from ..errors import DataError
from .read_ahead import ReadAhead


def _to_names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(names)


@attrs.frozen(eq=False)
class Loader:
    """Batches of a data set, epoch after epoch.

    The order of an epoch depends on the seed and the epoch's number alone, so any batch of any epoch can be made again.

    Args:
        samples: what to load. If they are not labelled, neither are the batches.
        batch_size: samples per batch, over all processes; the last batch of an epoch may have fewer.
        shuffle: whether to permute the samples anew in every epoch.
        seed: of the permutations.
        domains: names of all domains; `Batch.domain` counts in this order.
        workers: processes that read ahead, and live as long as the loader; 0 reads in this one. Each of N caches what
            it has read, up to an N-th of what `samples` may cache; batches are the same for any number.
        pin: whether batches are put into page-locked memory, from which copies to a GPU do not wait.
        augmentation: what happens to the inputs, anew in each epoch.
        views: what makes the batches' views, by name, of the inputs as they were before `augmentation`.

    Raises:
        ValueError: if `batch_size` is not positive or `workers` is negative.
        DataError: if a sample's domain is not among `domains`.
    """

    samples: Samples
    batch_size: int = attrs.field(validator=attrs.validators.ge(1))
    shuffle: bool = attrs.field(kw_only=True)
    seed: int = attrs.field(kw_only=True)
    domains: tuple[str, ...] = attrs.field(kw_only=True, converter=_to_names)
    workers: int = attrs.field(default=0, kw_only=True, validator=attrs.validators.ge(0))
    pin: bool = attrs.field(default=False, kw_only=True)
    augmentation: Augmentation | None = attrs.field(default=None, kw_only=True)
    views: Mapping[str, Augmentation] = attrs.field(factory=dict, kw_only=True)
    _reader: "ReadAhead[Batch | DataError]" = attrs.field(init=False, repr=False)

    @_reader.default
    def _make_reader(self) -> "ReadAhead[Batch | DataError]":
        samples = self.samples.divided(self.workers) if self.workers > 0 else self.samples
        return ReadAhead(_Batches(samples, self.domains), workers=self.workers, pin=self.pin)

    def __attrs_post_init__(self) -> None:
        for name in self.samples.table.domains:
            if name not in self.domains:
                raise DataError(f"domain must be one of {', '.join(map(repr, self.domains))}, but got {name!r}.")

    @property
    def size(self) -> int:
        """Number of samples."""
        return len(self.samples)

    def __len__(self) -> int:
        """Number of batches of an epoch over all samples."""
        return math.ceil(len(self.samples) / self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        return self.epoch(0)

    def epoch(
        self, number: int = 0, *, rows: Sequence[int] | None = None, start: int = 0, shard: tuple[int, int] = (0, 1)
    ) -> Iterator[Batch]:
        """The batches of one epoch.

        Args:
            number: of the epoch, from 0.
            rows: indices of the samples to go over; None means all.
            start: how many batches to leave out at the beginning; their files are not read.
            shard: number of this process and number of processes: each batch is cut into as many consecutive parts,
                which differ by one sample at most, and this process gets its part. All processes get the same number of
                batches, so a part may be empty.

        Raises:
            DataError: if a file is missing, cannot be decoded or does not fit the schema.
        """
        rank, world = shard
        order = self._order(number, rows)
        batches = [order[first : first + self.batch_size] for first in range(0, len(order), self.batch_size)]
        parts = [np.array_split(batch, world)[rank].tolist() for batch in batches[start:]]
        for batch in self._reader.read(parts):
            if isinstance(batch, DataError):
                raise batch
            yield self._augment(batch, number)

    def _augment(self, batch: Batch, number: int) -> Batch:
        views = {name: _augment(batch, augmentation, number) for name, augmentation in self.views.items()}
        own = batch if self.augmentation is None else _augment(batch, self.augmentation, number)
        return attrs.evolve(own, views=views) if views else own

    def _order(self, number: int, rows: Sequence[int] | None) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        chosen = np.arange(len(self.samples)) if rows is None else np.asarray(rows, dtype=np.int64)
        return np.random.default_rng([self.seed, number]).permutation(chosen) if self.shuffle else chosen


class _Batches(Dataset[Batch | DataError]):
    """Makes a batch of a list of indices.

    Errors are handed on as values, because torch wraps those that workers raise in their stack trace.
    """

    def __init__(self, samples: Samples, domains: tuple[str, ...]) -> None:
        self._samples = samples
        self._domains = domains

    def __getitem__(self, indices: list[int]) -> Batch | DataError:
        try:
            # Of an empty part, only the shapes are wanted: any sample has them.
            arrays = self._samples.batch(indices or [0])
        except DataError as error:
            return error
        return to_batch(arrays[: len(indices)], self._domains)


def _augment(batch: Batch, augmentation: Augmentation, number: int) -> Batch:
    inputs = dict(batch.inputs)
    for name in augmentation.corruptions:
        axis, lengths = augmentation.preprocessing[name].time_axis, batch.lengths.get(name)
        augmented = inputs[name].clone()
        for row in batch.has(name).nonzero().flatten().tolist():
            own = augmented[row]
            if axis is not None and lengths is not None:
                own = own.narrow(axis, 0, int(lengths[row]))
            own.copy_(torch.from_numpy(augmentation.augment(own.numpy(), name, batch.ids[row], number)))
        inputs[name] = augmented
    return attrs.evolve(batch, inputs=inputs)


def to_batch(arrays: Arrays, domains: tuple[str, ...]) -> Batch:
    """Arrays as tensors.

    Args:
        arrays: a batch in numpy.
        domains: names of all domains; `Batch.domain` counts in this order.
    """
    labels = arrays.labels
    return Batch(
        inputs={name: torch.from_numpy(array) for name, array in arrays.inputs.items()},
        present=torch.from_numpy(arrays.present),
        domain=torch.tensor([domains.index(name) for name in arrays.domains], dtype=torch.int64),
        index=torch.from_numpy(arrays.index),
        ids=arrays.ids,
        labels=None if labels is None else {task: torch.from_numpy(array) for task, array in labels.items()},
        lengths={name: torch.from_numpy(array) for name, array in arrays.lengths.items()},
    )
