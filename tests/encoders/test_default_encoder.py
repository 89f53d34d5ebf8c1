"""Which encoder a modality gets, and with which arguments."""

import numpy as np
import pytest
import torch
from acclimate.framework import Encoder, EncoderInput
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
    MLP,
    LogMelCNN,
    SequenceCNN,
    SignalResNet,
    SmallCNN,
    TextCNN,
    TimmImage,
    default_encoder,
    make_encoder,
)

AUDIO = AudioPreprocessing(sampling_rate=8000, samples=4000)
FEATURES = FeaturesPreprocessing(mean=(0.0,) * 7, std=(1.0,) * 7)
SMALL_IMAGE = ImagePreprocessing(height=28, width=24, mean=(0.5,), std=(0.5,))
IMAGE = ImagePreprocessing(height=80, width=96, mean=(0.5,) * 3, std=(0.5,) * 3)
SEQUENCE = SequencePreprocessing(steps=5, mean=(0.0,) * 9, std=(1.0,) * 9)
SIGNAL = SignalPreprocessing(length=50, mean=(0.0,) * 6, std=(1.0,) * 6)
TEXT = TextPreprocessing(max_length=6, tokenizer=make_word_tokenizer({"day": 2}))


@pytest.mark.parametrize(
    ("preprocessing", "expected"),
    [
        (AUDIO, LogMelCNN),
        (FEATURES, MLP),
        (SMALL_IMAGE, SmallCNN),
        (IMAGE, TimmImage),
        (SEQUENCE, SequenceCNN),
        (SIGNAL, SignalResNet),
        (TEXT, TextCNN),
    ],
)
def test_takes_what_the_preprocessing_gives(preprocessing: Preprocessing, expected: type[Encoder]) -> None:
    encoder = default_encoder(preprocessing)
    assert isinstance(encoder, expected)
    inputs = torch.from_numpy(np.ones((2, *preprocessing.shape), dtype=preprocessing.dtype))
    features = encoder(EncoderInput(inputs))
    assert features.shape == (2, 64)
    assert (features >= 0).all()
    assert features.any()


def test_users_arguments_take_precedence() -> None:
    encoder = make_encoder(SignalResNet, SIGNAL, {"in_channels": 2, "out_features": 16})
    assert encoder(EncoderInput(torch.zeros(1, 2, 50))).shape == (1, 16)


def test_names_an_unknown_argument() -> None:
    with pytest.raises(ValueError, match=r"SignalResNet takes the arguments in_channels, .*, but got 'widht'"):
        make_encoder(SignalResNet, SIGNAL, {"widht": 8})


def test_names_a_missing_argument() -> None:
    with pytest.raises(
        ValueError, match=r"TimmImage needs 'model_name', which neither init_args nor the data \(image\)"
    ):
        make_encoder(TimmImage, IMAGE)


def test_names_an_encoder_for_another_kind_of_data() -> None:
    with pytest.raises(ValueError, match=r"MLP needs 'in_features', which neither init_args nor the data \(audio\)"):
        make_encoder(MLP, AUDIO)


def test_refuses_a_kind_without_default() -> None:
    class TactilePreprocessing(FeaturesPreprocessing):
        kind = "tactile"

    with pytest.raises(ValueError, match=r"signal.* to have a default encoder, but got 'tactile'"):
        default_encoder(TactilePreprocessing(mean=(0.0,), std=(1.0,)))


def test_encoder_with_arbitrary_keywords_gets_those_of_the_user_only() -> None:
    class Anything(MLP):
        def __init__(self, in_features: int, **others: int) -> None:
            super().__init__(in_features, **others)

    assert make_encoder(Anything, FEATURES, {"out_features": 3})(EncoderInput(torch.zeros(1, 7))).shape == (1, 3)
