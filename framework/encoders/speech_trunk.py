"""The lower part of WavLM, wav2vec 2.0 and HuBERT: front end, positions, and the layers below those that train."""

from collections.abc import Iterable
from typing import Any, cast

from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.nn.utils import parametrize

from .masking import clear_padding, own_steps
from .relative_attention import RelativeAttention, RelativePositionBias
from .speech_front_end import SpeechFrontEnd


class SpeechTrunk(nn.Module):
    """From waveforms to the hidden states of the last of its transformer layers.

    Args:
        model: a model of transformers, whose modules are taken and changed.
        layers: how many of its transformer layers, from the lowest.
        normalise: whether each waveform is brought to mean 0 and variance 1 first.
    """

    def __init__(self, model: Any, layers: int, *, normalise: bool) -> None:  # noqa: ANN401 - see SpeechFrontEnd
        super().__init__()
        encoder = model.encoder
        attention = encoder.layers[0].attention
        self.position_bias: RelativePositionBias | None = None
        if hasattr(attention, "rel_attn_embed"):
            self.position_bias = RelativePositionBias(attention)
            for layer in encoder.layers:
                layer.attention = RelativeAttention(layer.attention)
        self.front_end = SpeechFrontEnd(model, normalise=normalise)
        self.positions = PositionalConvolution(encoder.pos_conv_embed)
        # Models with "stable" layers normalise after the last layer, the others here.
        self.norm: nn.Module = nn.Identity() if model.config.do_stable_layer_norm else encoder.layer_norm
        self.dropout: nn.Module = encoder.dropout
        self.layers: nn.ModuleList = encoder.layers[:layers]

    def steps(self, lengths: Int64[Tensor, " batch"]) -> Int64[Tensor, " batch"]:
        """How many steps waveforms of so many samples have afterwards."""
        return self.front_end.steps(lengths)

    def forward(
        self, waveform: Float[Tensor, "batch samples"], lengths: Int64[Tensor, " batch"]
    ) -> Float[Tensor, "batch frames width"]:
        """Hidden states, of which each row's first `steps(lengths)` are its own."""
        steps = self.steps(lengths)
        hidden = clear_padding(self.front_end(waveform, lengths), steps)
        hidden = self.dropout(self.norm(hidden + self.positions(hidden, steps)))
        return self.run(self.layers, hidden, steps)

    def run(
        self, layers: Iterable[nn.Module], hidden: Float[Tensor, "batch frames width"], steps: Int64[Tensor, " batch"]
    ) -> Float[Tensor, "batch frames width"]:
        """These layers one after the other; no step attends to padding."""
        own = own_steps(steps, hidden.shape[1])
        bias = None if self.position_bias is None else self.position_bias(hidden.shape[1])
        for layer in layers:
            hidden = _run_layer(layer, hidden, own, bias)
        return hidden


class PositionalConvolution(nn.Module):
    """Positions relative to what stands around, by a wide convolution.

    wav2vec 2.0, https://arxiv.org/abs/2006.11477, section 2.

    The factor that weight normalisation splits off the weights is multiplied into them.

    Args:
        embedding: the model's, whose layers are taken.
    """

    def __init__(self, embedding: Any) -> None:  # noqa: ANN401 - see SpeechFrontEnd
        super().__init__()
        self.convolution: nn.Conv1d = embedding.conv
        if parametrize.is_parametrized(self.convolution, "weight"):
            parametrize.remove_parametrizations(self.convolution, "weight")
        # Some of HuBERT's kin normalise the convolution's input in place of its weights.
        self.norm: nn.BatchNorm1d | None = getattr(embedding, "batch_norm", None)
        self.cut: nn.Module = embedding.padding
        self.activation: nn.Module = embedding.activation

    def forward(
        self, hidden: Float[Tensor, "batch frames width"], steps: Int64[Tensor, " batch"]
    ) -> Float[Tensor, "batch frames width"]:
        """What is added to the hidden states, which are zero behind each row's end."""
        if self.norm is not None:
            hidden = clear_padding(self.norm(hidden.transpose(1, 2)).transpose(1, 2), steps)
        positions: Tensor = self.activation(self.cut(self.convolution(hidden.transpose(1, 2))))
        return positions.transpose(1, 2)


def _run_layer(
    layer: nn.Module,
    hidden: Float[Tensor, "batch frames width"],
    own: Bool[Tensor, "batch frames"],
    bias: Float[Tensor, "heads frames frames"] | None,
) -> Float[Tensor, "batch frames width"]:
    if bias is not None:
        output: tuple[Tensor, Any] = layer(hidden, attention_mask=own, position_bias=bias)
        return output[0]
    return cast("Tensor", layer(hidden, attention_mask=own[:, None, None, :]))
