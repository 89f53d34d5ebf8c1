"""Features of frames, of any length."""

import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import Decoded
from acclimate.framework.data.preprocessing import (
    Preprocessing,
    SequencePreprocessing,
    infer_preprocessing,
)
from acclimate.framework.data.preprocessing.inference import MAX_CHANNELS
from numpy.typing import NDArray

PREPROCESSING = SequencePreprocessing(steps=3, mean=[1.0, -1.0], std=[2.0, 0.5])


def frames(steps: int, features: int, name: str = "x", seed: int = 0) -> Decoded:
    return Decoded("array", np.random.default_rng(seed).standard_normal((steps, features)), name=name)


def normalised(decoded: Decoded) -> NDArray[np.float64]:
    values: NDArray[np.float64] = (decoded.array() - np.array([1.0, -1.0])) / np.array([2.0, 0.5])
    return values


@pytest.mark.parametrize("steps", [1, 2, 3, 7])
def test_frames_are_normalised_then_cut_or_filled(steps: int) -> None:
    decoded = frames(steps, 2)
    prepared = PREPROCESSING.prepare(decoded)
    kept = min(steps, 3)
    assert prepared.length == kept
    assert prepared.values.shape == PREPROCESSING.shape == (3, 2)
    assert prepared.values.dtype == np.float32
    np.testing.assert_allclose(prepared.values[:kept], normalised(decoded)[:kept], rtol=1e-5)
    assert not prepared.values[kept:].any()


def test_fitted_features_are_standardised_over_all_frames() -> None:
    samples = [frames(steps, 5, seed=steps) for steps in (2, 3, 40)]
    fitted = SequencePreprocessing.fit(samples)
    values = np.concatenate([fitted.prepare(decoded).values for decoded in samples])
    assert fitted.steps == 40
    together = np.concatenate([decoded.array() for decoded in samples])
    np.testing.assert_allclose(fitted.mean, together.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(fitted.std, together.std(axis=0), rtol=1e-6)
    np.testing.assert_allclose(values[80:], (together[5:] - fitted.mean) / fitted.std, rtol=1e-4, atol=1e-6)


def test_a_configuration_survives_json() -> None:
    assert Preprocessing.from_config(PREPROCESSING.to_config()) == PREPROCESSING
    assert PREPROCESSING.encoder_arguments() == {"in_features": 2, "steps": 3}


@pytest.mark.parametrize(
    ("shapes", "kind"),
    [
        ([(10, MAX_CHANNELS + 1)], "sequence"),
        ([(500, 1024), (3, 1024)], "sequence"),
        ([(500, MAX_CHANNELS)], "signal"),
        ([(2, 3)], "signal"),
        ([(1024,), (1024,)], "features"),
    ],
)
def test_wide_arrays_are_sequences(shapes: list[tuple[int, ...]], kind: str) -> None:
    samples = [Decoded("array", np.ones(shape), name="x") for shape in shapes]
    assert infer_preprocessing(samples).kind == kind


def test_a_narrow_array_is_a_sequence_where_the_user_says_so() -> None:
    fitted = infer_preprocessing([frames(4, 5)], {"kind": "sequence", "steps": 9})
    assert isinstance(fitted, SequencePreprocessing)
    assert fitted.shape == (9, 5)
    wide = infer_preprocessing([frames(4, 500)], {"kind": "signal"})
    assert wide.kind == "signal"


@pytest.mark.parametrize("narrow", [0, 1, 2])
def test_one_wrong_array_makes_no_signals_and_is_named(narrow: int) -> None:
    samples = [frames(4, 3 if row == narrow else 100, name=f"row{row}") for row in range(3)]
    with pytest.raises(DataError, match=r"row[012]: expected features of frames \(time, (100|3)\), .* shape \(4, "):
        infer_preprocessing(samples)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.zeros((4, 3)), r"x: expected features of frames \(time, 2\), but found the shape \(4, 3\)"),
        (np.zeros(2), r"x: expected features of frames \(time, 2\), but found the shape \(2,\)"),
        (np.zeros((0, 2)), r"x: expected at least one value, but found an array of shape \(0, 2\)"),
        (np.array([[0.0, np.nan]]), r"x: expected finite numbers, but found nan \(1 of 2 values\)"),
    ],
)
def test_frames_that_do_not_fit_are_refused(value: NDArray[np.float64], words: str) -> None:
    with pytest.raises(DataError, match=words):
        PREPROCESSING.prepare(Decoded("array", value, name="x"))


def test_steps_must_be_positive() -> None:
    with pytest.raises(DataError, match="sequence preprocessing: steps must be a positive whole number, but got 0"):
        SequencePreprocessing.fit([frames(4, 5)], {"steps": 0})
