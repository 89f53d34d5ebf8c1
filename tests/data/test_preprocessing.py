"""Decoded files to arrays of one shape."""

import json
from collections.abc import Iterable
from typing import Any, ClassVar, Self

import attrs
import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import (
    AudioPreprocessing,
    Decoded,
    FeaturesPreprocessing,
    ImagePreprocessing,
    Preprocessing,
    SignalPreprocessing,
)
from acclimate.framework.data.preprocessing import infer_preprocessing
from acclimate.framework.data.preprocessing.moments import Moments
from bits import assert_same_bits
from numpy.typing import NDArray

ALL = [
    SignalPreprocessing(length=4, mean=[1.0, 2.0], std=[1.0, 0.5], sampling_rate=100),
    AudioPreprocessing(sampling_rate=8000, samples=5),
    ImagePreprocessing(height=2, width=3, mean=[0.5, 0.25, 0.1], std=[0.5, 1.0, 0.3]),
    FeaturesPreprocessing(mean=[0.1, 1 / 3], std=[1.0, 2.0]),
]


def array(values: object, name: str = "x") -> Decoded:
    """A decoded array."""
    return Decoded("array", np.array(values), name=name)


def sound(values: object, sampling_rate: int = 8000, name: str = "x") -> Decoded:
    """A decoded recording."""
    return Decoded("audio", np.array(values, dtype=np.float32), sampling_rate, name)


def picture(shape: tuple[int, ...], value: int = 0, name: str = "x") -> Decoded:
    """A decoded picture of one colour."""
    return Decoded("image", np.full(shape, value, dtype=np.uint8), name=name)


@pytest.mark.parametrize("preprocessing", ALL, ids=lambda preprocessing: preprocessing.kind)
def test_a_configuration_survives_json(preprocessing: Preprocessing) -> None:
    config = json.loads(json.dumps(preprocessing.to_config()))
    assert config == preprocessing.to_config()
    assert Preprocessing.from_config(config) == preprocessing


@pytest.mark.parametrize(
    ("preprocessing", "shape", "arguments"),
    list(
        zip(
            ALL,
            [(2, 4), (5,), (3, 2, 3), (2,)],
            [
                {"in_channels": 2, "length": 4},
                {"sampling_rate": 8000, "samples": 5},
                {"in_channels": 3, "height": 2, "width": 3, "mean": (0.5, 0.25, 0.1), "std": (0.5, 1.0, 0.3)},
                {"in_features": 2},
            ],
            strict=True,
        )
    ),
)
def test_encoders_learn_the_shape(preprocessing: Preprocessing, shape: tuple[int, ...], arguments: object) -> None:
    assert preprocessing.shape == shape
    assert preprocessing.encoder_arguments() == arguments


@pytest.mark.parametrize("length", [1, 3, 4, 9])
def test_a_signal_is_normalised_then_cut_or_filled(length: int) -> None:
    values = np.random.default_rng(length).normal(size=(length, 2))
    result = ALL[0](Decoded("audio", values, 100))
    expected = np.zeros((2, 4))
    expected[:, : min(length, 4)] = ((values - [1.0, 2.0]) / [1.0, 0.5])[:4].T
    assert (result.dtype.name, result.flags.c_contiguous) == ("float32", True)
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)


def test_an_array_is_taken_to_have_the_fitted_rate() -> None:
    values = np.zeros((3, 2))
    assert_same_bits(ALL[0](array(values)), ALL[0](Decoded("audio", values, 100)))
    assert_same_bits(ALL[1](array(values)), ALL[1](sound(values)))
    with pytest.raises(DataError) as error:
        SignalPreprocessing(length=4, mean=[0.0], std=[1.0])(sound([0.0]))
    assert str(error.value) == "x: expected an array, which has no sampling rate, but found 8000 Hz."


@pytest.mark.parametrize("length", [1, 5, 9])
def test_sound_is_mixed_then_cut_or_filled(length: int) -> None:
    values = np.random.default_rng(length).normal(size=(length, 2))
    expected = np.zeros(5)
    expected[: min(length, 5)] = values.mean(axis=1)[:5]
    result = ALL[1](sound(values))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)


def test_a_picture_is_scaled_and_normalised() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 3), dtype=np.uint8)
    result = ALL[2](Decoded("image", pixels))
    expected = (pixels / 255 - [0.5, 0.25, 0.1]) / [0.5, 1.0, 0.3]
    assert (result.dtype.name, result.flags.c_contiguous) == ("float32", True)
    np.testing.assert_allclose(result, expected.transpose(2, 0, 1), rtol=1e-5, atol=1e-6)


def test_a_picture_of_another_size_is_averaged() -> None:
    stripes = np.tile(np.array([[0, 100], [200, 100]], dtype=np.uint8), (8, 12))
    result = ImagePreprocessing(height=2, width=3, mean=[0.0], std=[1.0])(Decoded("image", stripes))
    assert result.shape == (1, 2, 3)
    np.testing.assert_allclose(result, 100 / 255, atol=0.01)
    colours = ALL[2](picture((9, 9, 3), 51))
    np.testing.assert_allclose(colours[:, 0, 0], (0.2 - np.array([0.5, 0.25, 0.1])) / [0.5, 1.0, 0.3], rtol=1e-5)


def test_statistics_are_those_of_all_rows_together() -> None:
    generator = np.random.default_rng(0)
    chunks = [1e4 + generator.normal(size=(length, 3)) * [1.0, 5.0, 0.0] for length in (1, 10, 300)]
    moments = Moments()
    for chunk in chunks:
        moments.add(chunk)
    together = np.concatenate(chunks)
    np.testing.assert_allclose(moments.mean, together.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(moments.std, [*together.std(axis=0)[:2], 1.0], rtol=1e-9)


def test_a_fitted_signal_is_standardised() -> None:
    generator = np.random.default_rng(0)
    signals = [array(generator.normal([5.0, -3.0], [2.0, 0.1], (20, 2))) for _ in range(30)]
    fitted = SignalPreprocessing.fit(signals)
    assert fitted.shape == (2, 20)
    result = np.stack([fitted(signal) for signal in signals])
    np.testing.assert_allclose(result.mean(axis=(0, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(result.std(axis=(0, 2)), 1, atol=1e-5)


@pytest.mark.parametrize("kind", [SignalPreprocessing, AudioPreprocessing])
def test_one_length_in_twenty_is_cut(kind: type[SignalPreprocessing | AudioPreprocessing]) -> None:
    recordings = [sound(np.zeros(length)) for length in [*range(81, 100), 5000]]
    assert kind.fit(recordings).shape[-1] == 99
    assert kind.fit(recordings[:10]).shape[-1] == 90


def test_a_fitted_picture_is_of_median_size() -> None:
    sizes = [(10, 20), (12, 20), (400, 8)]
    fitted = ImagePreprocessing.fit([picture((*size, 3), 51) for size in sizes])
    assert fitted.shape == (3, 12, 20)
    np.testing.assert_allclose(fitted.mean, 0.2)
    assert fitted.std == pytest.approx((1.0, 1.0, 1.0))


def test_a_large_picture_is_shrunk_alike() -> None:
    assert ImagePreprocessing.fit([picture((300, 448))]).shape == (1, 150, 224)
    assert ImagePreprocessing.fit([picture((300, 448))], {"height": 300}).shape == (1, 300, 224)


def test_fitted_features_are_standardised() -> None:
    vectors = [array(row) for row in np.random.default_rng(0).normal(4.0, 3.0, (50, 6))]
    fitted = FeaturesPreprocessing.fit(vectors)
    result = np.stack([fitted(vector) for vector in vectors])
    np.testing.assert_allclose(result.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(result.std(axis=0), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("samples", "kind", "shape"),
    [
        ([sound([0.0, 0.1])], "audio", (2,)),
        ([picture((4, 5))], "image", (1, 4, 5)),
        ([array(np.zeros((4, 5), np.uint8))], "image", (1, 4, 5)),
        ([array(np.zeros((4, 5, 3), np.uint8))], "image", (3, 4, 5)),
        ([array(np.zeros((4, 5)))], "signal", (5, 4)),
        ([array(np.zeros(3)), array(np.zeros(3))], "features", (3,)),
        ([array(np.zeros(3)), array(np.zeros(2))], "signal", (1, 3)),
    ],
)
def test_kinds_are_inferred(samples: list[Decoded], kind: str, shape: tuple[int, ...]) -> None:
    preprocessing = infer_preprocessing(samples)
    assert (preprocessing.kind, preprocessing.shape) == (kind, shape)


def test_what_was_cut_does_not_keep_what_it_was_cut_from() -> None:
    waveform = np.zeros(1000, dtype=np.float32)
    preprocessing = AudioPreprocessing(sampling_rate=8000, samples=10)
    assert preprocessing(Decoded("audio", waveform, 8000)).base is None
    whole = AudioPreprocessing(sampling_rate=8000, samples=1000)(Decoded("audio", waveform, 8000))
    assert np.shares_memory(whole, waveform)


def test_one_wrong_vector_makes_no_signals() -> None:
    with pytest.raises(DataError, match=r"^x: expected a vector of length 3, but found the shape \(2,\)\.$"):
        infer_preprocessing([array(np.zeros(size)) for size in (3, 3, 2)])


def test_overrides_take_precedence() -> None:
    preprocessing = infer_preprocessing([array(np.zeros(3))], {"kind": "audio", "sampling_rate": 50, "samples": 7})
    assert preprocessing == AudioPreprocessing(sampling_rate=50, samples=7)
    preprocessing = infer_preprocessing([sound([0.0, 1.0])], {"kind": "signal", "mean": [0.25]})
    assert preprocessing == SignalPreprocessing(length=2, mean=[0.25], std=[0.5], sampling_rate=8000)


NAN = float("nan")
ARRAYS = "a vector, a signal (time, channels) or an image of bytes"


@pytest.mark.parametrize(
    ("preprocessing", "decoded", "message"),
    [
        (
            0,
            Decoded("audio", np.array([[0, 1], [NAN, NAN]]), 100, "x"),
            "expected finite numbers, but found nan (2 of 4 values).",
        ),
        (0, array([[0, 1, 2]]), "expected 2 channels, but found 3."),
        (0, array([0.0]), "expected 2 channels, but found 1."),
        (0, sound([[0, 1]]), "expected a sampling rate of 100 Hz, but found 8000 Hz."),
        (0, array(np.zeros((2, 2, 2))), "expected a signal (time, channels), but found the shape (2, 2, 2)."),
        (0, array(np.zeros((0, 2))), "expected at least one value, but found an array of shape (0, 2)."),
        (0, array(["a"]), "expected real numbers, but found an array of <U1."),
        (1, sound([0.0], 16000), "expected a sampling rate of 8000 Hz, but found 16000 Hz."),
        (1, sound([0.0, -np.inf]), "expected finite numbers, but found -inf (1 of 2 values)."),
        (1, sound([]), "expected at least one value, but found an array of shape (0,)."),
        (1, sound(np.zeros((1, 1, 1))), "expected a recording (time, channels), but found the shape (1, 1, 1)."),
        (1, Decoded("text", "words", name="x"), "expected numbers, but found text."),
        (2, picture((2, 3)), "expected 3 channels, but found 1."),
        (
            2,
            Decoded("image", np.zeros((2, 3), np.uint16), name="x"),
            "expected an image of 8 bits a channel, but found 16 bits: convert it first.",
        ),
        (
            2,
            array(np.zeros((2, 3, 3))),
            "expected an image of bytes (height, width, channels), but found float64 of shape (2, 3, 3).",
        ),
        (
            2,
            picture((0, 3, 3)),
            "expected an image of bytes (height, width, channels), but found uint8 of shape (0, 3, 3).",
        ),
        (3, array([1.0, 1e300]), "expected finite numbers, but found inf (1 of 2 values)."),
        (3, array([1.0]), "expected a vector of length 2, but found the shape (1,)."),
        (3, array([[1.0, 2.0]]), "expected a vector of length 2, but found the shape (1, 2)."),
    ],
)
def test_samples_that_do_not_fit_are_refused(preprocessing: int, decoded: Decoded, message: str) -> None:
    with pytest.raises(DataError) as error:
        ALL[preprocessing](decoded)
    assert str(error.value) == f"x: {message}"


@pytest.mark.parametrize(
    ("samples", "overrides", "message"),
    [
        ([sound([0.0]), sound([0.0], 16000, "y")], {}, "y: expected a sampling rate of 8000 Hz, but found 16000 Hz."),
        ([sound([0.0], name="y")], {"sampling_rate": 50}, "y: expected a sampling rate of 50 Hz, but found 8000 Hz."),
        (
            [array([0.0], "y")],
            {"kind": "audio"},
            "y: expected a file that says its sampling rate, or an override, but found none.",
        ),
        ([picture((2, 2)), picture((2, 2, 3), name="y")], {}, "y: expected 1 channels, but found 3."),
        ([array(np.zeros((4, 2))), array(np.zeros((4, 3)), "y")], {}, "y: expected 2 channels, but found 3."),
        (
            [array(np.zeros(2)), array(np.zeros(3), "y")],
            {"kind": "features"},
            "y: expected a vector of length 2, but found the shape (3,).",
        ),
        (
            [array(np.zeros((2, 2)), "y")],
            {"kind": "features"},
            "y: expected a vector (features,), but found the shape (2, 2).",
        ),
        ([sound([0.0]), array([0.0], "y")], {}, "y: expected audio as in the rows before, but found features."),
        (
            [array(np.zeros((2, 2, 2)), "y")],
            {},
            f"y: expected {ARRAYS}, but found float64 of shape (2, 2, 2).",
        ),
        (
            [sound([0.0]), Decoded("text", "words", name="y")],
            {},
            "y: expected audio as in the rows before, but found text.",
        ),
        ([], {}, "expected files to infer the preprocessing from, but found none."),
        (
            [sound([0.0])],
            {"length": 2},
            "audio preprocessing has the fields sampling_rate, samples, channels, resample, but got 'length'.",
        ),
        ([sound([0.0])], {"samples": 0}, "audio preprocessing: samples must be a positive whole number, but got 0."),
    ],
)
def test_samples_that_do_not_fit_together_are_refused(
    samples: list[Decoded], overrides: dict[str, object], message: str
) -> None:
    with pytest.raises(DataError) as error:
        infer_preprocessing(samples, overrides)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"kind": "features", "mean": [0.0], "std": [0.0]},
            "features preprocessing: std must be positive, but got 0.0.",
        ),
        (
            {"kind": "features", "mean": [0.0], "std": [1.0, 1.0]},
            "features preprocessing: std must be as long as mean, 1, but got 2 numbers.",
        ),
        (
            {"kind": "features", "mean": [], "std": []},
            "features preprocessing: std must be as long as mean, 0, but got 0 numbers.",
        ),
        (
            {"kind": "features", "mean": [NAN], "std": [1.0]},
            "features preprocessing: numbers must be finite, but got (nan,).",
        ),
        (
            {"kind": "audio", "samples": True, "sampling_rate": 1},
            "audio preprocessing: samples must be a positive whole number, but got True.",
        ),
    ],
)
def test_wrong_configurations_are_refused(config: dict[str, object], message: str) -> None:
    with pytest.raises(DataError) as error:
        Preprocessing.from_config(config)
    assert str(error.value) == message


@pytest.mark.parametrize("kind", [None, "sound"])
def test_an_unknown_kind_is_refused_and_the_known_ones_are_named(kind: str | None) -> None:
    message = f"kind of preprocessing must be one of audio, .*, sequence, signal.*, but got {kind!r}.$"
    with pytest.raises(DataError, match=message):
        Preprocessing.from_config({"kind": kind})


def test_a_configuration_with_an_unknown_field_is_refused() -> None:
    with pytest.raises(DataError, match=r"^audio preprocessing: [^\n]*'volume'$"):
        Preprocessing.from_config({"kind": "audio", "samples": 1, "sampling_rate": 1, "volume": 2})


def test_users_bring_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Preprocessing, "_kinds", {**vars(Preprocessing)["_kinds"]})

    @attrs.frozen
    class Loudness(Preprocessing):
        """How loud a recording is."""

        kind: ClassVar[str] = "loudness"
        scale: float

        @classmethod
        def fit(cls, samples: Iterable[Decoded], overrides: Any = None) -> Self:  # noqa: ANN401
            return cls._make({"scale": max(float(np.abs(sample.array()).max()) for sample in samples)}, overrides)

        @property
        def shape(self) -> tuple[int, ...]:
            return (1,)

        def encoder_arguments(self) -> dict[str, object]:
            return {}

        def _prepare(self, decoded: Decoded) -> NDArray[np.float32]:
            return np.asarray(np.abs(decoded.array()).mean(keepdims=True) / self.scale, dtype=np.float32)

    fitted = infer_preprocessing([sound([0.5, -2.0])], {"kind": "loudness"})
    assert Preprocessing.from_config(fitted.to_config()) == Loudness(2.0)
    assert fitted(sound([1.0, -1.0])).tolist() == pytest.approx([0.5])
