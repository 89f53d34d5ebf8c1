"""What tells one frozen trunk from another: its weights, its structure, and what it runs on."""

import json
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, TypeAlias

import torch
from torch import Tensor, nn

from .trunk_encoder import TrunkEncoder

Versions: TypeAlias = tuple[tuple[str, int, int], ...]
"""Name, place in memory and number of changes of each tensor."""

_OF_EVERY_MODULE: Final = frozenset(vars(nn.Module()))

_PACKAGES: Final = ("acclimate", "timm", "torch", "transformers")
"""Whose releases may compute something else."""

_DEPTH: Final = 6
"""How far objects within objects are described."""


def weight_versions(encoder: TrunkEncoder) -> Versions:
    """Is another one after weights were loaded or moved: cheap enough to ask at every step."""
    return tuple((name, tensor.data_ptr(), tensor._version) for name, tensor in _frozen_tensors(encoder))  # noqa: SLF001 - torch's own public name begins so


def trunk_fingerprint(encoder: TrunkEncoder) -> str:
    """A digest of all that a trunk's activations depend on but for its input and the precision.

    It covers the frozen tensors, the classes and plain attributes of all of the encoder's modules (so a number of heads
    or a sampling rate counts, which is no weight), what the encoder says of its configuration, and the releases of
    the libraries. An encoder whose attributes change while it runs, such as a counter, will not find its entries again.

    Raises:
        ValueError: if the encoder has no frozen trunk.
    """
    if encoder.frozen is None:
        raise ValueError(f"{type(encoder).__name__} has no frozen trunk.")
    digest = blake2b(digest_size=32)
    structure = [
        [name, _class_name(module), _describe(_own_attributes(module))] for name, module in encoder.named_modules()
    ]
    releases = [_release(package) for package in _PACKAGES]
    arguments = _describe(encoder.portable_arguments())
    digest.update(json.dumps([releases, arguments, structure], sort_keys=True).encode())
    for name, tensor in _frozen_tensors(encoder):
        digest.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        digest.update(tensor_bytes(tensor))
    return digest.hexdigest()


def tensor_bytes(tensor: Tensor) -> memoryview:
    """The bytes of a tensor's values, wherever it is."""
    flat = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
    return flat.numpy().data


def _frozen_tensors(encoder: TrunkEncoder) -> Iterator[tuple[str, Tensor]]:
    if encoder.frozen is not None:
        yield from encoder.frozen.named_parameters()
        yield from encoder.frozen.named_buffers()


def _own_attributes(module: nn.Module) -> dict[str, Any]:
    return {name: value for name, value in vars(module).items() if name not in _OF_EVERY_MODULE}


def _describe(value: Any, depth: int = _DEPTH) -> object:  # noqa: ANN401
    """As JSON values that are the same in every process."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Mapping() if depth:
            # Where weights came from does not matter, but what they are.
            return {str(key): _describe(part, depth - 1) for key, part in value.items() if key != "_name_or_path"}
        case list() | tuple() if depth:
            return [_describe(part, depth - 1) for part in value]
        case set() | frozenset() if depth:
            return sorted(json.dumps(_describe(part, depth - 1), sort_keys=True) for part in value)
        case _:
            return _describe_object(value, depth)


def _describe_object(value: object, depth: int) -> object:
    if isinstance(value, Tensor):
        return [str(value.dtype), list(value.shape), blake2b(tensor_bytes(value), digest_size=16).hexdigest()]
    if isinstance(value, torch.dtype | torch.device):
        return str(value)
    if isinstance(value, type) or (callable(value) and hasattr(value, "__qualname__")):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, nn.Module) or not depth:
        return _class_name(value)
    return [_class_name(value), _describe(getattr(value, "__dict__", {}), depth - 1)]


def _release(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _class_name(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"
