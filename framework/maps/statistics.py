"""Statistics of each domain: the target's inputs brought to the source's mean, spread, or covariance.

CORAL of inputs: Sun et al., "Return of frustratingly easy domain adaptation" (AAAI 2016,
https://arxiv.org/abs/1511.05547), algorithm 1, here the other way round: it is the target that is mapped.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..data.input_maps import Affine
from ..errors import DataError
from .group import Candidate, MapGroup, Unlabelled
from .prepared import channel_axis

MAX_CHANNELS: Final = 64
"""Up to which covariances are matched."""

_LEAST_ROWS: Final = 8
_SMALL: Final = 1e-3
"""Added to variances of inputs, whose scale on the source is 1."""


class Statistics(MapGroup):
    """The target's channels with the source's mean and standard deviation; with its covariance, where rows are known.

    Args:
        modality: Of kind `features`, `signal` or `sequence`.

    Example:
        >>> Statistics("words").name
        'words'
    """

    def __init__(self, modality: str) -> None:
        super().__init__([modality])

    def candidates(self, seen: Unlabelled) -> Sequence[Candidate]:
        """Nothing where there are too few rows to measure."""
        modality = self.modalities[0]
        preprocessing = seen.preprocessing[modality]
        if preprocessing.kind not in {"features", "signal", "sequence"}:
            raise DataError(
                f"{modality}: statistics are of kind features, signal or sequence, but it is {preprocessing.kind}."
            )
        axis = channel_axis(preprocessing)
        target = _points(seen, modality, axis, of_source=False)
        if len(seen.values(modality)) < _LEAST_ROWS:
            return []
        # Prepared, the source has the mean 0 and the deviation 1.
        source = None if seen.source is None else _points(seen, modality, axis, of_source=True)
        mean = np.zeros(target.shape[1]) if source is None else source.mean(axis=0)
        std = np.ones(target.shape[1]) if source is None else source.std(axis=0)
        scale = (std + _SMALL) / (target.std(axis=0) + _SMALL)
        centre = target.mean(axis=0)
        names = "with the source's mean", "with the source's mean and deviation", "with the source's covariance"
        found = [
            Affine(names[0], np.ones(len(mean)).tolist(), (mean - centre).tolist(), axis),
            Affine(names[1], scale.tolist(), (mean - scale * centre).tolist(), axis),
        ]
        if source is not None and 2 <= len(mean) <= MAX_CHANNELS:
            matrix = coral_matrix(target, source)
            found.append(Affine(names[2], matrix.tolist(), (mean - matrix @ centre).tolist(), axis))
        return [Candidate(affine.name, {modality: affine}) for affine in found]


def coral_matrix(target: NDArray[np.float64], source: NDArray[np.float64]) -> NDArray[np.float64]:
    """The matrix `C_s^(1/2) C_t^(-1/2)` that gives target points the source's covariance.

    Args:
        target: `(N, C)`.
        source: `(N, C)`.

    Example:
        >>> generator = np.random.default_rng(0)
        >>> source = generator.standard_normal((5000, 2))
        >>> coral_matrix(source * [2.0, 4.0], source).round(2).tolist()
        [[0.5, 0.0], [0.0, 0.25]]
    """
    return _power(source, 0.5) @ _power(target, -0.5)


def _power(points: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    covariance = np.cov(points, rowvar=False) + _SMALL * np.eye(points.shape[1])
    values, vectors = np.linalg.eigh(covariance)
    found: NDArray[np.float64] = (vectors * values**exponent) @ vectors.T
    return found


def _points(seen: Unlabelled, modality: str, axis: int, *, of_source: bool) -> NDArray[np.float64]:
    """Each step of each row: `(N, C)`, padding left out."""
    side = seen.source if of_source and seen.source is not None else seen.target
    values = seen.values(modality, of_source=of_source)
    steps = np.moveaxis(values, axis + 1, -1).astype(np.float64)
    if steps.ndim == 3 and modality in side.lengths:
        lengths = side.lengths[modality][side.present[:, [*side.inputs].index(modality)]]
        return steps[np.arange(steps.shape[1]) < lengths[:, np.newaxis]]
    return steps.reshape(-1, steps.shape[-1])
