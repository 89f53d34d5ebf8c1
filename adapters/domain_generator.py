"""The dynamic domain generator (DDG) of OSAN: samples between two domains, with soft domain labels.

Liu, Qiao, Lu, Yin, Lin, Peng, Ren: OSAN: A One-Stage Alignment Network to Unify Multimodal Alignment and Unsupervised
Domain Adaptation, CVPR 2023, https://doi.org/10.1109/CVPR52729.2023.00346, section 3.2. The authors have published no
code.
"""

import math
from typing import Literal, TypeAlias

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

Norm: TypeAlias = Literal["max", "l1", "l2", "softmax"]


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
