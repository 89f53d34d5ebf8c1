"""Sound as a picture, for any image model of timm."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from ..arguments import check_positive
from .log_mel import LogMel
from .timm_encoder import TimmEncoder


class TimmSpectrogram(TimmEncoder):
    """Log-mel spectrogram and any image model of timm with one channel, for waveforms `(B, samples)`.

    It takes no lengths: what an image model makes of a place depends on what stands around it, so a row's features
    cannot be told from its padding, which is silence. Where rows differ much in length, prefer `TransformerAudio`.

    Args:
        sampling_rate: of the waveforms, in Hz.
        samples: of a waveform; models that have a position for each patch take no other number.
        model_name: as `timm.list_models()` has it.
        mels: number of mel bands, the height of the picture.
        multiple: what the number of frames, the width of the picture, is filled up to a multiple of; transformers want
            that of their patches, such as 16.
        pretrained: as for `TimmImage`; weights of the first layer are summed over the colours.
        trainable_layers: as for `TimmImage`.
        out_features: a last layer maps the model's features to this length; None keeps the model's own.

    Raises:
        ValueError: as `TimmImage` does, of images of `mels` x frames.

    Example:
        >>> from acclimate.framework import EncoderInput
        >>> TimmSpectrogram(8000, 8000, "test_resnet")(EncoderInput(torch.zeros(2, 8000))).shape
        torch.Size([2, 64])
    """

    def __init__(
        self,
        sampling_rate: int,
        samples: int,
        model_name: str,
        *,
        mels: int = 64,
        multiple: int = 1,
        pretrained: str | bool | None = None,
        trainable_layers: int | None = None,
        out_features: int | None = 64,
    ) -> None:
        check_positive(samples=samples, multiple=multiple)
        front_end = LogMel(sampling_rate, mels=mels)
        frames = front_end(torch.zeros(1, samples)).shape[2]
        missing = -frames % multiple
        super().__init__(
            model_name,
            (1, mels, frames + missing),
            pretrained=pretrained,
            trainable_layers=trainable_layers,
            out_features=out_features,
        )
        self.front_end = front_end
        self.missing = missing

    def prepare(self, values: Float[Tensor, "batch samples"]) -> Float[Tensor, "batch 1 mels frames"]:
        """Spectrograms, whose mean is zero, filled up by zeros."""
        spectrogram: Tensor = self.front_end(values)
        return functional.pad(spectrogram, (0, self.missing)).unsqueeze(1)
