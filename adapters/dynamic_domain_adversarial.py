"""Adversarial learning on the joint features, with samples generated between the domains (OSAN's L_adv).

Liu, Qiao, Lu, Yin, Lin, Peng, Ren: OSAN: A One-Stage Alignment Network to Unify Multimodal Alignment and Unsupervised
Domain Adaptation, CVPR 2023, https://doi.org/10.1109/CVPR52729.2023.00346, section 3.3. The authors have published no
code. Whole samples are mixed by Yan, Song, Li, Zou, Ren: Improve Unsupervised Domain Adaptation with Mixup Training,
2020, https://arxiv.org/abs/2001.00677.
"""

from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..framework.arguments import check_not_negative, check_one_of, check_positive, check_within
from ..framework.batch import Step, Term
from ..framework.interfaces import Aligner
from ..framework.layout import JOINT, Layout
from .domain_adversarial import SCHEDULES, DomainDiscriminator, Schedule, domain_loss, reverse_gradient
from .domain_generator import DynamicDomainGenerator, Norm, bridge_domains, soft_domain_loss
from .pairing import Pairing, check_pairing, draw_partners, pair_sides
from .terms import reach

Bridge: TypeAlias = Literal["dynamic", "mixup", "none"]


class DynamicDomainAdversarial(Aligner):
    """L_adv of OSAN: a domain discriminator behind gradient reversal, on the joint features.

    The terms are `raw`, of the samples of both sides with their hard labels, and `generated`, of the samples between
    them with soft labels. Without a target there is none. The generated samples are not classified: as printed, only
    the source's samples are. The generator learns with the features, from the reversed gradient.

    Args:
        alpha: the weight of each term. The paper prints none; the default is ours.
        bridge: "dynamic" is the dynamic domain generator, "mixup" mixes whole samples, "none" generates nothing: the
            paper's "w/o DDG".
        domains: the number of soft domains H; 64 and 128 in the paper.
        drawn: how many soft domains are drawn at random for each step, to save time; None takes all, as printed.
        mixing: the share lambda of a sample that it keeps; 0.85 and 0.9 in the paper.
        pairing: which source sample is mixed with a target sample, see `pair_sides`. The paper's is "random"; see
            `TensorAlignment`.
        norm: how relevance becomes a gate, see `gate`.
        head_size: the length of the generator's queries and keys.
        schedule: the coefficient of the reversal, see `DomainAdversarial`.
        hidden: the width of the discriminator's hidden layer.

    Raises:
        ValueError: if an argument breaks its rule.

    Example:
        >>> import attrs
        >>> from acclimate.framework.testing import make_layout, make_step
        >>> step, aligner = make_step(width=4), DynamicDomainAdversarial(domains=8)
        >>> aligner.bind(attrs.evolve(make_layout(width=4), joint_size=8), {})
        >>> list(aligner(step))
        ['raw', 'generated']
    """

    layout: Layout

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        bridge: Bridge = "dynamic",
        domains: int = 64,
        drawn: int | None = None,
        mixing: float = 0.85,
        pairing: Pairing = "class",
        norm: Norm = "max",
        head_size: int = 8,
        schedule: Schedule = "dann",
        hidden: int = 100,
    ) -> None:
        super().__init__()
        check_not_negative(alpha=alpha)
        check_within("[0, 1]", mixing=mixing)
        check_positive(domains=domains, head_size=head_size, hidden=hidden)
        if drawn is not None and not 1 <= drawn <= domains:
            raise ValueError(f"drawn must be within [1, {domains}], the number of domains, but got {drawn}.")
        check_one_of(get_args(Bridge), bridge=bridge)
        check_one_of(get_args(Norm), norm=norm)
        check_one_of(SCHEDULES, schedule=schedule)
        check_pairing(pairing)
        self.alpha = alpha
        self.bridge: Bridge = bridge
        self.domains = domains
        self.drawn = drawn
        self.mixing = mixing
        self.pairing: Pairing = pairing
        self.norm: Norm = norm
        self.head_size = head_size
        self.schedule: Schedule = schedule
        self.hidden = hidden

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Make the generator and the discriminator for the joint features."""
        self.layout = layout
        width = layout.joint_size
        self.discriminator = DomainDiscriminator(width, self.hidden)
        self.generator = (
            DynamicDomainGenerator(width, self.domains, self.head_size, self.mixing, self.norm)
            if self.bridge == "dynamic"
            else None
        )

    def forward(self, step: Step) -> dict[str, Term]:
        """The discriminator's loss on the samples of both sides, and on those generated between them."""
        if step.source is None or step.target is None:
            return {}
        source, target = (side.outputs.features[JOINT] for side in (step.source, step.target))
        reaches = reach("source", self.layout) | reach("target", self.layout)
        raw = domain_loss(self._discriminate(source, step), self._discriminate(target, step))
        terms = {"raw": Term(raw, self.alpha, reaches)}
        if self.bridge != "none":
            source_rows, target_rows = draw_partners(pair_sides(self.pairing, step, self.layout), step.generator)
            between = self._generate(source[source_rows], target[target_rows], step.generator)
            near_source, near_target = (self._discriminate(features, step) for features in between)
            terms["generated"] = Term(soft_domain_loss(near_source, near_target, self.mixing), self.alpha, reaches)
        return terms

    def _generate(
        self, source: Tensor, target: Tensor, random: torch.Generator | None
    ) -> tuple[Float[Tensor, "pair *domain width"], Float[Tensor, "pair *domain width"]]:
        if self.generator is None:
            return bridge_domains(source, target, self.mixing), bridge_domains(target, source, self.mixing)
        heads = None
        if self.drawn is not None:
            heads = torch.randperm(self.domains, generator=random)[: self.drawn].to(source.device)
        return self.generator(source, target, heads), self.generator(target, source, heads)

    def _discriminate(self, features: Float[Tensor, "*batch width"], step: Step) -> Float[Tensor, "*batch 2"]:
        logits: Tensor = self.discriminator(reverse_gradient(features, SCHEDULES[self.schedule](step.progress)))
        return logits
