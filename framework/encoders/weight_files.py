"""Files of weights that others trained, read without running anything that they name."""

from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import load_file
from torch import Tensor

_FILES: Final = ("model.safetensors", "pytorch_model.bin")
"""Names of a folder's weights, the better first."""

_INSIDE: Final = ("state_dict_ema", "model_ema", "state_dict", "model_state", "model")
"""Where a training checkpoint has the weights, the better first."""


def read_weights(pretrained: str) -> dict[str, Tensor]:
    """Tensors by name.

    Args:
        pretrained: a file, `.safetensors` or what `torch.save` wrote of tensors and plain containers, or a folder with
            one.

    Raises:
        ValueError: if there is none, it cannot be read, or holds something else; one line.
    """
    path = _find(Path(pretrained).expanduser())
    try:
        # No class that the file names is made but tensors and plain containers.
        found: Any = (
            load_file(path)
            if path.suffix == ".safetensors"
            else torch.load(path, map_location="cpu", weights_only=True)
        )
    except Exception as error:  # torch, zip archives, pickles and safetensors each have errors of their own.
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ValueError(f"pretrained: cannot read {path}: {reason}") from error
    weights = _unwrap(found)
    wrong = [name for name, value in weights.items() if not isinstance(value, Tensor)]
    if wrong:
        raise ValueError(f"pretrained: {path} must hold tensors by name, but {wrong[0]!r} is none.")
    return weights


def _find(path: Path) -> Path:
    if path.is_dir():
        found = [path / name for name in _FILES if (path / name).is_file()]
        if not found:
            raise ValueError(f"pretrained: {path} must hold one of {', '.join(_FILES)}, but holds none.")
        return found[0]
    if not path.is_file():
        raise ValueError(f"pretrained must be a file or folder of weights, but there is none at {path}.")
    return path


def _unwrap(found: Any) -> dict[str, Any]:  # noqa: ANN401 - a file may hold anything
    if not isinstance(found, dict):
        return {type(found).__name__: found}
    inside = [found[name] for name in _INSIDE if isinstance(found.get(name), dict)]
    weights = inside[0] if inside else found
    # Training in several processes puts this before each name.
    return {str(name).removeprefix("module."): value for name, value in weights.items()}
