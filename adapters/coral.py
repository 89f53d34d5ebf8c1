"""Correlation alignment (CORAL): covariances of source and target features are brought together.

Sun, Saenko: Deep CORAL: Correlation Alignment for Deep Domain Adaptation, ECCV 2016 workshops,
https://arxiv.org/abs/1607.01719. Boomda (AAAI 2026, https://arxiv.org/abs/2511.08152, eq. 10) leaves out the factor
1/(4 d^2), and aligns the joint features of all modalities beside those of each.
"""

from collections.abc import Mapping
from itertools import accumulate
from typing import get_args

import torch
from torch import Tensor, nn

from ..framework.arguments import check_not_negative, check_one_of
from ..framework.batch import Representation, Side, Step, Term
from ..framework.interfaces import Aligner
from ..framework.layout import JOINT, DomainSide, Layout
from .covariances import Spread, Statistic, align, attach, spread


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
            value=attach(value, features, by_representation.values()),
            weight=self.weight,
            reaches=frozenset(by_representation),
            gradient=by_representation,
        )
