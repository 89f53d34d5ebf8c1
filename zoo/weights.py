"""The weights of a checkpoint: read and set strictly, down to the last type and value."""

from collections.abc import Mapping

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from torch import Tensor, nn

from ..framework.errors import RunError, ZooError
from ..framework.runs.checkpoint import load_weights
from .folder import CheckpointFolder
from .names import WEIGHTS_FILE


def read_weights(files: CheckpointFolder) -> dict[str, Tensor]:
    """The tensors of model.safetensors, of the very bytes that have the hash.

    Raises:
        ZooError: if the file changed since it was checked, holds no tensors, or a number that is not finite.
    """
    name = str(files.path / WEIGHTS_FILE)
    content = files.read(WEIGHTS_FILE)
    try:
        tensors = load_tensors(content)
    except Exception as error:  # Not SafetensorError alone: some types have no counterpart in torch.
        reason = str(error) if isinstance(error, SafetensorError) else repr(error)
        raise ZooError(f"{name} holds no tensors: {' '.join(reason.split())[:200]}") from error
    check_finite(tensors, name)
    return tensors


def check_finite(tensors: Mapping[str, Tensor], name: str) -> None:
    """Refuse NaN and infinity, which no model that was trained well has.

    Args:
        tensors: by name.
        name: what errors call the file.

    Raises:
        ZooError: naming the first tensor that holds one.
    """
    for key, tensor in tensors.items():
        # Types of 8 bits and less, which no model of ours has, know no isfinite(); `set_weights` refuses them.
        if tensor.dtype.is_floating_point and tensor.element_size() > 1 and not torch.isfinite(tensor).all():
            raise ZooError(f"{name}: weight {key[:99]!r} holds NaN or infinity.")


def set_weights(model: nn.Module, tensors: Mapping[str, Tensor], name: str) -> None:
    """Give a model its weights: the same names, shapes and types, or none.

    Args:
        model: with fresh weights.
        tensors: by name.
        name: what errors call the file.

    Raises:
        ZooError: naming the first tensor that differs.
    """
    for key, own in model.state_dict().items():
        if key in tensors and tensors[key].dtype != own.dtype:
            raise ZooError(f"{name}: weight {key!r} must be of {own.dtype}, but is of {tensors[key].dtype}.")
    try:
        load_weights(model, tensors, name)
    except RunError as error:
        raise ZooError(" ".join(str(error).split())[:500]) from error
