"""What a run trains on and is chosen by."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import attrs

from ..batch import Batch
from ..layout import DomainSide


class Batches(Protocol):
    """What the loop draws batches from: a `Loader` over a table, or `OwnBatches` around a loader of the user's."""

    @property
    def size(self) -> int:
        """Number of samples."""

    @property
    def batch_size(self) -> int:
        """Samples per batch, over all processes; the last batch of an epoch may have fewer."""

    def __len__(self) -> int:
        """Number of batches of an epoch over all samples."""

    def __iter__(self) -> Iterator[Batch]:
        """All samples once."""

    def epoch(
        self, number: int = 0, *, rows: Sequence[int] | None = None, start: int = 0, shard: tuple[int, int] = (0, 1)
    ) -> Iterator[Batch]:
        """Batches of an epoch. Their order depends on `number` alone, and torch's own generator is not touched.

        Args:
            number: of the epoch.
            rows: samples to use, by `Batch.index`; None means all.
            start: batches to leave out.
            shard: rank of the process and number of processes; each gets its slice of each batch.
        """


@attrs.frozen(eq=False)
class Domains:
    """What a run trains on and is chosen by.

    Args:
        source: labelled, shuffled.
        validation: labelled, of the source, in order.
        target: shuffled; its labels, should it bring any, are not looked at. None without adaptation.
        target_in_order: the same target samples in order, for a selector's study and target-side scores.
    """

    source: Batches
    validation: Batches
    target: Batches | None = None
    target_in_order: Batches | None = None

    @property
    def sizes(self) -> dict[DomainSide, int]:
        """Number of training samples, by side."""
        sizes: dict[DomainSide, int] = {"source": self.source.size}
        return sizes if self.target is None else {**sizes, "target": self.target.size}
