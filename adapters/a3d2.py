"""Adversarial Alignment with Anchor Dragging Drift (A3D2).

Sun, Zhang, Hong, Zhu, Zeng: Adversarial Alignment with Anchor Dragging Drift (A3D2): Multimodal Domain Adaptation with
Partially Shifted Modalities, ACL 2025. Its information-bottleneck term stands in `information_bottleneck.py`, the plans
in `transport.py`, anchor and drifts and the distance D_m in `modality_shift.py`.
"""

from collections.abc import Iterator, Mapping
from typing import Final, Literal, TypeAlias, cast, get_args

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ..framework.arguments import check_not_negative, check_one_of, check_positive, check_within
from ..framework.batch import Representation, Side, Step, Term
from ..framework.errors import RecipeError
from ..framework.interfaces import Aligner
from ..framework.layout import JOINT, DomainSide, Layout, Task
from .domain_adversarial import SCHEDULES, DomainDiscriminator, Schedule, domain_loss, reverse_gradient
from .modality_shift import ModalityRoles, roles_among
from .terms import keep_present, reach, reach_across, term_name
from .transport import EXACT, Transport

Head: TypeAlias = Literal["own", "joint"]
DiscriminatorForm: TypeAlias = Literal["paper", "authors"]

PREDICTIONS: Final = "predictions"
"""Stands before the modality in the names of terms that match class probabilities."""


def conditional_map(
    features: Float[Tensor, "batch width"], probabilities: Float[Tensor, "batch classes"]
) -> Float[Tensor, "batch classes*width"]:
    r""":math:`s = z \otimes \hat y` (section 3.3): the features times each class's probability, class after class.

    The paper writes the other order, which is the same to a discriminator; this is that of CDAN and the authors' code.

    Example:
        >>> conditional_map(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.25, 0.75]])).tolist()
        [[0.25, 0.5, 0.75, 1.5]]
    """
    return (probabilities.unsqueeze(2) * features.unsqueeze(1)).flatten(1)


def discrimination(
    source_logits: Float[Tensor, "source 1"],
    target_logits: Float[Tensor, "target 1"],
    source_rows: Bool[Tensor, " source"] | None = None,
    target_rows: Bool[Tensor, " target"] | None = None,
) -> Float[Tensor, ""]:
    r""":math:`L_D = \frac{1}{N^t} \sum \log D(s^t) + \frac{1}{N^s} \sum \log (1 - D(s^s))` of one drift (eq. 6).

    D is the sigmoid of the logits. The discriminator *maximises* it: in eq. 10 its sign has slipped.

    Example:
        >>> round(discrimination(torch.zeros(2, 1), torch.zeros(3, 1)).item(), 4)  # 2 log(1/2)
        -1.3863
    """
    return -2 * domain_loss(source_logits, target_logits, source_rows, target_rows, average="sides")


def coordinate_cost(
    drift: Float[Tensor, "batch drift"],
    anchor: Float[Tensor, "batch anchor"],
    counted: Bool[Tensor, " batch"] | None = None,
) -> Float[Tensor, "drift anchor"]:
    r""":math:`C = 1 - \frac1N \tilde Z_m^T \tilde Z_0` (below eq. 7): how little coordinates go together over a batch.

    Args:
        drift: representations of norm 1.
        anchor: of the same samples.
        counted: which rows count; None means all. N is their number.

    Example:
        >>> coordinate_cost(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.6, 0.8]])).tolist()
        [[0.3999999761581421, 0.19999998807907104], [1.0, 1.0]]
    """
    if counted is None:
        return 1 - drift.T @ anchor / len(drift)
    return 1 - keep_present(drift, counted).T @ keep_present(anchor, counted) / counted.sum().clamp(min=1)


def transport_objective(cost: Float[Tensor, "rows columns"], plan: Float[Tensor, "rows columns"]) -> Float[Tensor, ""]:
    r""":math:`\langle C, \pi \rangle` (eq. 8 and, summed over drifts, 9). The plan is a constant.

    Example:
        >>> transport_objective(torch.tensor([[0.0, 1.0], [1.0, 0.0]]), torch.eye(2) / 2).item()
        0.0
    """
    return (cost * plan.detach()).sum()


class ConditionalAdversarial(Aligner):
    """Adversarial alignment (AA) of each drift across domains, given its predicted classes (section 3.3).

    One term per drift, named like it; with several tasks, the task's name stands behind. Without a target, or for a
    regression task, there are none. A discriminator per drift and task learns to tell the source from the target by
    the conditional map, through which features and predictions get the reversed gradient. Rows of an absent modality do
    not count. The shared part `roles` says what is a drift.

    Args:
        gamma2: weight of each term.
        head: whose softmax conditions: the drift's "own", as printed, or the "joint" one, as in the authors' code.
        detach: whether predictions get no gradient, as in CDAN; neither paper nor code does so.
        include_anchor: whether the anchor is aligned too, as in the authors' code.
        schedule: coefficient of the reversal, see `DomainAdversarial`; the paper has none, which is "constant", the
            authors' code "quadratic".
        form: "paper" is one logit and `discrimination` with its sign turned; "authors" two logits, leaky ReLU and the
            cross-entropy's mean over both sides' rows.
        hidden: width of the discriminators' hidden layer; None is 100 (the paper prints none), or the authors' 12.
        modality_weights: factors by modality; 1 where not given. The authors' code has some.

    Raises:
        ValueError: if an argument breaks its rule.
        RecipeError: when bound, if `roles` are missing or a modality is unknown.
    """

    layout: Layout
    roles: ModalityRoles | None

    def __init__(
        self,
        gamma2: float = 20.0,
        head: Head = "own",
        *,
        detach: bool = False,
        include_anchor: bool = False,
        schedule: Schedule = "constant",
        form: DiscriminatorForm = "paper",
        hidden: int | None = None,
        modality_weights: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__()
        check_not_negative(gamma2=gamma2, **(modality_weights or {}))
        check_one_of(get_args(Head), head=head)
        check_one_of(SCHEDULES, schedule=schedule)
        check_one_of(get_args(DiscriminatorForm), form=form)
        if hidden is not None:
            check_positive(hidden=hidden)
        self.gamma2 = gamma2
        self.head: Head = head
        self.detach = detach
        self.include_anchor = include_anchor
        self.schedule: Schedule = schedule
        self.form: DiscriminatorForm = form
        self.hidden = hidden
        self.modality_weights = dict(modality_weights or {})
        self.discriminators = nn.ModuleDict()

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Make a discriminator per task and modality that may be a drift."""
        for name in self.modality_weights:
            if name not in layout.modalities:
                raise RecipeError(f"modality_weights must name {', '.join(layout.modalities)}, but got {name!r}.")
        self.layout = layout
        self.roles = None if self.include_anchor else roles_among(parts)
        drifts = layout.modalities if self.roles is None or self.roles.anchor is None else self.roles.drifts
        for task in layout.tasks:
            if not task.is_regression:
                self.discriminators[task.name] = nn.ModuleDict(
                    {name: self._discriminator(layout.task_feature_sizes[name] * task.outputs) for name in drifts}
                )

    def _discriminator(self, width: int) -> nn.Module:
        if self.form == "paper":
            return DomainDiscriminator(width, self.hidden or 100, outputs=1)
        return DomainDiscriminator(width, self.hidden or 12, nn.LeakyReLU(0.2))

    def forward(self, step: Step) -> dict[str, Term]:
        """-L_D of each drift, behind gradient reversal."""
        if step.source is None or step.target is None:
            return {}
        drifts = self.layout.modalities if self.roles is None else self.roles.drifts
        return {
            term_name(drift, task, self.layout): Term(
                self._value(step.source, step.target, step.progress, task, drift),
                self.gamma2 * self.modality_weights.get(drift, 1.0),
                self._reaches(drift),
            )
            for task in self.layout.tasks
            if not task.is_regression
            for drift in drifts
        }

    def _reaches(self, drift: str) -> frozenset[Representation]:
        if self.head == "own" or self.detach:
            return reach_across(drift)
        return reach("source", self.layout) | reach("target", self.layout)

    def _value(self, source: Side, target: Side, progress: float, task: Task, drift: str) -> Float[Tensor, ""]:
        source_rows, target_rows = source.batch.has(drift), target.batch.has(drift)
        maps = torch.cat([self._map(side, task, drift) for side in (source, target)])
        discriminator = self.discriminators.get_submodule(f"{task.name}.{drift}")
        logits = discriminator(reverse_gradient(maps, SCHEDULES[self.schedule](progress)))
        source_logits, target_logits = logits.split([len(source.batch), len(target.batch)])
        if self.form == "paper":
            return -discrimination(source_logits, target_logits, source_rows, target_rows)
        return domain_loss(source_logits, target_logits, source_rows, target_rows)

    def _map(self, side: Side, task: Task, drift: str) -> Float[Tensor, "batch _"]:
        present = side.batch.has(drift)
        logits = side.outputs.logits[task.name][JOINT if self.head == "joint" else drift]
        probabilities = keep_present(logits, present).softmax(dim=1)
        features = keep_present(side.outputs.task_features[task.name][drift], present)
        return conditional_map(features, probabilities.detach() if self.detach else probabilities)


class AnchorDragDrift(Aligner):
    """Anchor drags drift (ADD): matches the coordinates of each drift with the anchor's by transport (section 3.4).

    One term per drift, named like it, on samples that have both; with `prediction_weight`, also
    `predictions/<drift>` for classification tasks, with the task's name behind where there are several. The shared
    part `roles` says what anchor and drifts are.

    Its value is almost constant (0.99 and more at 256 coordinates): judge weights by the gradient, or by what they do.

    Args:
        gamma1: weight of each drift's term.
        transport: which plan; the exact one as printed.
        plan_momentum: the loss uses `x <- momentum x + (1 - momentum) pi*`, which begins with the identity over p; 0.95
            in the authors' code, and 0, the plan itself, in the paper. The moving plan of each drift is a buffer, which
            moves in training, with each batch that has rows that count.
        detach_anchor: whether the anchor gets no gradient, as in the authors' code.
        prediction_weight: of the same loss on the two modalities' class probabilities, which the authors' code adds
            with weight 1; 0 leaves it out.
        warm_up: share of training before the terms begin; the authors' code waits for 200 of about 460 steps.
        side: whose samples; paper and code agree on the target.

    Raises:
        ValueError: if an argument breaks its rule.
        RecipeError: when bound, if `roles` are missing, sizes differ where the plan has a momentum, or the plan needs
            the package POT, and it is not installed.
    """

    layout: Layout
    roles: ModalityRoles

    def __init__(
        self,
        gamma1: float = 10.0,
        transport: Transport = EXACT,
        *,
        plan_momentum: float = 0.0,
        detach_anchor: bool = False,
        prediction_weight: float = 0.0,
        warm_up: float = 0.0,
        side: DomainSide = "target",
    ) -> None:
        super().__init__()
        check_not_negative(gamma1=gamma1, prediction_weight=prediction_weight)
        check_within("[0, 1)", plan_momentum=plan_momentum, warm_up=warm_up)
        check_one_of(get_args(DomainSide), side=side)
        self.gamma1 = gamma1
        self.transport = transport
        self.plan_momentum = plan_momentum
        self.detach_anchor = detach_anchor
        self.prediction_weight = prediction_weight
        self.warm_up = warm_up
        self.side: DomainSide = side
        self.plans = nn.ModuleDict()

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take the roles, and make the moving plans."""
        self.layout = layout
        self.roles = roles_among(parts)
        sizes = layout.feature_sizes
        equal = len(set(sizes.values())) == 1
        self.transport.require(equal_sizes=equal)
        if self.plan_momentum:
            if not equal:
                raise RecipeError(f"a plan with momentum needs features of one size, but got {dict(sizes)}.")
            for drift in self.roles.drifts or layout.modalities:
                self.plans[drift] = _MovingPlan(sizes[drift])
                for task in self._tasks:
                    self.plans[term_name(f"{PREDICTIONS}/{drift}", task, layout)] = _MovingPlan(task.outputs)

    @property
    def _tasks(self) -> list[Task]:
        """Those whose predictions are matched."""
        return [task for task in self.layout.tasks if not task.is_regression] if self.prediction_weight else []

    def forward(self, step: Step) -> dict[str, Term]:
        """L_OT of each drift."""
        side = step.source if self.side == "source" else step.target
        anchor = self.roles.anchor
        if side is None or anchor is None or step.progress < self.warm_up:
            return {}
        # All costs before the first plan: it waits for the device, and the others need not wait again.
        costs = {
            name: (drift, coordinate_cost(*self._sides(values, drift, anchor), self._counted(side, drift, anchor)))
            for name, drift, values in self._matches(side)
        }
        return {
            name: Term(
                self._value(name, cost, self._counted(side, drift, anchor)),
                self.gamma1 if name == drift else self.prediction_weight,
                frozenset({(self.side, drift)} | (set() if self.detach_anchor else {(self.side, anchor)})),
            )
            for name, (drift, cost) in costs.items()
        }

    def _matches(self, side: Side) -> Iterator[tuple[str, str, Mapping[str, Tensor]]]:
        """By term: its name, the drift, and what is matched of each modality."""
        for drift in self.roles.drifts:
            yield drift, drift, side.outputs.features
        for task in self._tasks:
            logits = side.outputs.logits[task.name]
            probabilities = {
                name: keep_present(logits[name], side.batch.has(name)).softmax(dim=1) for name in self.layout.modalities
            }
            for drift in self.roles.drifts:
                yield term_name(f"{PREDICTIONS}/{drift}", task, self.layout), drift, probabilities

    def _sides(self, values: Mapping[str, Tensor], drift: str, anchor: str) -> tuple[Tensor, Tensor]:
        return values[drift], values[anchor].detach() if self.detach_anchor else values[anchor]

    @staticmethod
    def _counted(side: Side, drift: str, anchor: str) -> Bool[Tensor, " batch"]:
        return side.batch.has(drift) & side.batch.has(anchor)

    def _value(
        self, name: str, cost: Float[Tensor, "rows columns"], counted: Bool[Tensor, " batch"]
    ) -> Float[Tensor, ""]:
        plan = self.transport.plan(cost.detach())
        if self.plan_momentum:
            plan = cast("_MovingPlan", self.plans[name]).move(plan, self.plan_momentum, counted.any())
        return transport_objective(cost, plan) * counted.any()


class _MovingPlan(nn.Module):
    """An exponential moving average of plans, which begins with the identity."""

    plan: Tensor

    def __init__(self, points: int) -> None:
        super().__init__()
        self.register_buffer("plan", torch.eye(points) / points)

    def move(
        self, plan: Float[Tensor, "points points"], momentum: float, counts: Bool[Tensor, ""]
    ) -> Float[Tensor, "points points"]:
        """The average with one more plan; it is remembered in training, if the plan counts."""
        moved = momentum * self.plan + (1 - momentum) * plan
        if self.training:
            self.plan.copy_(torch.where(counts, moved, self.plan))
        return moved
