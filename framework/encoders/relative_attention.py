"""WavLM's attention, with padding and position bias in one mask."""

import math
from typing import Any

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.nn import functional


class RelativePositionBias(nn.Module):
    """What attention adds for the distance of two steps: one number a bucket of distances and head.

    Half of the buckets are for steps ahead; half of those hold one distance each, the others ever more, up to
    `max_distance` (Raffel et al., T5, JMLR 2020, section 2.1).

    Args:
        attention: WavLM's first, whose weights are taken.
    """

    def __init__(self, attention: Any) -> None:  # noqa: ANN401 - transformers has no types for it
        super().__init__()
        self.embedding: nn.Embedding = attention.rel_attn_embed
        self.buckets: int = attention.num_buckets // 2
        self.max_distance: int = attention.max_distance

    def forward(self, steps: int | torch.SymInt) -> Float[Tensor, "heads steps steps"]:
        """The bias between all pairs of so many steps."""
        position = torch.arange(steps, device=self.embedding.weight.device)
        bias: Tensor = self.embedding(self._bucket(position.unsqueeze(0) - position.unsqueeze(1)))
        return bias.permute(2, 0, 1)

    def _bucket(self, distance: Int64[Tensor, "steps steps"]) -> Int64[Tensor, "steps steps"]:
        exact = self.buckets // 2
        absolute = distance.abs()
        share = torch.log(absolute.clamp(min=1).float() / exact) / math.log(self.max_distance / exact)
        far = (exact + share * (self.buckets - exact)).long().clamp(max=self.buckets - 1)
        return (distance > 0) * self.buckets + torch.where(absolute < exact, absolute, far)


class RelativeAttention(nn.Module):
    """Self-attention whose position bias each query gates (Chen et al., WavLM, JSTSP 2022, equations 4 to 7).

    transformers calls torch's older attention function, which takes the padding and the bias as two masks of different
    types, with a warning, and averages weights that nobody reads. This is the same with one mask.

    Args:
        attention: WavLM's, whose weights are taken.
    """

    def __init__(self, attention: Any) -> None:  # noqa: ANN401 - transformers has no types for it
        super().__init__()
        self.heads: int = attention.num_heads
        self.dropout: float = attention.dropout
        self.query: nn.Linear = attention.q_proj
        self.key: nn.Linear = attention.k_proj
        self.value: nn.Linear = attention.v_proj
        self.output: nn.Linear = attention.out_proj
        self.gate: nn.Linear = attention.gru_rel_pos_linear
        self.gate_scale: nn.Parameter = attention.gru_rel_pos_const

    def forward(
        self,
        hidden_states: Float[Tensor, "batch steps width"],
        attention_mask: Bool[Tensor, "batch steps"],
        position_bias: Float[Tensor, "heads steps steps"],
        **_: object,
    ) -> tuple[Float[Tensor, "batch steps width"], None, Float[Tensor, "heads steps steps"]]:
        """What WavLM's layers expect of an attention: its output, no weights, and the bias for the next layer."""
        bias = self._gates(hidden_states) * position_bias
        attended = functional.scaled_dot_product_attention(
            self._split(self.query(hidden_states)),
            self._split(self.key(hidden_states)),
            self._split(self.value(hidden_states)),
            attn_mask=bias.masked_fill(~attention_mask[:, None, None, :], -math.inf),
            dropout_p=self.dropout if self.training else 0.0,
        )
        output: Tensor = self.output(attended.transpose(1, 2).flatten(2))
        return output, None, position_bias

    def _gates(self, hidden_states: Float[Tensor, "batch steps width"]) -> Float[Tensor, "batch heads steps 1"]:
        """One factor a head and query, which multiplies the bias."""
        gates: Tensor = self.gate(self._split(hidden_states))
        update, reset = gates.reshape(*gates.shape[:3], 2, 4).sum(dim=4).sigmoid().chunk(2, dim=3)
        return update * (reset * self.gate_scale - 1) + 2

    def _split(self, values: Float[Tensor, "batch steps width"]) -> Float[Tensor, "batch heads steps size"]:
        return values.reshape(*values.shape[:2], self.heads, -1).transpose(1, 2)
