"""Encoders in half precision (IEEE 754 binary16), for graphs that are half as large."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..framework.batch import EncoderInput
from ..framework.interfaces import Encoder
from ..framework.intermediate import to_encoded
from .full_precision import full_precision_modules

Arguments = tuple[tuple[Any, ...], dict[str, Any]]
Hook = Callable[[nn.Module, tuple[Any, ...], Mapping[str, Any]], Arguments]


class HalfEncoder(Encoder):
    """An encoder whose weights are float16; what it takes and gives is float32.

    Values become float16 where they first meet such weights, so raw sound reaches its spectrogram as it is. Modules
    that `full_precision_modules` names stay in float32.

    Args:
        encoder: in evaluation mode; is left as it is.
    """

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = copy.deepcopy(encoder)
        self.out_features, self.time_axis = encoder.out_features, encoder.time_axis
        _halve(self.encoder)

    def forward(self, inputs: EncoderInput) -> Float[Tensor, "batch out_features"]:
        """Encode a batch."""
        return to_encoded(self.encoder(inputs)).features.float()


def _halve(encoder: Encoder) -> None:
    full = [module for _, module in full_precision_modules(encoder)]
    inside = {inner for module in full for inner in module.modules()}
    for module in full:
        module.register_forward_pre_hook(_convert_to(torch.float32), with_kwargs=True)
    for module in encoder.modules():
        if module in inside:
            continue
        if isinstance(module, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001 - the base of all three
            _absorb_statistics(module)
        if any(parameter.is_floating_point() for parameter in module.parameters(recurse=False)):
            _halve_weights(module)
            if inside.isdisjoint(module.modules()):
                module.register_forward_pre_hook(_convert_to(torch.float16), with_kwargs=True)


def _halve_weights(module: nn.Module) -> None:
    for parameter in module.parameters(recurse=False):
        if parameter.is_floating_point():
            parameter.data = parameter.data.half()
    for name, buffer in module.named_buffers(recurse=False):
        if buffer.is_floating_point():
            setattr(module, name, buffer.half())


def _absorb_statistics(norm: nn.modules.batchnorm._BatchNorm) -> None:
    """Make its scale and shift do what its statistics do: variances may lie far outside of what float16 can hold."""
    if not norm.affine or norm.running_mean is None or norm.running_var is None:
        return
    with torch.no_grad():
        scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        shift = norm.bias - norm.running_mean * scale
        norm.weight, norm.bias = nn.Parameter(scale), nn.Parameter(shift)
        norm.running_mean, norm.running_var = torch.zeros_like(scale), torch.ones_like(scale)
    norm.eps = 0.0


def _convert_to(dtype: torch.dtype) -> Hook:
    def convert(value: Any) -> Any:  # noqa: ANN401 - whatever a module takes
        if isinstance(value, EncoderInput):
            return attrs.evolve(value, values=convert(value.values))
        is_number = isinstance(value, Tensor) and value.is_floating_point()
        return value.to(dtype) if is_number else value

    def hook(_: nn.Module, values: tuple[Any, ...], named: Mapping[str, Any]) -> Arguments:
        return tuple(map(convert, values)), {name: convert(value) for name, value in named.items()}

    return hook
