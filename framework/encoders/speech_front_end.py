"""The convolutional front end of wav2vec 2.0 and its kin, told how long each row is."""

from typing import Any, cast

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from .masking import clear_padding, own_steps, widen


class SpeechFrontEnd(nn.Module):
    """Waveforms to vectors, one for each 20 ms as a rule (wav2vec 2.0, https://arxiv.org/abs/2006.11477, section 2).

    A row's vectors are those that the model makes of the row alone: where the first convolution is normalised over
    time, the statistics are of the row's own steps. A row shorter than the convolutions' field is filled with silence.

    Args:
        model: a model of transformers for WavLM, wav2vec 2.0 or HuBERT, whose layers are taken.
        normalise: whether each waveform is brought to mean 0 and variance 1 first.
    """

    def __init__(self, model: Any, *, normalise: bool) -> None:  # noqa: ANN401 - three classes with no common base
        super().__init__()
        self.normalise = normalise
        self.convolutions: nn.ModuleList = model.feature_extractor.conv_layers
        self.projection: nn.Module = model.feature_projection
        self.norm: MaskedNorm | None = None
        if model.config.feat_extract_norm == "group":
            first = cast("Any", self.convolutions[0])
            self.norm, first.layer_norm = MaskedNorm(first.layer_norm), nn.Identity()
        self.windows = list(zip(model.config.conv_kernel, model.config.conv_stride, strict=True))
        self.field = _field(self.windows)

    def steps(self, lengths: Int64[Tensor, " batch"]) -> Int64[Tensor, " batch"]:
        """How many vectors waveforms of so many samples give, at least one."""
        steps = lengths.clamp(min=self.field)
        for kernel, stride in self.windows:
            steps = _convolved(steps, kernel, stride)
        return steps

    def forward(
        self, waveform: Float[Tensor, "batch samples"], lengths: Int64[Tensor, " batch"]
    ) -> Float[Tensor, "batch frames width"]:
        """Vectors, of which each row's first `steps(lengths)` are its own; one or more others follow."""
        own = clear_padding(waveform.unsqueeze(2), lengths).squeeze(2)
        own = to_zero_mean_unit_variance(own, lengths) if self.normalise else own
        # As much for every input, so that the graph has no branch for short ones.
        hidden = functional.pad(own, (0, self.field - 1)).unsqueeze(1)
        steps = lengths.clamp(min=self.field)
        for number, layer in enumerate(self.convolutions):
            if number == 0 and self.norm is not None:
                first = cast("Any", layer)
                hidden = first.activation(self.norm(first.conv(hidden), _convolved(steps, *self.windows[0])))
            else:
                hidden = layer(hidden)
        # HuBERT's projection gives the vectors alone, the others' what it normalised as well.
        projected: Tensor | tuple[Tensor, ...] = self.projection(hidden.transpose(1, 2))
        return projected[0] if isinstance(projected, tuple) else projected


class MaskedNorm(nn.Module):
    """Normalises each channel over a row's own steps, as `GroupNorm` with one channel a group does over all.

    Args:
        norm: the GroupNorm whose weights are taken.
    """

    def __init__(self, norm: nn.GroupNorm) -> None:
        super().__init__()
        self.weight, self.bias, self.eps = norm.weight, norm.bias, norm.eps

    def forward(
        self, values: Float[Tensor, "batch channels steps"], lengths: Int64[Tensor, " batch"]
    ) -> Float[Tensor, "batch channels steps"]:
        """Normalise; what stands behind a row's end may be anything finite."""
        own = own_steps(lengths, values.shape[2]).unsqueeze(1)
        count, wide = lengths.view(-1, 1, 1), widen(values)
        zero = torch.zeros((), dtype=wide.dtype, device=wide.device)
        mean = torch.where(own, wide, zero).sum(dim=2, keepdim=True) / count
        centred = torch.where(own, wide - mean, zero)
        scale = torch.rsqrt(centred.square().sum(dim=2, keepdim=True) / count + self.eps)
        return (centred * scale).to(values.dtype) * self.weight.unsqueeze(1) + self.bias.unsqueeze(1)


def to_zero_mean_unit_variance(
    waveform: Float[Tensor, "batch samples"], lengths: Int64[Tensor, " batch"]
) -> Float[Tensor, "batch samples"]:
    """Each row less its mean, over its standard deviation, of its own samples; zero behind them.

    It is what a model's feature extractor does where its preprocessor_config.json says `do_normalize`.
    """
    own, count = own_steps(lengths, waveform.shape[1]), lengths.unsqueeze(1)
    zero = torch.zeros((), dtype=waveform.dtype, device=waveform.device)
    mean = torch.where(own, waveform, zero).sum(dim=1, keepdim=True) / count
    centred = torch.where(own, waveform - mean, zero)
    return centred * torch.rsqrt(centred.square().sum(dim=1, keepdim=True) / count + 1e-7)


def _convolved(steps: Int64[Tensor, " batch"], kernel: int, stride: int) -> Int64[Tensor, " batch"]:
    return (steps - kernel) // stride + 1


def _field(windows: list[tuple[int, int]]) -> int:
    """How many samples one vector sees."""
    field, apart = 1, 1
    for kernel, stride in windows:
        field += (kernel - 1) * apart
        apart *= stride
    return field
