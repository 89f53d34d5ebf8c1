"""Which batches an epoch pairs: one pass over the source, or over the kept target, while the shorter side cycles."""

import math
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Final, TypeAlias

import attrs

from ..batch import Batch, unlabelled
from ..errors import RecipeError, RunError
from ..gathering import world
from ..recipes.recipe import Stage
from .domains import Batches, Domains

Pair: TypeAlias = tuple[Batch | None, Batch | None]
"""Batches of source and target."""

CYCLES: Final = 2**20
"""Bound on how often the target starts again within an epoch; keeps the numbers of its passes apart."""


@attrs.frozen(eq=False)
class Pairs:
    """The pairs of batches of one epoch.

    Args:
        domains: where the batches come from.
        stage: which sides it uses.
        rows: samples of the target that are kept; None means all.
        epoch: number, on which the order depends alone.
    """

    domains: Domains
    stage: Stage
    rows: Sequence[int] | None
    epoch: int

    def __len__(self) -> int:
        """Number of steps."""
        return max(1, len(self.domains.source) if self.stage.source else self._target_length)

    def start_at(self, step: int) -> Iterator[Pair]:
        """The pairs from a step on.

        Raises:
            RunError: if a loader gives nothing.
        """
        if not self.stage.source:
            pairs: Iterator[Pair] = ((None, batch) for batch in self._pass(0, step))
        else:
            sources = self.domains.source.epoch(self.epoch, start=step, shard=world())
            alone = not self.stage.target or self.rows == []
            pairs = ((batch, None) for batch in sources) if alone else zip(sources, self._cycle(step), strict=False)
        empty = step < len(self)
        for pair in pairs:
            empty = False
            yield pair
        if empty:
            raise _nothing("source" if self.stage.source else "target")

    @property
    def _target(self) -> Batches:
        if self.domains.target is None:
            raise RecipeError(f"stage {self.stage.name!r} trains on a target, but no target is given")
        return self.domains.target

    @property
    def _target_length(self) -> int:
        """Batches of a pass over the kept target."""
        return len(self._target) if self.rows is None else math.ceil(len(self.rows) / self._target.batch_size)

    def _cycle(self, step: int) -> Iterator[Batch]:
        """The target over and over, in a new order each time."""
        done, start = divmod(step, self._target_length)
        for cycle in count(done):
            empty = True
            for batch in self._pass(cycle, start if cycle == done else 0):
                empty = False
                yield batch
            if empty and cycle > done:
                raise _nothing("target")

    def _pass(self, cycle: int, start: int) -> Iterator[Batch]:
        # Not a number that the source has: in the same order, sorted tables would show which classes the target has.
        number = (self.epoch + 1) * CYCLES + cycle
        return unlabelled(self._target.epoch(number, rows=self.rows, start=start, shard=world()))


def _nothing(side: str) -> RunError:
    return RunError(f"the {side}'s loader gives no batches: it must be possible to iterate over it again and again")
