"""Anchor drags drift: coordinates of each drift are matched with the anchor's by optimal transport (A3D2's ADD).

Sun, Zhang, Hong, Zhu, Zeng: Adversarial Alignment with Anchor Dragging Drift (A3D2): Multimodal Domain Adaptation with
Partially Shifted Modalities, ACL 2025, https://aclanthology.org/2025.acl-long.967/, section 3.4; the authors'
code: https://github.com/sunjunaimer/A3D2. The plans stand in `transport.py`.
"""

from collections.abc import Iterator, Mapping
from typing import Final, cast, get_args

import attrs
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ..framework.arguments import check_not_negative, check_one_of, check_within
from ..framework.batch import Side, Step, Term
from ..framework.errors import RecipeError
from ..framework.interfaces import Aligner
from ..framework.layout import DomainSide, Layout, Task
from ..framework.tensors.named_modules import NamedModules
from ..framework.tensors.presence import keep_present
from .modality_roles import ModalityRoles, roles_among
from .terms import term_name
from .transport import EXACT, Transport

PREDICTIONS: Final = "predictions"
"""Stands before the modality in the names of terms that match class probabilities."""


def coordinate_cost(
    drift: Float[Tensor, "batch drift"],
    anchor: Float[Tensor, "batch anchor"],
    counted: Bool[Tensor, " batch"] | None = None,
) -> Float[Tensor, "drift anchor"]:
    r""":math:`C = 1 - \frac1N \tilde Z_m^T \tilde Z_0` (below eq. 7): how little coordinates go together over a batch.

    Args:
        drift: the drift's representations, of norm 1.
        anchor: the anchor's, of the same samples.
        counted: which rows count; None means all. N is their number.

    Example:
        >>> coordinate_cost(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.6, 0.8]]))
        tensor([[0.4000, 0.2000],
                [1.0000, 1.0000]])
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


class AnchorDragDrift(Aligner):
    """Anchor drags drift (ADD): matches the coordinates of each drift with the anchor's by transport (section 3.4).

    One term per drift, named like it, on samples that have both; with `prediction_weight`, also
    `predictions/<drift>` for classification tasks, with the task's name behind where there are several. The shared
    part `roles` says what anchor and drifts are.

    Its value is almost constant (0.99 and more at 256 coordinates): judge weights by the gradient, or by what they do.

    Args:
        gamma1: the weight of each drift's term.
        transport: which plan is taken; the exact one as printed.
        plan_momentum: the momentum of the plan that the loss uses, `x <- momentum x + (1 - momentum) pi*`, which begins
            with the identity over p; 0.95 in the authors' code, and 0, the plan itself, in the paper. The moving plan
            of each drift is a buffer, which moves in training, with each batch that has rows that count.
        detach_anchor: whether the anchor gets no gradient, as in the authors' code.
        prediction_weight: the weight of the same loss on the two modalities' class probabilities, which is 1 in the
            authors' code; 0 leaves it out.
        warm_up: the share of training before the terms begin; the authors' code waits for 200 of about 460 steps.
        side: whose samples are matched; paper and code agree on the target.

    Raises:
        ValueError: if an argument breaks its rule.
        RecipeError: when bound, if `roles` are missing, sizes differ where the plan has a momentum, or the plan needs
            the package POT, and it is not installed.

    Example:
        >>> from acclimate.framework.testing import make_layout, make_step
        >>> roles, aligner = ModalityRoles(anchor="audio"), AnchorDragDrift()
        >>> roles.bind(make_layout(3), {})
        >>> aligner.bind(make_layout(3), {"roles": roles})
        >>> {name: sorted(term.reaches) for name, term in aligner(make_step(3)).items()}
        {'image': [('target', 'audio'), ('target', 'image')], 'text': [('target', 'audio'), ('target', 'text')]}
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
        self.plans = NamedModules()

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

    def observe(self, step: Step) -> None:
        """Move the moving plans."""
        for match in self._matches(step) if self.plan_momentum else ():
            plan = self.transport.plan(match.cost.detach())
            cast("_MovingPlan", self.plans[match.name]).move(plan, self.plan_momentum, match.counted.any())

    def forward(self, step: Step) -> dict[str, Term]:
        """L_OT of each drift."""
        return {
            match.name: Term(
                transport_objective(match.cost, self._plan(match)) * match.counted.any(),
                self.gamma1 if match.name == match.drift else self.prediction_weight,
                frozenset({(self.side, match.drift)} | (set() if self.detach_anchor else {(self.side, match.anchor)})),
            )
            for match in self._matches(step)
        }

    def _plan(self, match: "_Match") -> Float[Tensor, "rows columns"]:
        if self.plan_momentum:
            return cast("_MovingPlan", self.plans[match.name]).plan
        return self.transport.plan(match.cost.detach())

    def _matches(self, step: Step) -> list["_Match"]:
        """What is matched; all costs before the first plan: it waits for the device, and the others need not again."""
        side = step.source if self.side == "source" else step.target
        anchor = self.roles.anchor
        if side is None or anchor is None or step.progress < self.warm_up:
            return []
        found = []
        for name, drift, values in self._values(side):
            counted = side.batch.has(drift) & side.batch.has(anchor)
            pulls = values[anchor].detach() if self.detach_anchor else values[anchor]
            found.append(_Match(name, drift, anchor, coordinate_cost(values[drift], pulls, counted), counted))
        return found

    def _values(self, side: Side) -> Iterator[tuple[str, str, Mapping[str, Tensor]]]:
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


@attrs.frozen(eq=False)
class _Match:
    """A drift and the anchor, and what it costs to move coordinates of one to those of the other."""

    name: str
    drift: str
    anchor: str
    cost: Float[Tensor, "rows columns"]
    counted: Bool[Tensor, " batch"]


class _MovingPlan(nn.Module):
    """An exponential moving average of plans, which begins with the identity."""

    plan: Tensor

    def __init__(self, points: int) -> None:
        super().__init__()
        self.register_buffer("plan", torch.eye(points) / points)

    def move(self, plan: Float[Tensor, "points points"], momentum: float, counts: Bool[Tensor, ""]) -> None:
        """Make it the average with one more plan, if that counts."""
        moved = momentum * self.plan + (1 - momentum) * plan
        # A new tensor: a loss of an earlier step may still be differentiated with the old one.
        self.plan = torch.where(counts, moved, self.plan)
