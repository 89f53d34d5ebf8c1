"""What encoders around a model of transformers share: pretrained or random weights, and frozen lower layers."""

import contextlib
import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Final, Self

from torch import nn

from ..files.suggestion import suggestion
from .trunk_encoder import TrunkEncoder

_NO_FEATURES: Final = ("masked_spec_embed", "pooler.")
"""What the names of weights begin with that a checkpoint may lack, because no feature depends on them."""

_NO_ARCHITECTURE: Final = frozenset(
    {"_name_or_path", "architectures", "dtype", "id2label", "label2id", "transformers_version"}
)


class PretrainedEncoder(TrunkEncoder):
    """An encoder around a model of transformers.

    Args:
        config: the model's configuration, as `load_transformer` gives it.
    """

    def __init__(self, config: Any) -> None:  # noqa: ANN401 - transformers is not imported here
        super().__init__()
        self._portable = portable_config(config)

    def portable_arguments(self) -> dict[str, Any]:
        """The sizes, in place of the folder that the weights came from."""
        return {"pretrained": None, "config": self._portable}

    def train(self, mode: bool = True) -> Self:  # noqa: FBT001, FBT002 - torch's signature
        """Set the mode; what is frozen stays in evaluation mode."""
        super().train(mode)
        if self.frozen is not None:
            self.frozen.eval()
        return self


def load_transformer(
    pretrained: str | None, config: Mapping[str, Any] | None, families: Collection[str] | None = None
) -> tuple[nn.Module, Any]:
    """A model of transformers without a task's head, in float32, and its configuration.

    Args:
        pretrained: a folder with config.json and model.safetensors, or pytorch_model.bin that holds tensors alone; or a
            name on the Hugging Face hub.
        config: for random weights: `model_type`, and fields of its configuration class.
        families: what `model_type` may be; None means any.

    Raises:
        ValueError: if not exactly one of them is given, or there is no such model; one line.
    """
    if (pretrained is None) == (config is None):
        found = "neither" if pretrained is None else "both"
        raise ValueError(f"either pretrained or config must be given, but got {found}.")
    try:
        import transformers  # noqa: F401
    except ImportError as error:
        raise ValueError("a model of transformers needs that library: pip install acclimate[train]") from error
    model = _make(config, families) if config is not None else _load(str(pretrained))
    if families is not None and model.config.model_type not in families:
        raise ValueError(f"model_type must be one of {', '.join(families)}, but got {model.config.model_type!r}.")
    return model, model.config


def portable_config(config: Any) -> dict[str, Any]:  # noqa: ANN401
    """A model's configuration as JSON values, as `load_transformer` takes it: what differs from transformers' own."""
    default = type(config)()
    fields: dict[str, Any] = json.loads(json.dumps(config.to_dict()))
    usual = json.loads(json.dumps(default.to_dict()))
    differing = {
        name: value
        for name, value in fields.items()
        if hasattr(default, name) and name not in _NO_ARCHITECTURE and value != usual.get(name)
    }
    return {"model_type": config.model_type, **differing}


def count_frozen(layers: int, trainable_layers: int | None) -> int | None:
    """How many of a model's layers, counted from below, stay as they are.

    Args:
        layers: of the model.
        trainable_layers: how many train, from above, while what lies below them is frozen; None means that all of the
            model trains, what lies below the first layer too.

    Returns:
        The number, or None where nothing is frozen.

    Raises:
        ValueError: if there are not as many layers.

    Example:
        >>> count_frozen(12, 3)
        9
    """
    if trainable_layers is None:
        return None
    if not 0 <= trainable_layers <= layers:
        raise ValueError(f"trainable_layers must be from 0 to the model's {layers}, but got {trainable_layers}.")
    return layers - trainable_layers


def freeze(module: nn.Module) -> None:
    """Take a module's weights out of training, and put it into evaluation mode."""
    module.requires_grad_(requires_grad=False).eval()


def _load(pretrained: str) -> Any:  # noqa: ANN401
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModel

    looks_like_path = pretrained.startswith((".", "/", "~")) or pretrained.count("/") > 1
    if looks_like_path and not Path(pretrained).is_dir():
        raise ValueError(f"pretrained must be a folder or a name on the Hugging Face hub, but found no {pretrained}.")
    try:
        with _no_progress_bar():
            # Safetensors where there are any. WavLM's own release has a file of torch.save alone: of such a one nothing
            # but tensors is read.
            model, report = AutoModel.from_pretrained(
                pretrained, weights_only=True, output_loading_info=True, dtype=torch.float32
            )
    except UnpicklingError as error:
        raise ValueError(
            f"pretrained: cannot load {pretrained!r}: pytorch_model.bin must hold tensors alone, as torch.save writes "
            "them, but is damaged or holds something else."
        ) from error
    except (KeyError, OSError, RuntimeError, SafetensorError, TypeError, ValueError) as error:
        raise ValueError(f"pretrained: cannot load {pretrained!r}: {_first_line(error)}") from error
    missing = sorted(name for name in report["missing_keys"] if not name.startswith(_NO_FEATURES))
    if missing:
        raise ValueError(f"pretrained: {pretrained!r} lacks weights of {type(model).__name__}, such as {missing[0]}.")
    return model


def _make(config: Mapping[str, Any], families: Collection[str] | None) -> Any:  # noqa: ANN401
    from huggingface_hub.errors import StrictDataclassError
    from transformers import AutoConfig, AutoModel

    auto: Any = AutoModel
    fields = dict(config)
    model_type = fields.pop("model_type", None)
    # Before anything is made: some types of transformers fetch what they are made of.
    if families is not None and model_type not in families:
        raise ValueError(f"model_type must be one of {', '.join(families)}, but got {model_type!r}.")
    try:
        default: Any = AutoConfig.for_model(model_type)
    except ValueError as error:
        raise ValueError(f"config must have a known model_type, such as bert, but got {model_type!r}.") from error
    known = [*default.to_dict(), *default.attribute_map]
    for name in fields:
        # What begins with an underscore are no sizes but names: of the folder it came from, of code on the hub.
        if name not in known or name.startswith("_"):
            raise ValueError(f"config: {model_type} has no field {name!r}{suggestion(name, known)}")
    try:
        return auto.from_config(type(default)(**fields))
    except (KeyError, RuntimeError, StrictDataclassError, TypeError, ValueError) as error:
        raise ValueError(f"config: cannot make a model of type {model_type}: {_first_line(error)}") from error


@contextlib.contextmanager
def _no_progress_bar() -> Iterator[None]:
    from transformers.utils import logging

    bars: Any = logging
    enabled = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if enabled:
            bars.enable_progress_bar()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
