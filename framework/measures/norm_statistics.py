"""How uneven feature norms are (RNA: Planamente et al., IJCV 2024, section 4.2.2, table 1, figures 4 and 5)."""

from collections.abc import Iterable, Mapping

import attrs
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from ..layout import JOINT
from .norms import norm_table


def coefficient_of_variation(values: Float[Tensor, " values"], correction: int = 0) -> Float[Tensor, ""]:
    """CV = sigma / mu of mean norms: 0 where all are equal, 0 as well where all vanish.

    Args:
        values: mean norms of modalities, of one side (CV_S, CV_T of table 1) or of both (CV_S+T).
        correction: 0 for the population's standard deviation, 1 for the sample's; the paper does not say which.

    Raises:
        ValueError: if there are not more values than `correction`.

    Example:
        >>> coefficient_of_variation(torch.tensor([1.0, 3.0])).item()
        0.5
    """
    if len(values) <= correction:
        raise ValueError(f"values must number more than correction {correction}, but got {len(values)}.")
    # Where all vanish, so does the deviation: 0 over the smallest number is 0.
    return values.std(correction=correction) / values.mean().clamp(min=torch.finfo(values.dtype).tiny)


@attrs.frozen
class NormStatistics:
    """How large the features of one side are.

    Args:
        mean: mean norm by modality; a modality without a sample is left out.
        by_class: mean norm by modality, then by class index; a class without a sample is left out.
    """

    mean: Mapping[str, float]
    by_class: Mapping[str, Mapping[int, float]]

    @property
    def variation(self) -> float:
        """Coefficient of variation over modalities (CV_S or CV_T of table 1)."""
        return joint_variation(self)

    @property
    def class_variation(self) -> float | None:
        """Variation of all norms by modality and class: our reading of section 4.2.2. None without any."""
        values = [value for norms in self.by_class.values() for value in norms.values()]
        return _variation(values) if values else None


def joint_variation(*sides: NormStatistics) -> float:
    """Coefficient of variation of the mean norms of all modalities of all sides together (CV_S+T of table 1).

    Example:
        >>> statistics = NormStatistics({"audio": 1.0, "video": 3.0}, {})
        >>> joint_variation(statistics, statistics)
        0.5
    """
    return _variation(value for side in sides for value in side.mean.values())


def _variation(values: Iterable[float]) -> float:
    return coefficient_of_variation(torch.tensor(list(values), dtype=torch.float64)).item()


@torch.no_grad()
def norm_statistics(
    features: Mapping[str, Float[Tensor, "batch _"]],
    present: Bool[Tensor, "batch modality"],
    labels: Int64[Tensor, " batch"] | None = None,
) -> NormStatistics:
    """Mean norms by modality and class.

    Args:
        features: by modality; joint ones are left out.
        present: which modalities each sample has, columns in the alphabetical order of the names.
        labels: class indices, -1 where unknown. On the target, true labels make the norms by class oracle numbers.

    Example:
        >>> features = {"audio": torch.tensor([[3.0, 4.0]]), "video": torch.tensor([[5.0]])}
        >>> statistics = norm_statistics(features, torch.ones(1, 2, dtype=torch.bool), torch.tensor([1]))
        >>> statistics.by_class["audio"], statistics.variation
        ({1: 5.0}, 0.0)
    """
    names = sorted(features.keys() - {JOINT})
    classes = 0 if labels is None else max([-1, *labels.tolist()]) + 1
    table = norm_table([features[name] for name in names], present, labels, classes)
    mean, known = table.overall.values.tolist(), table.overall.known.tolist()
    by_class: dict[str, dict[int, float]] = {}
    if table.by_class is not None:
        for column, name in enumerate(names):
            indices = table.by_class.known[:, column].nonzero().flatten()
            values = table.by_class.values[indices, column]
            by_class[name] = dict(zip(indices.tolist(), values.tolist(), strict=True))
    return NormStatistics(mean={name: mean[i] for i, name in enumerate(names) if known[i]}, by_class=by_class)
