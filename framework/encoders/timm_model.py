"""Models of timm without their classifier: made, with weights from a file, timm's hub or at random."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from .efficientnet_names import to_timm_names
from .weight_files import read_weights


def make_timm_model(model_name: str, shape: tuple[int, int, int], *, pretrained: str | bool | None) -> nn.Module:
    """A model that gives one vector per image.

    Args:
        model_name: as `timm.list_models()` has it; a tag behind a point names one of several pretrained weights.
        shape: of the images, `(channels, height, width)`. Pretrained weights of the first layer, which are for three
            channels, are summed where there is one and repeated where there are more.
        pretrained: a file of weights or a folder with one, see `read_weights`;
            True for timm's, which are downloaded once; False or None for random ones.

    Raises:
        ValueError: if there is no such model or file, or they do not fit; one line.
    """
    import timm

    if not timm.is_model(model_name):
        similar = ", ".join(timm.list_models(f"*{model_name.partition('_')[0]}*")[:5]) or "none"
        raise ValueError(f"model_name must be one of timm.list_models(), but got {model_name!r}; similar: {similar}.")
    # Transformers have a position for each patch and must know the size; other models do not take the argument.
    configuration = timm.get_pretrained_cfg(model_name)
    fixed = configuration is not None and configuration.fixed_input_size
    size: dict[str, Any] = {"img_size": shape[1:]} if fixed else {}
    weights = to_timm_names(read_weights(pretrained)) if isinstance(pretrained, str) else None
    try:
        model: nn.Module = timm.create_model(
            model_name,
            pretrained=bool(pretrained),
            pretrained_cfg_overlay={} if weights is None else {"state_dict": weights},
            num_classes=0,
            in_chans=shape[0],
            **size,
        )
    except (AssertionError, OSError, RuntimeError, TypeError, ValueError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        images = f"images of {shape[1]} x {shape[2]}"
        raise ValueError(f"timm cannot make {model_name!r} for {images}: {reason}") from error
    if weights is not None:
        _check_complete(model, weights, model_name, str(pretrained))
        # timm keeps a second copy.
        settings: Any = model.pretrained_cfg
        settings.pop("state_dict", None)
    return model


def expected_moments(model: nn.Module, channels: int) -> dict[str, Sequence[float]]:
    """`mean` and `std` by channel, of values in [0, 1], of the images that timm's weights were trained on.

    Where there are not three channels, each has the mean of three.
    """
    settings: Any = model.pretrained_cfg
    moments: dict[str, Sequence[float]] = {}
    for kind in ("mean", "std"):
        values = settings[kind]
        moments[kind] = list(values) if len(values) == channels else [sum(values) / len(values)] * channels
    return moments


def _check_complete(model: nn.Module, weights: dict[str, Tensor], model_name: str, pretrained: str) -> None:
    # timm leaves what a file lacks as it was, which is random.
    missing = [name for name in model.state_dict() if name not in weights and not name.endswith("num_batches_tracked")]
    if missing:
        raise ValueError(f"pretrained: {pretrained} lacks weights of {model_name}, such as {missing[0]}.")
