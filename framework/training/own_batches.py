"""A user's own DataLoader in place of a table."""

import math
from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import islice

import attrs
import torch

from ..batch import Batch
from ..errors import RecipeError


@attrs.frozen(eq=False)
class OwnBatches:
    """Lets the loop draw from any iterable of Batches, such as a DataLoader whose `collate_fn` makes them.

    Its order is made repeatable by giving it torch's generator to itself, seeded with the epoch's number; a resumed run
    reads and drops the batches that it has seen. If the loader or its sampler has `set_epoch`, it is called. What draws
    from other generators (numpy's, Python's) must be seeded by its owner.

    Args:
        batches: what to iterate over, again and again; each pass is an epoch.
        size: number of samples.
        batch_size: samples per batch.

    Example:
        >>> rows = torch.arange(2)
        >>> inputs, present = {"audio": torch.zeros(2, 3)}, torch.ones(2, 1, dtype=torch.bool)
        >>> batch = Batch(inputs, present, domain=rows, index=rows, ids=("a", "b"))
        >>> [batch.ids for batch in OwnBatches([batch], size=2, batch_size=2).epoch()]
        [('a', 'b')]
    """

    batches: Iterable[Batch]
    size: int = attrs.field(validator=attrs.validators.ge(1))
    batch_size: int = attrs.field(validator=attrs.validators.ge(1))

    def __len__(self) -> int:
        try:
            if isinstance(self.batches, Sized):
                return len(self.batches)
        except TypeError:
            # A DataLoader over an iterable data set has a length only if that one has.
            pass
        return math.ceil(self.size / self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        return self.epoch()

    def epoch(
        self, number: int = 0, *, rows: Sequence[int] | None = None, start: int = 0, shard: tuple[int, int] = (0, 1)
    ) -> Iterator[Batch]:
        """The batches of one epoch.

        Raises:
            RecipeError: if it is to go over some rows only, or to be divided among processes: a loader of the user's
                cannot.
        """
        if rows is not None:
            raise RecipeError("a loader of one's own cannot pick the samples that a selector keeps: use a table")
        if shard != (0, 1):
            raise RecipeError("a loader of one's own cannot be divided among processes: use a table")
        for holder in (self.batches, getattr(self.batches, "sampler", None)):
            set_epoch = getattr(holder, "set_epoch", None)
            if set_epoch is not None:
                set_epoch(number)
        return islice(_with_own_generator(self.batches, number), start, None)


def _with_own_generator(batches: Iterable[Batch], seed: int) -> Iterator[Batch]:
    """Iterate while torch's generator, and nobody else's draws from it, is the iterable's own."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        iterator, state = iter(batches), torch.get_rng_state()
    while True:
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(state)
            batch = next(iterator, None)
            state = torch.get_rng_state()
        if batch is None:
            return
        yield batch
