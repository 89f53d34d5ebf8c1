"""The dynamic domain generator (DDG) of OSAN, and adversarial learning with soft domain labels.

Liu, Qiao, Lu, Yin, Lin, Peng, Ren: OSAN: A One-Stage Alignment Network to Unify Multimodal Alignment and Unsupervised
Domain Adaptation, CVPR 2023, https://doi.org/10.1109/CVPR52729.2023.00346, sections 3.2 and 3.3. The authors have
published no code. The tensor-based alignment (3.1) stands in `tensor_projections.py` and `tensor_alignment.py`. Whole
samples are mixed by Yan, Song, Li, Zou, Ren: Improve Unsupervised Domain Adaptation with Mixup Training, 2020,
https://arxiv.org/abs/2001.00677.
"""

import math
from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from ..framework.arguments import check_not_negative, check_one_of, check_positive, check_within
from ..framework.batch import Step, Term
from ..framework.interfaces import Aligner
from ..framework.layout import JOINT, Layout
from .domain_adversarial import SCHEDULES, DomainDiscriminator, Schedule, domain_loss, reverse_gradient
from .pairing import Pairing, check_pairing, draw_partners, pair_sides
from .terms import reach

Norm: TypeAlias = Literal["max", "l1", "l2", "softmax"]
Bridge: TypeAlias = Literal["dynamic", "mixup", "none"]


def gate(relevance: Float[Tensor, "*batch width"], norm: Norm = "max") -> Float[Tensor, "*batch width"]:
    """Norm(p), which the paper does not define.

    Args:
        relevance: how relevant each element is, p, which is not negative.
        norm: "max" divides by the largest element, so that the gate is within [0, 1] and opens wholly for it. "l1",
            "l2" and "softmax" make every element about 1/d, and what passes the gate vanish.

    Example:
        >>> gate(torch.tensor([1.0, 4.0])).tolist()
        [0.25, 1.0]
    """
    if norm == "softmax":
        return relevance.softmax(dim=-1)
    if norm == "max":
        size = relevance.amax(dim=-1, keepdim=True)
    else:
        size = torch.linalg.vector_norm(relevance, ord=1 if norm == "l1" else 2, dim=-1, keepdim=True)
    return relevance / size.clamp(min=torch.finfo(relevance.dtype).tiny)


def bridge_domains(
    own: Float[Tensor, "*#batch width"], commonality: Float[Tensor, "*#batch width"], mixing: float = 0.85
) -> Float[Tensor, "*batch width"]:
    r""":math:`s' = \lambda s + (1 - \lambda) c`, eq. 4.

    Example:
        >>> bridge_domains(torch.tensor([1.0]), torch.tensor([0.0]), 0.75).item()
        0.75
    """
    return mixing * own + (1.0 - mixing) * commonality


class DynamicDomainGenerator(nn.Module):
    r"""Finds what two samples have in common, once per head, and mixes it in: each head makes a domain of its own.

    The tokens of the attention are the elements of the two vectors: the query of element i of s is :math:`s_i a_i`, the
    key of element j of t is :math:`t_j b_j`, with learned :math:`a_i, b_j` of length k per head. The attention matrix
    :math:`M_{ij} = \langle s_i a_i, t_j b_j \rangle / \sqrt k` has rank k, and its sum over queries is
    :math:`\langle \sum_i s_i a_i, t_j b_j \rangle / \sqrt k`: no d x d matrix is made, and memory grows with d alone.
    p is the softmax of this sum over j (the paper calls p a distribution); :math:`c = t \odot Norm(p)`.

    Args:
        features: the length d of the vectors.
        domains: the number of heads H; 64 and 128 in the paper.
        head_size: the length k of a query or key.
        mixing: the share lambda of a sample that it keeps; 0.85 and 0.9 in the paper.
        norm: how relevance becomes a gate, see `gate`.

    Example:
        >>> generator = DynamicDomainGenerator(features=6, domains=4)
        >>> generator(torch.ones(2, 6), torch.zeros(2, 6)).shape
        torch.Size([2, 4, 6])
    """

    def __init__(
        self, features: int, domains: int = 64, head_size: int = 8, mixing: float = 0.85, norm: Norm = "max"
    ) -> None:
        super().__init__()
        self.mixing = mixing
        self.norm: Norm = norm
        deviation = math.sqrt(2.0 / (features + head_size))
        self.query = nn.Parameter(torch.randn(domains, features, head_size) * deviation)
        self.key = nn.Parameter(torch.randn(domains, features, head_size) * deviation)

    def relevance(
        self,
        own: Float[Tensor, "pair width"],
        other: Float[Tensor, "pair width"],
        heads: Int64[Tensor, " domain"] | None = None,
    ) -> Float[Tensor, "pair domain width"]:
        """Of each head, p: how relevant each element of the other sample is to this one."""
        query, key = (self.query, self.key) if heads is None else (self.query[heads], self.key[heads])
        # p = number of pairs, h = number of heads, d = length of a vector and k = length of a query or key.
        queries = torch.einsum("pd,hdk->phk", own, query) / math.sqrt(query.shape[2])
        return (torch.einsum("phk,hdk->phd", queries, key) * other.unsqueeze(1)).softmax(dim=2)

    def forward(
        self,
        own: Float[Tensor, "pair width"],
        other: Float[Tensor, "pair width"],
        heads: Int64[Tensor, " domain"] | None = None,
    ) -> Float[Tensor, "pair domain width"]:
        """Samples between `own` and `other`, nearer to `own`: one for each of the heads, or of all."""
        commonality = other.unsqueeze(1) * gate(self.relevance(own, other, heads), self.norm)
        return bridge_domains(own.unsqueeze(1), commonality, self.mixing)


def soft_domain_loss(
    near_source: Float[Tensor, "*batch 2"], near_target: Float[Tensor, "*batch 2"], mixing: float = 0.85
) -> Float[Tensor, ""]:
    """Cross-entropy of the discriminator on generated samples, whose labels are (lambda, 1 - lambda) and its mirror.

    Args:
        near_source: the logits (source, target) of s'.
        near_target: the logits of t'.
        mixing: the share lambda of its own domain that a generated sample has.

    Returns:
        The mean over all samples; 0, still part of the graph, where there is none.

    Example:
        >>> round(soft_domain_loss(torch.zeros(1, 2), torch.zeros(1, 2)).item(), 4)
        0.6931
    """
    total = near_source.sum() * 0.0
    for logits, source in ((near_source, mixing), (near_target, 1.0 - mixing)):
        labels = logits.new_tensor([source, 1.0 - source])
        total = total - (logits.log_softmax(dim=-1) * labels).sum()
    return total / max((near_source.numel() + near_target.numel()) // 2, 1)


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
