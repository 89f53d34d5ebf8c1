"""Constructors name the argument that does not fit."""

from collections.abc import Callable

import pytest
import torch
from acclimate.framework import Encoder, EncoderInput
from acclimate.framework.encoders import MLP, LogMelCNN, SignalResNet, SmallCNN, TimmImage
from torch import nn


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LogMelCNN(8000, width=12), "width must be a positive multiple of 8, but got 12"),
        (lambda: LogMelCNN(8000, out_features=12), "out_features must be a positive multiple of 8, but got 12"),
        (
            lambda: LogMelCNN(8000, front_end=nn.Flatten(), masked=True),
            "front_end must be a LogMel .*, but got Flatten",
        ),
        (lambda: SmallCNN(0, 28, 28), "in_channels must be positive, but got 0"),
        (lambda: SmallCNN(1, 28, 28, channels=4), "channels must be a positive multiple of 8, but got 4"),
        (lambda: SignalResNet(3, depth=0), "depth must be positive, but got 0"),
        (lambda: SignalResNet(3, kernel_size=4), "kernel_size must be odd, but got 4"),
        (lambda: MLP(0), "in_features must be positive, but got 0"),
        (lambda: MLP(3, hidden=(8, -1)), "hidden must be positive, but got -1"),
        (lambda: MLP(3, dropout=1.0), r"dropout must be within \[0, 1\), but got 1.0"),
        (lambda: TimmImage("no_such_model", 3, 64, 64), "must be one of timm.list_models.*'no_such_model'"),
        (lambda: TimmImage("resnet_10", 3, 64, 64), "similar: .*resnet"),
        (lambda: TimmImage("test_convnext", 1, 28, 28), "'test_convnext' does not take images of 28 x 28"),
        (lambda: TimmImage("test_vit", 1, 28, 28), "'test_vit' does not take images of 28 x 28"),
        (lambda: TimmImage("test_vit", 1, 32, 32, out_features=0), "out_features must be at least 2, but got 0"),
        (lambda: MLP(3, out_features=1), "out_features must be at least 2, but got 1"),
    ],
)
def test_refuses(make: Callable[[], Encoder], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_timm_keeps_its_own_features_without_out_features() -> None:
    encoder = TimmImage("test_resnet", in_channels=1, height=64, width=64, out_features=None)
    assert encoder.out_features == encoder.model.num_features != 64
    assert encoder(EncoderInput(torch.zeros(2, 1, 64, 64))).shape == (2, encoder.out_features)


def test_mlp_without_hidden_layers_is_a_single_layer() -> None:
    encoder = MLP(in_features=4, hidden=(), out_features=2)
    assert [tuple(weights.shape) for weights in encoder.parameters()] == [(2, 4), (2,), (2,)]


def test_height_of_a_tone_can_be_told() -> None:
    """A low and a high tone of equal loudness get different features, although pooling runs over time."""
    time = torch.arange(8000) / 8000
    tones = torch.stack([torch.sin(2 * torch.pi * pitch * time) for pitch in (200, 2000)])
    low, high = LogMelCNN(8000).eval()(EncoderInput(tones))
    assert (low - high).norm() > 0.1 * low.norm()
