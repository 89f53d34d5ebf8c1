"""How far each modality moved from source to target, with an interval and in words; no label is looked at.

The measure is `measures.separability`. Its interval is by half-samples (McCarthy, "Pseudo-replication: half samples",
1969, https://doi.org/10.2307/1402109): half of each side's rows are drawn without putting any back, again and again,
and the spread of what they say is that of the whole. A bootstrap would draw rows twice, which tell the domains apart
better than new ones would. Rows of one group, such as a speaker, are drawn together.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import attrs
import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from torch import Tensor

from ..arguments import check_at_least
from ..batch import Side
from ..evaluation.intervals import Confidence, Interval, percentile_interval
from ..measures.separability import scatter, separability

WORDS: Final = ((0.15, "stayed"), (0.3, "moved a little"), (0.6, "moved"))
"""Below which value a modality did what; beyond the last it moved far."""

DRAWS: Final = 200
"""Half-samples."""


@attrs.frozen
class ModalityShift:
    """How far one modality moved.

    Args:
        modality: name.
        value: about 0 where its features do not tell the domains apart, 1 where they do without error; NaN where a side
            lacks it.
        interval: of the value.
        source: rows of the source that have it.
        target: rows of the target that have it.

    Example:
        >>> print(ModalityShift("watch", 0.04, Interval(0.01, 0.08), source=100, target=90))
        watch: 0.040 (0.010 to 0.080), stayed
    """

    modality: str
    value: float
    interval: Interval
    source: int
    target: int

    @property
    def words(self) -> str:
        """What the value means."""
        if np.isnan(self.value):
            return "on one side only"
        return next((word for least, word in WORDS if self.value < least), "moved far")

    def __str__(self) -> str:
        low, high = self.interval.low, self.interval.high
        return f"{self.modality}: {self.value:.3f} ({low:.3f} to {high:.3f}), {self.words}"


def measure_shifts(
    source: Side,
    target: Side,
    groups: tuple[Sequence[str | None], Sequence[str | None]] = ((), ()),
    confidence: Confidence | None = None,
) -> list[ModalityShift]:
    """How far each modality moved, least first; those that a side lacks come last.

    Args:
        source: features of the source's rows, by an encoder that may be untrained.
        target: features of the target's rows by the same encoders.
        groups: of the rows of both sides; without, rows are drawn one by one.
        confidence: of the intervals; `resamples` is how many half-samples are drawn.
    """
    confidence = confidence or Confidence(resamples=DRAWS)
    found = [
        _measure(name, [_rows(side, name, own) for side, own in zip((source, target), groups, strict=True)], confidence)
        for name in source.batch.modalities
    ]
    return sorted(found, key=lambda shift: (bool(np.isnan(shift.value)), shift.value))


def _rows(
    side: Side, modality: str, groups: Sequence[str | None]
) -> tuple[Float[Tensor, "rows width"], NDArray[np.int64]]:
    """Features of the rows that have a modality, and the number of each one's group."""
    has = side.batch.has(modality)
    names = [f"group {group}" if group else f"row {row}" for row, group in enumerate(groups or [None] * len(has))]
    _, positions = np.unique(np.array(names)[has.numpy()], return_inverse=True)
    return side.outputs.features[modality][has].double(), positions


def _measure(
    modality: str, sides: Sequence[tuple[Float[Tensor, "_ width"], NDArray[np.int64]]], confidence: Confidence
) -> ModalityShift:
    (source, _), (target, _) = sides
    if not len(source) or not len(target):
        nothing = float("nan")
        return ModalityShift(modality, nothing, Interval(nothing, nothing), len(source), len(target))
    value = separability(scatter(source, target)).item()
    halves = np.array([*_halves(sides, confidence)])
    spread = percentile_interval(value + halves - halves.mean(), confidence.level)
    return ModalityShift(modality, value, spread, len(source), len(target))


def _halves(
    sides: Sequence[tuple[Float[Tensor, "_ width"], NDArray[np.int64]]], confidence: Confidence
) -> Iterator[float]:
    check_at_least(1, resamples=confidence.resamples)
    generator = confidence.generator()
    for _ in range(confidence.resamples):
        source, target = (features[_draw_half(groups, generator)] for features, groups in sides)
        yield separability(scatter(source, target)).item()


def _draw_half(groups: NDArray[np.int64], generator: np.random.Generator) -> Bool[Tensor, " rows"]:
    """Half of the groups, at least one; of a single one, all of it."""
    count = int(groups.max()) + 1
    chosen = generator.permutation(count)[: max(1, (count + 1) // 2)]
    return torch.from_numpy(np.isin(groups, chosen))
