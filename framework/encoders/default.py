"""Which encoder a modality gets, and how an encoder's constructor gets what only the data tell."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final

from ..data.preprocessing import Preprocessing
from ..interfaces import Encoder
from .audio import LogMelCNN
from .image import default_image_encoder
from .mlp import MLP
from .signal import SignalResNet
from .text_cnn import SequenceCNN, TextCNN

DEFAULT_ENCODERS: Final[Mapping[str, Callable[..., Encoder]]] = {
    "audio": LogMelCNN,
    "depth": default_image_encoder,
    "features": MLP,
    "image": default_image_encoder,
    "sequence": SequenceCNN,
    "signal": SignalResNet,
    "text": TextCNN,
}
"""By `Preprocessing.kind`. All give 64 features, because RNA compares norms of features of equal size."""


def default_encoder(preprocessing: Preprocessing) -> Encoder:
    """The encoder that a modality gets where the recipe names none.

    Raises:
        ValueError: if there is none for this kind of preprocessing.

    Example:
        >>> from acclimate.framework.data.preprocessing import FeaturesPreprocessing
        >>> default_encoder(FeaturesPreprocessing(mean=[0.0, 0.0], std=[1.0, 1.0])).out_features
        64
    """
    if preprocessing.kind not in DEFAULT_ENCODERS:
        raise ValueError(
            f"kind of preprocessing must be one of {', '.join(DEFAULT_ENCODERS)} to have a default encoder, "
            f"but got {preprocessing.kind!r}."
        )
    return _call(DEFAULT_ENCODERS[preprocessing.kind], preprocessing, {})


def make_encoder(
    encoder_class: type[Encoder], preprocessing: Preprocessing, init_args: Mapping[str, object] | None = None
) -> Encoder:
    """Construct an encoder with the user's arguments and those that only the data tell.

    Args:
        encoder_class: its constructor gets those of `preprocessing.encoder_arguments()` that it has a parameter for.
        preprocessing: of the modality.
        init_args: the user's arguments, which take precedence.

    Raises:
        ValueError: if an argument is unknown, missing or refused by the constructor.

    Example:
        >>> from acclimate.framework.data.preprocessing import AudioPreprocessing
        >>> make_encoder(LogMelCNN, AudioPreprocessing(sampling_rate=8000, samples=4000), {"width": 8}).out_features
        64
    """
    return _call(encoder_class, preprocessing, init_args or {})


def _call(make: Callable[..., Encoder], preprocessing: Preprocessing, init_args: Mapping[str, object]) -> Encoder:
    parameters = inspect.signature(make).parameters
    arguments: dict[str, Any] = {
        name: value for name, value in preprocessing.encoder_arguments().items() if name in parameters
    }
    arguments.update(init_args)
    _check_arguments(make.__name__, parameters, arguments, preprocessing.kind)
    return make(**arguments)


def _check_arguments(
    name: str, parameters: Mapping[str, inspect.Parameter], arguments: Mapping[str, object], kind: str
) -> None:
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    named = [parameter for parameter in parameters.values() if parameter.kind not in variadic]
    takes_any = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())
    unknown = [] if takes_any else sorted(set(arguments) - {parameter.name for parameter in named})
    if unknown:
        known = ", ".join(parameter.name for parameter in named)
        raise ValueError(f"{name} takes the arguments {known}, but got {unknown[0]!r}.")
    missing = [parameter.name for parameter in named if parameter.default is parameter.empty]
    for argument in missing:
        if argument not in arguments:
            raise ValueError(f"{name} needs {argument!r}, which neither init_args nor the data ({kind}) give.")
