"""A user's own DataLoader in place of a table."""

from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import islice

import attrs
import torch

from .batch import Batch


@attrs.frozen(eq=False)
class OwnBatches:
    """Lets the loop draw from any iterable of Batches, such as a DataLoader whose `collate_fn` makes them.

    Its order is made repeatable by seeding torch's generator, for it alone, with the epoch's number; a resumed run reads and drops the batches that it has seen. If the loader or its sampler
    has `set_epoch`, it is called.

    Args:
        batches: what to iterate over; each pass is an epoch.
        size: number of samples.
        batch_size: samples per batch.

    Example:
        >>> from acclimate.framework import Batch
        >>> one = Batch({"audio": torch.zeros(2, 3)}, torch.ones(2, 1).bool(), torch.zeros(2).long(), torch.arange(2), ("a", "b"))
        >>> [batch.ids for batch in OwnBatches([one], size=2, batch_size=2).epoch()]
        [('a', 'b')]
    """

    batches: Iterable[Batch]
    size: int = attrs.field(validator=attrs.validators.ge(1))
    batch_size: int = attrs.field(validator=attrs.validators.ge(1))

    def __len__(self) -> int:
        return len(self.batches) if isinstance(self.batches, Sized) else -(-self.size // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        return self.epoch()

    def epoch(
        self, number: int = 0, *, rows: Sequence[int] | None = None, start: int = 0, shard: tuple[int, int] = (0, 1)
    ) -> Iterator[Batch]:
        """The batches of one epoch.

        Raises:
            ValueError: if it is to go over some rows only, or to be divided among processes: a loader of the user's cannot.
        """
        if rows is not None:
            raise ValueError("rows must be None for a loader of one's own: it cannot pick samples; use a table.")
        if shard != (0, 1):
            raise ValueError(f"shard must be (0, 1) for a loader of one's own, but got {shard}; use a table.")
        for holder in (self.batches, getattr(self.batches, "sampler", None)):
            if hasattr(holder, "set_epoch"):
                holder.set_epoch(number)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(number)
            batches = iter(self.batches)
        yield from islice(batches, start, None)
