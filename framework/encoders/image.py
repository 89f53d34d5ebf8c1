"""Encoders of images."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..interfaces import Encoder
from ._checks import check_multiple, check_positive
from .convolution import GROUPS, conv_block, feature_layer, halve

SMALL = 64
"""Images of which no side is longer than this are small."""


class SmallCNN(Encoder):
    """A convolutional network for small images `(B, C, H, W)`, such as digits of 28 x 28.

    timm's networks halve such images until one pixel is left (stride 32): their batch normalisation then cannot train
    on a batch of one, and where things stand in the image is lost.

    Args:
        in_channels: of the images.
        height: of the images.
        width: of the images.
        out_features: length of the feature vectors.
        channels: of the first block, a multiple of 8; the last has four times as many.

    Raises:
        ValueError: if a size does not fit.

    Example:
        >>> SmallCNN(in_channels=1, height=28, width=28)(torch.zeros(2, 1, 28, 28)).shape
        torch.Size([2, 64])
    """

    def __init__(self, in_channels: int, height: int, width: int, out_features: int = 64, channels: int = 16) -> None:
        super().__init__()
        check_positive(in_channels=in_channels, height=height, width=width)
        check_multiple(GROUPS, channels=channels)
        self.out_features = out_features
        self.layers = nn.Sequential(
            conv_block(in_channels, channels),
            halve(),
            conv_block(channels, 2 * channels),
            halve(),
            conv_block(2 * channels, 4 * channels),
            halve(),
            nn.Flatten(),
            feature_layer(4 * channels * -(-height // 8) * -(-width // 8), out_features),
        )

    def forward(self, inputs: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch out_features"]:
        """Encode images."""
        features: Tensor = self.layers(inputs)
        return features


class TimmImage(Encoder):
    """Any image model of timm, without its classifier.

    Args:
        model_name: as `timm.list_models()` has it.
        in_channels: of the images.
        height: of the images.
        width: of the images.
        pretrained: whether to load timm's weights, which are downloaded once.
        out_features: a last layer maps the model's features to this length; None keeps the model's own.

    Raises:
        ValueError: if timm has no such model, or the model does not take images of this size.

    Example:
        >>> TimmImage("test_resnet", in_channels=3, height=64, width=64)(torch.zeros(2, 3, 64, 64)).shape
        torch.Size([2, 64])
    """

    def __init__(
        self,
        model_name: str,
        in_channels: int,
        height: int,
        width: int,
        *,
        pretrained: bool = False,
        out_features: int | None = 64,
    ) -> None:
        super().__init__()
        check_positive(in_channels=in_channels, height=height, width=width)
        self.model = _create_model(model_name, (in_channels, height, width), pretrained=pretrained)
        size = _feature_size(self.model, model_name, (in_channels, height, width))
        self.out_features = out_features or size
        self.projection = nn.Identity() if out_features is None else feature_layer(size, out_features)

    def forward(self, inputs: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch out_features"]:
        """Encode images."""
        features: Tensor = self.projection(self.model(inputs))
        return features


def default_image_encoder(in_channels: int, height: int, width: int) -> Encoder:
    """`SmallCNN` for small images, else timm's `resnet10t`, which is the fastest of its residual networks."""
    if max(height, width) <= SMALL:
        return SmallCNN(in_channels, height, width)
    return TimmImage("resnet10t", in_channels, height, width)


def _create_model(model_name: str, shape: tuple[int, int, int], *, pretrained: bool) -> nn.Module:
    import timm

    if not timm.is_model(model_name):
        similar = ", ".join(timm.list_models(f"*{model_name.partition('_')[0]}*")[:5]) or "none"
        raise ValueError(f"model_name must be one of timm.list_models(), but got {model_name!r}; similar: {similar}.")
    # Transformers have a position for each patch and must know the size; other models do not take the argument.
    configuration = timm.get_pretrained_cfg(model_name)
    fixed = configuration is not None and configuration.fixed_input_size
    in_channels, height, width = shape
    size: dict[str, Any] = {"img_size": (height, width)} if fixed else {}
    try:
        return timm.create_model(model_name, pretrained=pretrained, num_classes=0, in_chans=in_channels, **size)
    except (AssertionError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"timm cannot make {model_name!r} for images of {height} x {width}: {error}") from error


def _feature_size(model: nn.Module, model_name: str, shape: tuple[int, int, int]) -> int:
    model.eval()
    try:
        with torch.no_grad():
            features = model(torch.zeros(1, *shape))
    except (AssertionError, RuntimeError, ValueError) as error:
        raise ValueError(f"{model_name!r} does not take images of {shape[1]} x {shape[2]}: {error}") from error
    model.train()
    if features.ndim != 2:
        raise ValueError(f"{model_name!r} must give one vector per image, but gives the shape {tuple(features.shape)}.")
    return int(features.shape[1])
