"""How far the classes of a modality moved between the domains: the distance D_m of A3D2.

Sun, Zhang, Hong, Zhu, Zeng: Adversarial Alignment with Anchor Dragging Drift (A3D2): Multimodal Domain Adaptation with
Partially Shifted Modalities, ACL 2025, https://aclanthology.org/2025.acl-long.967/, section 4.2.
"""

from typing import Literal, TypeAlias

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from ..framework.tensors.presence import keep_present

Classes: TypeAlias = Literal["shared", "all"]


def class_distances(
    source: Float[Tensor, "source width"],
    target: Float[Tensor, "target width"],
    source_labels: Int64[Tensor, " source"],
    target_labels: Int64[Tensor, " target"],
    classes: int,
) -> tuple[Float[Tensor, " classes"], Bool[Tensor, " classes"]]:
    r""":math:`\|\bar z^s_c - \bar z^t_c\|_2` of each class, and whether both sides have it; 0 where they do not.

    A row with another label, such as -1, belongs to no class.
    """
    (source_means, in_source), (target_means, in_target) = (
        _class_means(values, labels, classes) for values, labels in ((source, source_labels), (target, target_labels))
    )
    shared = in_source & in_target
    return torch.linalg.vector_norm(keep_present(source_means - target_means, shared), dim=1), shared


def domain_distance(
    source: Float[Tensor, "source width"],
    target: Float[Tensor, "target width"],
    source_labels: Int64[Tensor, " source"],
    target_labels: Int64[Tensor, " target"],
    classes: int,
    *,
    over: Classes = "shared",
) -> Float[Tensor, ""]:
    r""":math:`D_m = \frac1C \sum_c \|\bar z^s_{m,c} - \bar z^t_{m,c}\|_2` (A3D2, section 4.2, figure 4).

    Args:
        source: the source's representations.
        target: the target's representations.
        source_labels: the source's class indices.
        target_labels: the target's class indices or pseudo-labels.
        classes: the number of classes C.
        over: the paper has all classes on both sides. Where some are absent from either, "shared" divides by the number
            of those that are not, "all" by C.

    Example:
        >>> source, target = torch.tensor([[0.0], [1.0]]), torch.tensor([[2.0], [1.0]])
        >>> domain_distance(source, target, torch.tensor([0, 1]), torch.tensor([0, 1]), 2).item()
        1.0
    """
    distances, shared = class_distances(source, target, source_labels, target_labels, classes)
    return distances.sum() / (shared.sum().clamp(min=1) if over == "shared" else classes)


def _class_means(
    values: Float[Tensor, "batch width"], labels: Int64[Tensor, " batch"], classes: int
) -> tuple[Float[Tensor, "classes width"], Bool[Tensor, " classes"]]:
    members = (labels == torch.arange(classes, device=labels.device).unsqueeze(1)).to(values.dtype)
    count = members.sum(dim=1)
    return members @ keep_present(values, members.any(dim=0)) / count.clamp(min=1).unsqueeze(1), count > 0
