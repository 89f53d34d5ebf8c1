"""Encoders of images."""

from collections.abc import Mapping, Sequence
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from ..arguments import check_multiple, check_positive
from ..batch import EncoderInput
from ..interfaces import Encoder
from .convolution import GROUPS, conv_block, feature_layer, halve
from .renormalise import Renormalise
from .timm_encoder import TimmEncoder
from .timm_model import expected_moments

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
        >>> import torch
        >>> SmallCNN(in_channels=1, height=28, width=28)(EncoderInput(torch.zeros(2, 1, 28, 28))).shape
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

    def forward(self, inputs: EncoderInput) -> Float[Tensor, "batch out_features"]:
        """Encode images `(B, C, H, W)`."""
        features: Tensor = self.layers(inputs.values)
        return features


class TimmImage(TimmEncoder):
    """Any image model of timm, without its classifier.

    Pretrained weights expect images of a certain mean and standard deviation. Where the data's preprocessing brings
    images to others, this brings them to those, so that no recipe has to; their size is the recipe's to choose.

    Args:
        model_name: as `timm.list_models()` has it.
        in_channels: of the images.
        height: of the images.
        width: of the images.
        pretrained: a file of weights or a folder with one, `.safetensors` or what `torch.save` wrote of tensors alone;
            True for timm's own, which are downloaded once; False or None for random ones.
        trainable_layers: how many layers train, from the top, as timm tells them apart: stages of a convolutional
            network, blocks of a transformer. None trains all.
        out_features: a last layer maps the model's features to this length; None keeps the model's own.
        mean: by channel, that the preprocessing takes off the images; the data give it.
        std: by channel, that the preprocessing divides the images by; the data give it.
        expects: `mean` and `std` of the preprocessing that the weights were trained with. None means timm's for
            pretrained weights, and those of the data for random ones.

    Raises:
        ValueError: if timm has no such model, it does not take images of this size, or the weights do not fit it.

    Example:
        >>> import torch
        >>> TimmImage("test_resnet", in_channels=3, height=64, width=64)(EncoderInput(torch.zeros(2, 3, 64, 64))).shape
        torch.Size([2, 64])
    """

    def __init__(
        self,
        model_name: str,
        in_channels: int,
        height: int,
        width: int,
        *,
        pretrained: str | bool | None = None,
        trainable_layers: int | None = None,
        out_features: int | None = 64,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        expects: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        super().__init__(
            model_name,
            (in_channels, height, width),
            pretrained=pretrained,
            trainable_layers=trainable_layers,
            out_features=out_features,
        )
        self.expects = expected_moments(self.model, in_channels) if expects is None and pretrained else expects
        self.renormalise: nn.Module = nn.Identity()
        if self.expects is not None and mean is not None and std is not None:
            self.renormalise = Renormalise(mean, std, self.expects["mean"], self.expects["std"])

    def prepare(self, values: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch channels _ _"]:
        """Images as the weights expect them."""
        images: Tensor = self.renormalise(values)
        return images

    def portable_arguments(self) -> dict[str, Any]:
        """What the weights expect, in place of the weights."""
        return {"pretrained": None, "expects": self.expects}


def default_image_encoder(in_channels: int, height: int, width: int) -> Encoder:
    """`SmallCNN` for small images, else timm's `resnet10t`, which is the fastest of its residual networks."""
    if max(height, width) <= SMALL:
        return SmallCNN(in_channels, height, width)
    return TimmImage("resnet10t", in_channels, height, width)
