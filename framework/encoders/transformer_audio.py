"""Sound by a pretrained transformer."""

from collections.abc import Mapping
from typing import Any, Final, cast

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from ..batch import EncoderInput
from .convolution import feature_layer
from .masking import clear_padding, mean_over_steps, row_lengths
from .pretrained import PretrainedEncoder, count_frozen, freeze, load_transformer
from .resample import Resample
from .speech_trunk import SpeechTrunk

FAMILIES: Final = ("hubert", "wav2vec2", "wavlm")
"""As the `model_type` of a configuration names them."""

SAMPLING_RATE: Final = 16000
"""Of the waveforms that all of them were trained on, in Hz."""


class TransformerAudio(PretrainedEncoder):
    """WavLM, wav2vec 2.0 or HuBERT of transformers, for waveforms `(B, samples)` of any length.

    https://arxiv.org/abs/2110.13900, https://arxiv.org/abs/2006.11477 and https://arxiv.org/abs/2106.07447.

    Features are the mean of the last layer's states over a row's own steps, through a last layer. They are those of the
    row alone, whatever the padding: see `SpeechFrontEnd`. Other sampling rates than 16 kHz are resampled. What the
    library does in pretraining only, masking of spans and dropping of whole layers, is left out.

    The convolutions at the bottom, what stands for positions, and the layers below those that train stay as they are.

    Args:
        sampling_rate: of the waveforms, in Hz.
        pretrained: a folder of the model's files, or its name on the Hugging Face hub.
        config: in place of `pretrained`, what its config.json would say, for random weights; `model_type` is needed.
        trainable_layers: how many transformer layers train, from the top; the papers train three of WavLM. None trains
            everything.
        normalise: whether each waveform is brought to mean 0 and variance 1 first. None does as the model's
            preprocessor_config.json says, and where there is none, does.
        out_features: length of the feature vectors.

    Raises:
        ValueError: if the model cannot be had, is of another kind, or has fewer layers.

    Example:
        >>> config = {"model_type": "wavlm", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
        ...           "intermediate_size": 64}
        >>> encoder = TransformerAudio(8000, config=config, trainable_layers=1)
        >>> encoder(EncoderInput(torch.zeros(2, 4000), torch.tensor([4000, 1500]))).shape
        torch.Size([2, 64])
    """

    time_axis = 1

    def __init__(
        self,
        sampling_rate: int,
        *,
        pretrained: str | None = None,
        config: Mapping[str, Any] | None = None,
        trainable_layers: int | None = None,
        normalise: bool | None = None,
        out_features: int = 64,
    ) -> None:
        model, found = load_transformer(pretrained, config, FAMILIES)
        super().__init__(found)
        layers: nn.ModuleList = cast("Any", model).encoder.layers
        frozen = count_frozen(len(layers), trainable_layers)
        self.normalise = _wants_normalised(pretrained) if normalise is None else normalise
        self.out_features = out_features
        self.resample = Resample(sampling_rate, SAMPLING_RATE)
        self.lower = SpeechTrunk(model, len(layers) if frozen is None else frozen, normalise=self.normalise)
        self.upper = nn.ModuleList() if frozen is None else layers[frozen:]
        self.norm: nn.Module = cast("Any", model).encoder.layer_norm if found.do_stable_layer_norm else nn.Identity()
        self.projection = feature_layer(found.hidden_size, out_features)
        self._is_frozen = frozen is not None
        if self._is_frozen:
            freeze(self.lower)
        if trainable_layers == 0:
            freeze(self.norm)

    @property
    def frozen(self) -> nn.Module | None:
        """Everything below the layers that train; None where all train."""
        return self.lower if self._is_frozen else None

    def trunk(
        self, values: Float[Tensor, "batch samples"], lengths: Int64[Tensor, " batch"] | None
    ) -> Float[Tensor, "batch steps ..."]:
        """Hidden states of the highest frozen layer; the waveforms themselves where nothing is frozen."""
        if self.frozen is None:
            return values
        own = row_lengths(EncoderInput(values, lengths))
        with torch.no_grad():
            hidden: Tensor = self.lower(self.resample(_clear(values, own)), self.resample.lengths(own))
        # Short rows leave steps behind their ends.
        return hidden if lengths is not None else hidden[:, : int(self.steps(own).max())]

    def steps(self, lengths: Int64[Tensor, " batch"]) -> Int64[Tensor, " batch"]:
        """One for each 20 ms, or each sample where nothing is frozen."""
        return lengths if self.frozen is None else self.lower.steps(self.resample.lengths(lengths))

    def top(self, activations: EncoderInput) -> Float[Tensor, "batch out_features"]:
        """The layers that train, the mean over a row's own steps, and the last layer."""
        hidden, own = activations.values, row_lengths(activations)
        if self.frozen is None:
            lengths = self.resample.lengths(own)
            hidden, own = self.lower(self.resample(_clear(hidden, own)), lengths), self.lower.steps(lengths)
        hidden = self.norm(self.lower.run(self.upper, clear_padding(hidden, own), own))
        features: Tensor = self.projection(mean_over_steps(hidden, own))
        return features

    def forward(self, inputs: EncoderInput) -> Float[Tensor, "batch out_features"]:
        """Encode waveforms `(B, samples)`."""
        # Short rows leave steps behind their ends, of rows that are all of one length too.
        own = row_lengths(inputs)
        return self.top(EncoderInput(self.trunk(inputs.values, own), self.steps(own), inputs.domain_side))

    def portable_arguments(self) -> dict[str, Any]:
        """The configuration in place of the files."""
        return {**super().portable_arguments(), "normalise": self.normalise}


def _clear(
    waveform: Float[Tensor, "batch samples"], lengths: Int64[Tensor, " batch"]
) -> Float[Tensor, "batch samples"]:
    return clear_padding(waveform.unsqueeze(2), lengths).squeeze(2)


def _wants_normalised(pretrained: str | None) -> bool:
    from transformers import Wav2Vec2FeatureExtractor

    if pretrained is None:
        return True
    try:
        settings, _ = Wav2Vec2FeatureExtractor.get_feature_extractor_dict(pretrained)
    except OSError:
        return True
    return bool(settings.get("do_normalize", True))
