"""A checkpoint: one safetensors file of tensors, with plain data in its metadata. Nothing that we load is unpickled."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ..errors import RunError
from ..files.whole_file import whole_file


@attrs.frozen(eq=False)
class Checkpoint:
    """Tensors by name, and plain data."""

    tensors: Mapping[str, Tensor]
    state: Mapping[str, Any]

    def under(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose name begins so, without that beginning."""
        return {name.removeprefix(prefix): tensor for name, tensor in self.tensors.items() if name.startswith(prefix)}


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a file that is there whole or not at all, whatever happens meanwhile.

    Tensors that share memory are written once, and listed in the metadata under their other names.

    Raises:
        WriteError: if it cannot be written.
    """
    kept: dict[tuple[Any, ...], str] = {}
    aliases: dict[str, str] = {}
    tensors: dict[str, Tensor] = {}
    for name, tensor in checkpoint.tensors.items():
        identity = (tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype, tensor.device)
        first = kept.setdefault(identity, name) if tensor.numel() else name
        if first == name:
            tensors[name] = tensor.detach().cpu().contiguous().clone()
        else:
            aliases[name] = first
    metadata = {"state": json.dumps(dict(checkpoint.state)), "aliases": json.dumps(aliases)}
    with whole_file(path) as unfinished:
        try:
            save_file(tensors, unfinished, metadata)
        except SafetensorError as error:
            raise _system_error(error) from error


def _system_error(error: SafetensorError) -> OSError:
    """What the system said; safetensors puts its number into words."""
    number = re.search(r"\(os error (\d+)\)", str(error))
    return OSError(str(error)) if number is None else OSError(int(number[1]), os.strerror(int(number[1])))


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint onto the CPU; a run may go on writing newer ones meanwhile.

    Raises:
        RunError: if there is none, or it is damaged.
    """
    # Safetensors opens a file twice, and may have seen the names of one and the tensors of the next.
    while True:
        version = _version(path)
        try:
            found = _read(path)
        except RunError:
            if _version(path) == version:
                raise
            continue
        if _version(path) == version:
            return found


def _version(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def _read(path: Path) -> Checkpoint:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        state = json.loads(metadata["state"])
        for name, first in json.loads(metadata["aliases"]).items():
            tensors[name] = tensors[first]
    except FileNotFoundError as error:
        raise RunError(f"no checkpoint at {path}") from error
    except (SafetensorError, KeyError, OSError, ValueError) as error:
        raise RunError(f"{path} is no checkpoint of acclimate, or a damaged one: {error}") from error
    return Checkpoint(tensors, state)


def load_weights(module: nn.Module, tensors: Mapping[str, Tensor], name: str) -> None:
    """Load weights strictly: the same names and shapes, or an error that names the first difference.

    Args:
        module: what to load into.
        tensors: its state by name.
        name: what to call the weights in errors.

    Raises:
        RunError: if names or shapes differ.
    """
    wanted = module.state_dict()
    for key in sorted(wanted.keys() ^ tensors.keys()):
        where = "is missing" if key in wanted else "is not part of the model"
        raise RunError(f"{name}: weight {key!r} {where}")
    for key, value in wanted.items():
        if value.shape != tensors[key].shape:
            raise RunError(
                f"{name}: weight {key!r} must be of shape {tuple(value.shape)}, but is {tuple(tensors[key].shape)}"
            )
    module.load_state_dict(dict(tensors))
