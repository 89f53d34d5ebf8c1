"""Which modules of an encoder compute in float32, whatever the others do."""

from collections.abc import Iterator
from typing import Final

from torch import nn

MARK: Final = "computes_in_float32"
"""Attribute by which a module says that it does, or does not."""


def full_precision_modules(module: nn.Module, name: str = "") -> Iterator[tuple[str, nn.Module]]:
    """The outermost modules that compute in float32, by name.

    They are those that have buffers but no parameters: filters of spectrograms and of resampling, which are known and
    not learnt. They stand where raw sound comes in, whose powers half precision cannot hold. A module with parameters,
    such as a learnt front end, says so by `computes_in_float32 = True`; `False` takes one out.

    Example:
        >>> from acclimate.framework.encoders import LogMelCNN
        >>> [name for name, _ in full_precision_modules(LogMelCNN(sampling_rate=8000))]
        ['front_end']
    """
    if _computes_in_float32(module):
        yield name, module
        return
    for child, inner in module.named_children():
        yield from full_precision_modules(inner, f"{name}.{child}" if name else child)


def _computes_in_float32(module: nn.Module) -> bool:
    says: bool | None = getattr(module, MARK, None)
    if says is not None:
        return says
    has_constants = any(buffer.is_floating_point() for buffer in module.buffers())
    return has_constants and next(module.parameters(), None) is None
