"""Mean feature norms of modalities, over all samples and by class: what RNA aligns (Planamente et al., IJCV 2024)."""

from collections.abc import Sequence

import attrs
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from ..tensors.presence import keep_present


@attrs.frozen(eq=False)
class MeanNorms:
    """Mean norms by modality, of all samples or of groups of them.

    Args:
        values: `(..., M)`, 0 where no sample counts.
        known: `(..., M)`, where at least one sample counts.
    """

    values: Float[Tensor, "*groups modality"]
    known: Bool[Tensor, "*groups modality"]

    def __getitem__(self, modalities: Int64[Tensor, " chosen"]) -> "MeanNorms":
        return MeanNorms(self.values[..., modalities], self.known[..., modalities])


@attrs.frozen(eq=False)
class NormTable:
    """Mean norms of one side: over all of its samples `(M,)`, and by class `(C, M)`, or None where it has no labels."""

    overall: MeanNorms
    by_class: MeanNorms | None = None


def sample_norms(
    features: Sequence[Float[Tensor, "batch _"]], present: Bool[Tensor, "batch modality"]
) -> Float[Tensor, "batch modality"]:
    """The norm h(x) = ||F_m(x)||_2 of each sample and modality, 0 where absent; at least float32.

    The norm of a zero vector has the gradient 0.
    """
    dtype = torch.promote_types(features[0].dtype, torch.float32)
    columns = [
        torch.linalg.vector_norm(keep_present(values, mask), dim=1, dtype=dtype)
        for values, mask in zip(features, present.unbind(dim=1), strict=True)
    ]
    return torch.stack(columns, dim=1)


def mean_norm(
    features: Float[Tensor, "batch width"], present: Bool[Tensor, " batch"] | None = None
) -> Float[Tensor, ""]:
    """E[h(X)], the mean of norms (not the norm of the mean) over the samples that are present; 0 where there is none.

    Example:
        >>> mean_norm(torch.tensor([[3.0, 4.0], [0.0, 1.0]])).item()
        3.0
    """
    rows = (
        torch.ones(len(features), 1, dtype=torch.bool, device=features.device) if present is None else present[:, None]
    )
    return _average(sample_norms([features], rows), rows).values[0]


def norm_table(
    features: Sequence[Float[Tensor, "batch _"]],
    present: Bool[Tensor, "batch modality"] | None = None,
    labels: Int64[Tensor, " batch"] | None = None,
    classes: int = 0,
) -> NormTable:
    """All mean norms of one side, each sample's norm computed once.

    Args:
        features: `(B, d)` by modality.
        present: which modalities each sample has; None means all.
        labels: class indices; a row with another number, such as -1, belongs to no class. None means no norms by class.
        classes: number of classes C.

    Example:
        >>> audio, video = torch.tensor([[3.0, 4.0], [0.0, 1.0]]), torch.tensor([[1.0], [2.0]])
        >>> table = norm_table([audio, video], labels=torch.tensor([0, 2]), classes=3)
        >>> table.overall.values.tolist()
        [3.0, 1.5]
        >>> table.by_class.values.tolist()
        [[5.0, 1.0], [0.0, 0.0], [1.0, 2.0]]
    """
    first = features[0]
    if present is None:
        present = torch.ones(len(first), len(features), dtype=torch.bool, device=first.device)
    norms = sample_norms(features, present)
    overall = _average(norms, present)
    if labels is None:
        return NormTable(overall)
    members = labels.unsqueeze(1) == torch.arange(classes, device=first.device)
    return NormTable(overall, _average(norms.unsqueeze(1), present.unsqueeze(1) & members.unsqueeze(2)))


def _average(
    norms: Float[Tensor, "batch *#groups modality"], counted: Bool[Tensor, "batch *#groups modality"]
) -> MeanNorms:
    # A masked sum, not a product of matrices (which autocast would round) nor a scatter (whose order varies on a GPU).
    count = counted.sum(dim=0)
    return MeanNorms(values=torch.where(counted, norms, 0.0).sum(dim=0) / count.clamp(min=1), known=count > 0)
