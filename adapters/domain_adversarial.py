"""Domain classification behind gradient reversal (DANN).

Ganin, Lempitsky: Unsupervised Domain Adaptation by Backpropagation, ICML 2015, https://arxiv.org/abs/1409.7495. RNA
(IJCV 2024, https://doi.org/10.1007/s11263-024-01998-9, section 3.6) adds one per modality as L_d; the shape of the
discriminators is that of MM-SADA (CVPR 2020, https://arxiv.org/abs/2001.09691, https://github.com/jonmun/MM-SADA-code).
"""

import math
from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, softplus

from ..framework.arguments import check_not_negative, check_one_of, check_positive
from ..framework.batch import Step, Term
from ..framework.interfaces import Aligner
from ..framework.layout import Layout
from ..framework.tensors.gradient_scaling import scale_gradient
from ..framework.tensors.named_modules import NamedModules
from ..framework.tensors.presence import keep_present
from .terms import mean_over, reach_across

Schedule: TypeAlias = Literal["dann", "quadratic", "constant"]
Average: TypeAlias = Literal["samples", "sides"]


def reverse_gradient(features: Float[Tensor, "*shape"], coefficient: float = 1.0) -> Float[Tensor, "*shape"]:
    """The same values; their gradient comes back times `-coefficient`.

    Example:
        >>> features = torch.ones(1, requires_grad=True)
        >>> reverse_gradient(features, 0.5).sum().backward()
        >>> features.grad.item()
        -0.5
    """
    return scale_gradient(features, -coefficient)


def dann_schedule(progress: float, steepness: float = 10.0) -> float:
    """2 / (1 + exp(-10 p)) - 1: from 0 at the start of training to almost 1 at its end (DANN).

    Example:
        >>> round(dann_schedule(0.1), 4)
        0.4621
    """
    return 2.0 / (1.0 + math.exp(-steepness * progress)) - 1.0


def quadratic_schedule(progress: float) -> float:
    """p^2, from 0 to 1, as in A3D2's code, https://github.com/sunjunaimer/A3D2.

    Example:
        >>> quadratic_schedule(0.5)
        0.25
    """
    return progress**2


def _constant_schedule(progress: float) -> float:
    del progress
    return 1.0


SCHEDULES: Final[Mapping[Schedule, Callable[[float], float]]] = {
    "dann": dann_schedule,
    "quadratic": quadratic_schedule,
    "constant": _constant_schedule,
}
"""Coefficients of gradient reversal as functions of the progress of training."""


class DomainDiscriminator(nn.Sequential):
    """Says which side features come from: FC - activation - FC.

    Args:
        features: the length of the feature vectors.
        hidden: the width of the hidden layer; 100 as in MM-SADA.
        activation: the activation between the layers; ReLU if None.
        outputs: 2 for a logit of the source and one of the target, 1 for a logit of the target alone.

    Example:
        >>> DomainDiscriminator(8)(torch.zeros(3, 8)).shape
        torch.Size([3, 2])
    """

    def __init__(
        self, features: int, hidden: int = 100, activation: nn.Module | None = None, outputs: Literal[1, 2] = 2
    ) -> None:
        super().__init__(nn.Linear(features, hidden), activation or nn.ReLU(), nn.Linear(hidden, outputs))


def domain_loss(
    source_logits: Float[Tensor, "source logits"],
    target_logits: Float[Tensor, "target logits"],
    source_rows: Bool[Tensor, " source"] | None = None,
    target_rows: Bool[Tensor, " target"] | None = None,
    average: Average = "samples",
) -> Float[Tensor, ""]:
    """Cross-entropy of the domain labels source = 0, target = 1.

    0, still part of the graph, where either side has no row that counts: there is nothing to tell apart.

    Args:
        source_logits: two logits of each row, for source and target, or one, for the target.
        target_logits: as many of each row of the target.
        source_rows: which rows of the source count; None means all.
        target_rows: which rows of the target count; None means all.
        average: "samples" is the mean over both sides' rows that count, so that a larger side weighs more; "sides" is
            the mean of the two sides' means.

    Example:
        >>> round(domain_loss(torch.zeros(3, 2), torch.zeros(1, 2)).item(), 4)
        0.6931
    """
    sides = ((source_logits, source_rows), (target_logits, target_rows))
    counted = [torch.ones_like(logits[:, 0], dtype=torch.bool) if rows is None else rows for logits, rows in sides]
    losses = [_domain_losses(logits, label) for label, (logits, _) in enumerate(sides)]
    both = counted[0].any() & counted[1].any()
    if average == "sides":
        return (mean_over(losses[0], counted[0] & both) + mean_over(losses[1], counted[1] & both)) / 2
    return mean_over(torch.cat(losses), torch.cat(counted) & both)


def _domain_losses(logits: Float[Tensor, "batch logits"], label: int) -> Float[Tensor, " batch"]:
    if logits.shape[1] == 1:
        return softplus(logits[:, 0] if label == 0 else -logits[:, 0])
    return cross_entropy(logits, logits.new_full((len(logits),), label, dtype=torch.long), reduction="none")


class DomainAdversarial(Aligner):
    """One domain discriminator per modality behind gradient reversal; the sum of all is RNA's L_d.

    Each term bears its modality's name. The discriminators learn to tell source from target while the features, whose
    gradient is reversed and scaled by the schedule, learn to defeat them. Without a target there are no terms.

    Args:
        lambda_d: the weight of each term. The paper prints none; the default is ours.
        schedule: the coefficient of the reversal at progress p: "dann" is 2/(1+exp(-10p))-1, "quadratic" p^2,
            "constant" 1.
        hidden: the width of the discriminators' hidden layer.

    Raises:
        ValueError: if an argument breaks its rule.

    Example:
        >>> from acclimate.framework.testing import make_layout, make_step
        >>> aligner = DomainAdversarial(lambda_d=0.5)
        >>> aligner.bind(make_layout(), {})
        >>> {name: term.weight for name, term in aligner(make_step()).items()}
        {'audio': 0.5, 'image': 0.5}
    """

    layout: Layout

    def __init__(self, lambda_d: float = 1.0, schedule: Schedule = "dann", hidden: int = 100) -> None:
        super().__init__()
        check_not_negative(lambda_d=lambda_d)
        check_one_of(SCHEDULES, schedule=schedule)
        check_positive(hidden=hidden)
        self.lambda_d = lambda_d
        self.schedule = schedule
        self.hidden = hidden
        self.discriminators = NamedModules()

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Make a discriminator for each modality's features."""
        self.layout = layout
        for modality in layout.modalities:
            self.discriminators[modality] = DomainDiscriminator(layout.feature_sizes[modality], self.hidden)

    def forward(self, step: Step) -> dict[str, Term]:
        """L_d of each modality, over the samples that have it."""
        if step.source is None or step.target is None:
            return {}
        coefficient = SCHEDULES[self.schedule](step.progress)
        terms: dict[str, Term] = {}
        for modality, discriminator in self.discriminators.items():
            rows = [side.batch.has(modality) for side in (step.source, step.target)]
            logits = [
                discriminator(reverse_gradient(keep_present(side.outputs.features[modality], present), coefficient))
                for side, present in zip((step.source, step.target), rows, strict=True)
            ]
            terms[modality] = Term(domain_loss(*logits, *rows), self.lambda_d, reach_across(modality))
        return terms
