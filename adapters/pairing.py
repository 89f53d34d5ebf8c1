"""Which source samples a target sample is compared with, where a loss wants pairs and domains have none (OSAN).

Liu, Qiao, Lu, Yin, Lin, Peng, Ren: OSAN, CVPR 2023, https://doi.org/10.1109/CVPR52729.2023.00346, pairs the k-th source
sample with the k-th target sample, which are drawn independently: "random" here. The two other ways are ours.
"""

from typing import Literal, TypeAlias, get_args

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from ..framework.arguments import check_one_of
from ..framework.batch import Side, Step
from ..framework.layout import JOINT, Layout
from .terms import usable_labels

Pairing: TypeAlias = Literal["random", "class", "nearest"]


def check_pairing(pairing: str) -> None:
    """Raise ValueError where there is no such pairing."""
    check_one_of(get_args(Pairing), pairing=pairing)


def random_pairs(source: int, target: int, generator: torch.Generator | None = None) -> Float[Tensor, "source target"]:
    """Each target sample gets a random source sample; none is taken twice before all were taken once.

    Example:
        >>> random_pairs(2, 3).sum(dim=0).tolist()
        [1.0, 1.0, 1.0]
    """
    if source == 0 or target == 0:
        return torch.zeros(source, target)
    rounds = -(-target // source)
    chosen = torch.cat([torch.randperm(source, generator=generator) for _ in range(rounds)])[:target]
    return torch.nn.functional.one_hot(chosen, source).T.float()


def class_pairs(
    same_class: Bool[Tensor, "source target"], dtype: torch.dtype = torch.float32
) -> Float[Tensor, "source target"]:
    """Each target sample gets all source samples of its class in equal parts; none where there is no such.

    Example:
        >>> class_pairs(torch.tensor([[True, False], [True, False]])).tolist()
        [[0.5, 0.0], [0.5, 0.0]]
    """
    return same_class.to(dtype) / same_class.sum(dim=0).clamp(min=1)


def nearest_pairs(
    source: Float[Tensor, "source width"], target: Float[Tensor, "target width"]
) -> Float[Tensor, "source target"]:
    """Each target sample gets the source sample nearest to it, the first of several.

    Example:
        >>> nearest_pairs(torch.tensor([[0.0], [5.0]]), torch.tensor([[4.0]])).flatten().tolist()
        [0.0, 1.0]
    """
    if len(source) == 0:
        return source.new_zeros(len(source), len(target))
    chosen = torch.cdist(source, target).argmin(dim=0)
    return torch.nn.functional.one_hot(chosen, len(source)).T.to(source.dtype)


@torch.no_grad()
def pair_sides(pairing: Pairing, step: Step, layout: Layout) -> Float[Tensor, "source target"]:
    """How much each source sample counts for each target sample: a column sums to 1, or to 0 where it has no partner.

    Args:
        pairing: "random" as printed; "class" pairs a label with an equal pseudo-label (of several classification tasks
            all must be equal), and is "random" where no task has both; "nearest" takes the nearest joint feature.
        step: a step with both sides, whose generator "random" draws from.
        layout: the layout that names the tasks.
    """
    if step.source is None or step.target is None:
        raise ValueError("pairs need a source and a target, but the step lacks one.")
    source, target = (side.outputs.features[JOINT] for side in (step.source, step.target))
    if pairing == "nearest":
        return nearest_pairs(source, target)
    same = _same_class(step.source, step.target, layout) if pairing == "class" else None
    if same is not None:
        return class_pairs(same, source.dtype)
    return random_pairs(len(source), len(target), step.generator).to(source)


def _same_class(source: Side, target: Side, layout: Layout) -> Bool[Tensor, "source target"] | None:
    """Whether two samples are of one class, known on both sides; None where no task has classes on both."""
    both: Tensor | None = None
    for task in layout.tasks:
        labels, lessons = usable_labels("source", source, task), usable_labels("target", target, task)
        if labels is not None and lessons is not None:
            same = (labels.unsqueeze(1) == lessons.unsqueeze(0)) & (labels >= 0).unsqueeze(1)
            both = same if both is None else both & same
    return both


def draw_partners(
    pairs: Float[Tensor, "source target"], generator: torch.Generator | None = None
) -> tuple[Int64[Tensor, " pair"], Int64[Tensor, " pair"]]:
    """One source sample for each target sample that has any, drawn by how much each counts.

    Returns:
        Rows of the source and rows of the target.

    Example:
        >>> [rows.tolist() for rows in draw_partners(torch.tensor([[0.0, 0.0], [1.0, 0.0]]))]
        [[1], [0]]
    """
    target = pairs.any(dim=0).nonzero().flatten()
    if len(target) == 0:
        return target, target
    drawn = torch.multinomial(pairs[:, target].T.float().cpu(), 1, generator=generator).flatten()
    return drawn.to(pairs.device), target
