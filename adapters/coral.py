"""Correlation alignment (CORAL): covariances of source and target features are brought together.

Sun, Saenko: Deep CORAL: Correlation Alignment for Deep Domain Adaptation, ECCV 2016 workshops,
https://arxiv.org/abs/1607.01719. Boomda (AAAI 2026, https://arxiv.org/abs/2511.08152, eq. 10) leaves out the factor
1/(4 d^2), and aligns the joint features of all modalities beside those of each.
"""

from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Any, Literal, TypeAlias, get_args

import attrs
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from ..framework.arguments import check_not_negative, check_one_of
from ..framework.batch import Representation, Side, Step, Term
from ..framework.interfaces import Aligner
from ..framework.layout import JOINT, DomainSide, Layout
from ..framework.tensors.presence import keep_present

Statistic: TypeAlias = Literal["covariance", "second_moment"]


@attrs.frozen(eq=False)
class Spread:
    """How features spread, and what the gradient of that needs.

    Args:
        matrix: the covariance, or what stands for it.
        deviations: the features minus their mean, zero in rows that do not count; see `spread` for second moments.
        degrees: the number of rows that count, minus 1.
    """

    matrix: Float[Tensor, "width width"]
    deviations: Float[Tensor, "batch width"]
    degrees: int

    def block(self, columns: slice) -> "Spread":
        """The spread of some of the features: a block of the matrix, and their columns."""
        return Spread(self.matrix[columns, columns], self.deviations[:, columns], self.degrees)


@torch.no_grad()
def spread(
    features: Float[Tensor, "batch width"],
    counted: Bool[Tensor, " batch"] | None = None,
    statistic: Statistic = "covariance",
) -> Spread:
    r"""Covariance :math:`C = \frac{1}{n-1} \sum_i (z_i - \bar z)(z_i - \bar z)^T` over the rows that count.

    Args:
        features: the features of one side.
        counted: which rows count; None means all.
        statistic: "covariance", or "second_moment", :math:`(Z^T Z - \bar z \bar z^T) / (n-1) = C + \bar z \bar z^T`,
            which public CORAL code computes in place of it (:math:`\bar z \bar z^T` lacks a factor n): it sees the mean
            as well.

    Example:
        >>> features = torch.tensor([[1.0], [3.0]])
        >>> spread(features).matrix, spread(features, statistic="second_moment").matrix
        (tensor([[2.]]), tensor([[6.]]))
    """
    if counted is not None and bool(counted.all()):
        counted = None
    number = len(features) if counted is None else int(counted.sum())
    degrees = number - 1

    def keep(values: Float[Tensor, "batch width"]) -> Float[Tensor, "batch width"]:
        return values if counted is None else keep_present(values, counted)

    mean = keep(features).sum(dim=0) / max(number, 1)
    deviations = keep(features - mean)
    matrix = deviations.T @ (deviations / max(degrees, 1))
    if statistic == "second_moment":
        # What `align` needs of a row: its deviation for C, and (n - 1) / n of the mean for the mean's outer product.
        matrix = matrix + mean.outer(mean)
        deviations = keep(deviations + mean * (degrees / max(number, 1)))
    return Spread(matrix, deviations, degrees)


@torch.no_grad()
def align(
    source: Spread, target: Spread, *, normalised: bool = False
) -> tuple[Float[Tensor, ""], Float[Tensor, "source width"], Float[Tensor, "target width"]]:
    r"""Loss :math:`L^{CA} = \|C^t - C^s\|_F^2` (Boomda, eq. 10), and its gradients by both sides' features.

    :math:`\nabla_{Z^s} L^{CA} = \frac{4}{n_s - 1} (Z^s - \bar z^s)(C^s - C^t)`, and likewise with the sides exchanged.
    All three are constants without graph, see `coral_loss`; and 0 where a side has fewer than two rows that count.

    Args:
        source: how the source's features spread.
        target: how the target's features spread, which are of the same width d.
        normalised: whether the loss is divided by 4 d^2, as Deep CORAL does.

    Example:
        >>> sides = spread(torch.tensor([[0.0], [2.0]])), spread(torch.tensor([[5.0], [9.0]]))
        >>> [number.tolist() for number in align(*sides)]  # covariances 2 and 8
        [36.0, [[24.0], [-24.0]], [[-48.0], [48.0]]]
    """
    scale = 1 / (4 * len(source.matrix) ** 2) if normalised else 1.0
    if min(source.degrees, target.degrees) < 1:
        scale = 0.0
    difference = source.matrix - target.matrix
    # The derivative of the squared norm gives 2 C^s - 2 C^t, that of Z^T Z / (n - 1) twice the deviations.
    source_gradient = source.deviations @ difference * (4 * scale / max(source.degrees, 1))
    target_gradient = target.deviations @ difference * (-4 * scale / max(target.degrees, 1))
    return torch.linalg.vector_norm(difference).square() * scale, source_gradient, target_gradient


class _KnownGradient(torch.autograd.Function):
    # Any: torch has no type for its contexts.

    @staticmethod
    def forward(context: Any, value: Tensor, *pairs: Tensor) -> Tensor:  # noqa: ANN401
        """Pairs are all inputs, then all gradients."""
        context.save_for_backward(*pairs[len(pairs) // 2 :])
        return value.clone()

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        known = [gradient * saved for saved in context.saved_tensors]
        return None, *known, *([None] * len(known))


def _attach(
    value: Float[Tensor, ""],
    features: Iterable[Float[Tensor, "_ _"]],
    gradients: Iterable[Float[Tensor, "_ _"]],
) -> Float[Tensor, ""]:
    """The value, as a part of the graph whose gradient by the features is known already."""
    attached: Tensor = _KnownGradient.apply(value, *features, *gradients)
    return attached


def coral_loss(
    source: Float[Tensor, "source width"],
    target: Float[Tensor, "target width"],
    source_rows: Bool[Tensor, " source"] | None = None,
    target_rows: Bool[Tensor, " target"] | None = None,
    *,
    normalised: bool = False,
    statistic: Statistic = "covariance",
) -> Float[Tensor, ""]:
    """The loss of `align` for two batches of features, with a graph whose backward pass is the closed form.

    It cannot be differentiated twice.

    Args:
        source: the source's features.
        target: the target's features.
        source_rows: which rows of the source count; None means all.
        target_rows: which rows of the target count; None means all.
        normalised: whether the loss is divided by 4 d^2.
        statistic: what is compared, see `spread`.

    Example:
        >>> coral_loss(torch.tensor([[0.0], [2.0]]), torch.tensor([[5.0], [5.0]])).item()
        4.0
    """
    spreads = spread(source, source_rows, statistic), spread(target, target_rows, statistic)
    value, *gradients = align(*spreads, normalised=normalised)
    return _attach(value, (source, target), gradients)


class CorrelationAlignment(Aligner):
    """Aligns source and target covariances: one term per modality, and `joint` for the concatenation of all.

    A modality's term counts the rows that have it, the joint term those that have all modalities: with a zero for each
    missing part, a joint covariance would show which modalities are missing, and how often. Where a side has fewer than
    two such rows, a term is 0. Terms carry their gradients in closed form; one covariance per side serves all terms
    where no row lacks a modality. Without both sides there are no terms.

    Args:
        weight: the weight of each term.
        modalities: whether each modality is aligned by itself.
        joint: whether the joint features are aligned. They are the concatenation whatever the Fusion, as in Boomda.
        normalised: whether terms are divided by 4 d^2 (Deep CORAL), d being M times as large for the joint features.
            Boomda prints no such factor; it decides how a Balancer weighs the joint term.
        statistic: "covariance", or "second_moment" as in public code, see `spread`.

    Raises:
        ValueError: if an argument breaks its rule.

    Example:
        >>> from acclimate.framework.testing import make_layout, make_step
        >>> aligner = CorrelationAlignment()
        >>> aligner.bind(make_layout(), {})
        >>> terms = aligner(make_step())
        >>> list(terms), sorted(terms["audio"].gradient)
        (['audio', 'image', 'joint'], [('source', 'audio'), ('target', 'audio')])
    """

    layout: Layout

    def __init__(
        self,
        weight: float = 1.0,
        *,
        modalities: bool = True,
        joint: bool = True,
        normalised: bool = False,
        statistic: Statistic = "covariance",
    ) -> None:
        super().__init__()
        check_not_negative(weight=weight)
        if not (modalities or joint):
            raise ValueError("modalities or joint must be True, but both are False.")
        check_one_of(get_args(Statistic), statistic=statistic)
        self.weight = weight
        self.modalities = modalities
        self.joint = joint
        self.normalised = normalised
        self.statistic: Statistic = statistic

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take the modalities."""
        self.layout = layout

    def forward(self, step: Step) -> dict[str, Term]:
        """The terms, where there are both sides."""
        if step.source is None or step.target is None:
            return {}
        # In full precision: covariances of unit-norm features differ by numbers that half precision does not have.
        with torch.autocast(step.source.batch.present.device.type, enabled=False):
            source, target = self._spreads(step.source), self._spreads(step.target)
            return {name: self._term(name, source[name], target[name], step) for name in source}

    def _spreads(self, side: Side) -> dict[str, Spread]:
        """Of each modality, and of the joint features, as far as they are aligned."""
        modalities, features = self.layout.modalities, side.outputs.features
        complete = side.batch.present.all(dim=1)
        joint: dict[str, Spread] = {}
        if self.joint:
            concatenated = torch.cat([features[name] for name in modalities], dim=1)
            joint = {JOINT: spread(concatenated, complete, self.statistic)}
        if not self.modalities:
            return joint
        if joint and bool(complete.all()):
            return {name: joint[JOINT].block(columns) for name, columns in self._columns().items()} | joint
        own = {name: spread(features[name], side.batch.has(name), self.statistic) for name in modalities}
        return own | joint

    def _columns(self) -> dict[str, slice]:
        """Where each modality stands in the joint features."""
        ends = list(accumulate(self.layout.feature_sizes[name] for name in self.layout.modalities))
        return {
            name: slice(start, end) for name, start, end in zip(self.layout.modalities, [0, *ends], ends, strict=False)
        }

    def _term(self, name: str, source: Spread, target: Spread, step: Step) -> Term:
        value, *gradients = align(source, target, normalised=self.normalised)
        sides: tuple[DomainSide, DomainSide] = ("source", "target")
        by_representation: dict[Representation, Tensor] = {}
        for side, gradient in zip(sides, gradients, strict=True):
            blocks = self._columns() if name == JOINT else {name: slice(None)}
            by_representation |= {(side, modality): gradient[:, columns] for modality, columns in blocks.items()}
        representations = step.representations
        features = (representations[reached] for reached in by_representation)
        return Term(
            value=_attach(value, features, by_representation.values()),
            weight=self.weight,
            reaches=frozenset(by_representation),
            gradient=by_representation,
        )
