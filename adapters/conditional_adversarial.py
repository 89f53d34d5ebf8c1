"""Adversarial alignment of each drift, given its predicted classes (A3D2's AA).

Sun, Zhang, Hong, Zhu, Zeng: Adversarial Alignment with Anchor Dragging Drift (A3D2): Multimodal Domain Adaptation with
Partially Shifted Modalities, ACL 2025, https://aclanthology.org/2025.acl-long.967/, section 3.3; the authors'
code: https://github.com/sunjunaimer/A3D2. The conditional map is that of CDAN (Long, Cao, Wang, Jordan: Conditional
Adversarial Domain Adaptation, NeurIPS 2018, https://arxiv.org/abs/1705.10667).
"""

from collections.abc import Mapping
from typing import Literal, TypeAlias, cast, get_args

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ..framework.arguments import check_not_negative, check_one_of, check_positive
from ..framework.batch import Representation, Side, Step, Term
from ..framework.errors import RecipeError
from ..framework.interfaces import Aligner
from ..framework.layout import JOINT, Layout, Task
from ..framework.tensors.named_modules import NamedModules
from ..framework.tensors.presence import keep_present
from .domain_adversarial import SCHEDULES, DomainDiscriminator, Schedule, domain_loss, reverse_gradient
from .modality_roles import ModalityRoles, roles_among
from .terms import reach, reach_across, term_name

Head: TypeAlias = Literal["own", "joint"]
DiscriminatorForm: TypeAlias = Literal["paper", "authors"]


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


class ConditionalAdversarial(Aligner):
    """Adversarial alignment (AA) of each drift across domains, given its predicted classes (section 3.3).

    One term per drift, named like it; with several tasks, the task's name stands behind. Without a target, or for a
    regression task, there are none. A discriminator per drift and task learns to tell the source from the target by
    the conditional map, through which features and predictions get the reversed gradient. Rows of an absent modality do
    not count. The shared part `roles` says what is a drift.

    Args:
        gamma2: the weight of each term.
        head: whose softmax conditions the features: the drift's "own", as printed, or the "joint" one, as in the
            authors' code.
        detach: whether predictions get no gradient, as in CDAN; neither paper nor code does so.
        include_anchor: whether the anchor is aligned too, as in the authors' code.
        schedule: the coefficient of the reversal, see `DomainAdversarial`; the paper has none, which is "constant", the
            authors' code "quadratic".
        form: "paper" is one logit and `discrimination` with its sign turned; "authors" two logits, leaky ReLU and the
            cross-entropy's mean over both sides' rows.
        hidden: the width of the discriminators' hidden layer; None is 100 (the paper prints none), or the authors' 12.
        modality_weights: the factor of a modality's term, by modality; 1 where not given. The authors' code has some.

    Raises:
        ValueError: if an argument breaks its rule.
        RecipeError: when bound, if `roles` are missing or a modality is unknown.

    Example:
        >>> from acclimate.framework.testing import make_layout, make_step
        >>> roles, aligner = ModalityRoles(anchor="audio"), ConditionalAdversarial()
        >>> roles.bind(make_layout(3), {})
        >>> aligner.bind(make_layout(3), {"roles": roles})
        >>> {name: term.weight for name, term in aligner(make_step(3)).items()}
        {'image': 20.0, 'text': 20.0}
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
        self.discriminators = NamedModules()

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
                self.discriminators[task.name] = NamedModules(
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
        discriminator = cast("NamedModules", self.discriminators[task.name])[drift]
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
