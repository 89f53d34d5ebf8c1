"""Encoders of every family, with preprocessing that fits them. A new encoder is one more line of `CASES`."""

from collections.abc import Callable, Mapping
from typing import Final
from unittest.mock import patch

import attrs
import numpy as np
import torch
from acclimate.framework import Encoder
from acclimate.framework.data.preprocessing import (
    AudioPreprocessing,
    FeaturesPreprocessing,
    ImagePreprocessing,
    Preprocessing,
    SequencePreprocessing,
    SignalPreprocessing,
    TextPreprocessing,
)
from acclimate.framework.data.preprocessing.word_tokenizer import make_word_tokenizer
from acclimate.framework.encoders import (
    LSTM,
    MLP,
    FrameMLP,
    LogMelCNN,
    LogMelMLP,
    SequenceCNN,
    SignalLSTM,
    SignalResNet,
    SmallCNN,
    SpeakerLSTM,
    StatisticsMLP,
    StatisticsResNet,
    TemporalRelationNetwork,
    TextCNN,
    TimmImage,
    TimmSpectrogram,
    TransformerAudio,
    TransformerText,
    as_encoder,
    speaker_lstm,
)
from acclimate.framework.testing import EncoderCase
from torch import Tensor, nn


@attrs.frozen
class Case:
    """An encoder and what it is for.

    Args:
        make: the encoder, with fresh weights.
        preprocessing: of the modality.
        any_length: whether it takes inputs of any length along the preprocessing's time axis.
        exported: whether its export is tested; not where another case's graph has the same operators.
    """

    make: Callable[[], Encoder]
    preprocessing: Preprocessing
    any_length: bool = True
    exported: bool = True

    def inputs(self, batch: int, *, steps: int | None = None, seed: int = 0) -> Tensor:
        """Random inputs, the same for the same seed; with `steps` of that length."""
        rows = self.preprocessing.random(np.random.default_rng(seed), batch)
        if steps is not None:
            rows = np.take(rows, range(steps), axis=self.axis, mode="wrap")
        return torch.from_numpy(rows)

    @property
    def axis(self) -> int:
        """Axis of a batch along which rows differ in length."""
        assert self.preprocessing.time_axis is not None
        return self.preprocessing.time_axis + 1

    @property
    def lengths(self) -> tuple[int | None, ...]:
        """Steps that inputs can have: those of the preprocessing, then others."""
        axis = self.preprocessing.time_axis
        if axis is None or not self.any_length:
            return (None,)
        size = self.preprocessing.shape[axis]
        return (None, size // 2 + 1, 2 * size + 1)

    def kit_case(self) -> EncoderCase:
        """What the kit checks."""
        several_lengths = self.any_length and self.preprocessing.time_axis is not None
        return EncoderCase(self.make, self.inputs(5), time_axis=self.axis if several_lengths else None)


def _image(channels: int, height: int, width: int) -> ImagePreprocessing:
    return ImagePreprocessing(height, width, mean=(0.0,) * channels, std=(1.0,) * channels)


def _sequence(steps: int, features: int) -> SequencePreprocessing:
    return SequencePreprocessing(steps, mean=(0.0,) * features, std=(1.0,) * features)


def _signal(channels: int, length: int) -> SignalPreprocessing:
    return SignalPreprocessing(length, mean=(0.0,) * channels, std=(1.0,) * channels)


_FEATURES: Final = FeaturesPreprocessing(mean=(0.0,) * 10, std=(1.0,) * 10)
_SOUND: Final = AudioPreprocessing(sampling_rate=8000, samples=2000)

_TEXT: Final = TextPreprocessing(max_length=9, tokenizer=make_word_tokenizer({f"w{word}": 2 for word in range(15)}))
_TINY: Final = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 40,
}

_LONG_SOUND: Final = AudioPreprocessing(sampling_rate=8000, samples=20000)
_SPEECH: Final = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    # Three convolutions that take as many steps together as the seven of the real models: torch traces each for long.
    "conv_dim": [16] * 3,
    "conv_kernel": [10, 8, 8],
    "conv_stride": [5, 8, 8],
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 4,
}


def _small_speaker_lstm() -> SpeakerLSTM:
    """States of 16 numbers, not 256, take a hundredth of the time; test_speaker_lstm holds the real size."""
    with patch.object(speaker_lstm, "SIZE", 16):
        return SpeakerLSTM(sampling_rate=8000, trainable_layers=1)


CASES: Final[Mapping[str, Case]] = {
    "frame_mlp": Case(lambda: FrameMLP(in_features=6, hidden=(16, 12)), _sequence(9, 6)),
    "log_mel_cnn": Case(lambda: LogMelCNN(sampling_rate=8000, width=8), _SOUND),
    "log_mel_cnn_masked": Case(lambda: LogMelCNN(sampling_rate=8000, width=8, masked=True), _SOUND),
    "log_mel_mlp": Case(lambda: LogMelMLP(sampling_rate=8000, hidden=(16,)), _SOUND),
    "lstm": Case(lambda: LSTM(in_features=6, hidden=12), _sequence(9, 6)),
    "lstm_last": Case(
        lambda: LSTM(in_features=6, hidden=12, layers=2, bidirectional=False, pooling="last"),
        _sequence(9, 6),
        exported=False,
    ),
    "mlp": Case(lambda: MLP(in_features=10, hidden=(16, 12)), _FEATURES),
    "sequence_cnn": Case(lambda: SequenceCNN(in_features=6, filters=8), _sequence(9, 6)),
    "signal_lstm": Case(lambda: SignalLSTM(in_channels=3, hidden=12, pooling="last"), _signal(3, 20)),
    "signal_resnet": Case(lambda: SignalResNet(in_channels=3, width=16), _signal(3, 50)),
    "signal_resnet_masked": Case(lambda: SignalResNet(in_channels=3, depth=2, masked=True), _signal(3, 50)),
    "small_cnn": Case(lambda: SmallCNN(in_channels=1, height=28, width=20), _image(1, 28, 20)),
    "speaker_lstm": Case(_small_speaker_lstm, _LONG_SOUND),
    "statistics_mlp": Case(lambda: StatisticsMLP(in_channels=3, hidden=(16,), window=16, bands=4), _signal(3, 50)),
    "statistics_mlp_one_channel": Case(
        lambda: StatisticsMLP(in_channels=1, hidden=(), window=16, bands=4), _signal(1, 20), exported=False
    ),
    "statistics_resnet": Case(
        lambda: StatisticsResNet(in_channels=3, depth=1, window=16, bands=4), _signal(3, 50), exported=False
    ),
    "temporal_relation": Case(lambda: TemporalRelationNetwork(in_features=6, hidden=12), _sequence(9, 6)),
    "temporal_relation_single_scale": Case(
        lambda: TemporalRelationNetwork(in_features=6, segments=3, multi_scale=False, hidden=12),
        _sequence(9, 6),
        exported=False,
    ),
    "text_cnn": Case(lambda: TextCNN(vocabulary_size=20, padding_id=0, embedding=12, filters=8), _TEXT),
    "timm_convolutional": Case(lambda: TimmImage("test_resnet", in_channels=1, height=64, width=48), _image(1, 64, 48)),
    "timm_transformer": Case(lambda: TimmImage("test_vit", in_channels=2, height=32, width=48), _image(2, 32, 48)),
    "timm_frozen": Case(
        lambda: TimmImage("resnet10t", in_channels=3, height=64, width=64, trainable_layers=1),
        _image(3, 64, 64),
        exported=False,
    ),
    "timm_mobile": Case(
        lambda: TimmImage("tf_efficientnet_lite0", in_channels=1, height=64, width=64, trainable_layers=2),
        _image(1, 64, 64),
    ),
    "timm_spectrogram": Case(lambda: TimmSpectrogram(8000, 2000, "test_resnet"), _SOUND, any_length=False),
    "transformer_audio_hubert": Case(
        lambda: TransformerAudio(16000, config={"model_type": "hubert", **_SPEECH}, trainable_layers=2),
        _SOUND,
        exported=False,
    ),
    "transformer_audio_wav2vec2": Case(
        lambda: TransformerAudio(
            16000,
            config={"model_type": "wav2vec2", "feat_extract_norm": "layer", "do_stable_layer_norm": True, **_SPEECH},
        ),
        _SOUND,
    ),
    "transformer_audio_wavlm": Case(
        lambda: TransformerAudio(22050, config={"model_type": "wavlm", **_SPEECH}, trainable_layers=1), _SOUND
    ),
    "transformer_text": Case(
        lambda: TransformerText(20, 0, 9, config={"model_type": "bert", **_TINY}, trainable_layers=1), _TEXT
    ),
    "transformer_text_whole": Case(
        lambda: TransformerText(20, 0, 9, config={"model_type": "roberta", **_TINY}, pooling="first"), _TEXT
    ),
    "wrapped": Case(
        lambda: as_encoder(nn.Sequential(nn.Flatten(), nn.Linear(6, 5)), out_features=5),
        _signal(2, 3),
        any_length=False,
    ),
}
