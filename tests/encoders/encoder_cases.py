"""Encoders of every family, with inputs that fit them."""

from collections.abc import Callable, Mapping
from typing import Final

import attrs
import torch
from acclimate.framework import Encoder
from acclimate.framework.encoders import MLP, LogMelCNN, SignalResNet, SmallCNN, TimmImage, as_encoder
from torch import Tensor, nn


@attrs.frozen
class Case:
    """How to make an encoder, and the shape of one sample's input.

    Args:
        make: the encoder, with fresh weights.
        shape: of one sample's input.
        longer: another shape that it takes, or the same where it takes no other.
    """

    make: Callable[[], Encoder]
    shape: tuple[int, ...]
    longer: tuple[int, ...] = attrs.field(default=attrs.Factory(lambda case: case.shape, takes_self=True))

    def inputs(self, batch: int, *, longer: bool = False, seed: int = 0) -> Tensor:
        """Random inputs, the same for the same seed."""
        shape = self.longer if longer else self.shape
        return torch.randn(batch, *shape, generator=torch.Generator().manual_seed(seed))


CASES: Final[Mapping[str, Case]] = {
    "log_mel_cnn": Case(lambda: LogMelCNN(sampling_rate=8000, width=8), (2000,), (5001,)),
    "small_cnn": Case(lambda: SmallCNN(in_channels=1, height=28, width=20), (1, 28, 20)),
    "timm_convolutional": Case(lambda: TimmImage("test_resnet", in_channels=1, height=64, width=48), (1, 64, 48)),
    "timm_transformer": Case(lambda: TimmImage("test_vit", in_channels=2, height=32, width=48), (2, 32, 48)),
    "signal_resnet": Case(lambda: SignalResNet(in_channels=3, width=16), (3, 50), (3, 131)),
    "mlp": Case(lambda: MLP(in_features=10, hidden=(16, 12)), (10,)),
    "wrapped": Case(lambda: as_encoder(nn.Sequential(nn.Flatten(), nn.Linear(6, 5)), out_features=5), (2, 3)),
}
