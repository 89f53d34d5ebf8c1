"""The kinds of maps: what they do, what they refuse, and that they come back from JSON as they were."""

import json
import warnings

import numpy as np
import pytest
from acclimate.framework import Schema, Task
from acclimate.framework.data import (
    AudioPreprocessing,
    Decoded,
    FeaturesPreprocessing,
    ImagePreprocessing,
    Preprocessing,
    TextPreprocessing,
)
from acclimate.framework.data.input_maps import Affine, Composition, Filtering, Flip, InputMap, compose
from acclimate.framework.errors import DataError
from bits import same_bits

FEATURES = FeaturesPreprocessing(mean=[0.0, 0.0], std=[1.0, 1.0])
SOUND = AudioPreprocessing(sampling_rate=8, samples=5)
PICTURE = ImagePreprocessing(height=2, width=3, mean=[0.0], std=[1.0])
MAPS = [
    (FEATURES, Affine("mixed", ((1.0, 2.0), (0.0, -1.0)), (0.5, 0.0))),
    (FEATURES, Affine("scaled", (0.1, 3.0), (0.0, 1.0))),
    (SOUND, Affine("louder", (2.0,), (0.0,), axis=None)),
    (SOUND, Filtering("echo", (1.0, 0.0, 0.5), axis=0)),
    (PICTURE, Flip("mirrored", axis=2)),
    (PICTURE, Composition("both", (Flip("mirrored", axis=2), Affine("inverted", (-1.0,), (1.0,))))),
]


@pytest.mark.parametrize(("preprocessing", "found"), MAPS)
def test_maps_come_back_from_json(preprocessing: Preprocessing, found: InputMap) -> None:
    text = json.dumps(found.to_config())
    assert InputMap.from_config(json.loads(text), preprocessing) == found


@pytest.mark.parametrize(("preprocessing", "found"), MAPS)
def test_maps_keep_shape_type_and_nan_in_its_row(preprocessing: Preprocessing, found: InputMap) -> None:
    values = preprocessing.random(np.random.default_rng(0), 3)
    alone = found(values[:2].copy())
    values[2] = np.nan
    values[2].flat[0] = np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mapped = found(values)
    assert mapped.shape == values.shape
    assert mapped.dtype == np.float32
    np.testing.assert_allclose(mapped[:2], alone, rtol=1e-6)


def test_affine_by_hand() -> None:
    found = Affine("mixed", ((1.0, 2.0), (0.0, -1.0)), (0.5, 0.0))(np.array([[1.0, 3.0]], np.float32))
    np.testing.assert_allclose(found, [[7.5, -3.0]])


def test_frames_are_mapped_along_their_last_axis() -> None:
    values = np.array([[[1.0, 3.0], [0.0, 1.0]]], np.float32)
    found = Affine("exchanged", ((0.0, 1.0), (1.0, 0.0)), (0.0, 0.0), axis=1)(values)
    np.testing.assert_allclose(found, [[[3.0, 1.0], [1.0, 0.0]]])


def test_a_filter_sees_the_past_alone() -> None:
    values = np.array([[1.0, 0.0, 0.0, 2.0]], np.float32)
    echo = Filtering("echo", (1.0, 0.0, 0.5), axis=0)
    np.testing.assert_allclose(echo(values), [[1.0, 0.0, 0.5, 2.0]])
    assert same_bits(echo(values[:, :3]), echo(values)[:, :3])
    np.testing.assert_allclose(Filtering("long", (1.0,) * 9, axis=0)(values), [[1.0, 1.0, 1.0, 3.0]])


def test_reversal_leaves_padding_behind() -> None:
    values = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 0.0]], np.float32)
    backwards = Flip("reversed", axis=0)
    np.testing.assert_allclose(backwards(values, np.array([3, 2])), [[3.0, 2.0, 1.0], [5.0, 4.0, 0.0]])
    np.testing.assert_allclose(backwards(values), [[3.0, 2.0, 1.0], [0.0, 5.0, 4.0]])


def test_maps_are_composed_in_turn() -> None:
    double, more = Affine("double", (2.0,), (0.0,), None), Affine("one more", (1.0,), (1.0,), None)
    both = compose(double, more)
    assert both is not None
    np.testing.assert_allclose(both(np.array([[3.0]], np.float32)), [[7.0]])
    three = compose(both, double)
    assert isinstance(three, Composition)
    assert [part.name for part in three.maps] == ["double", "one more", "double"]
    assert compose(None, more) is more
    assert compose(double, None) is double
    assert compose(None, None) is None


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"kind": "shear", "name": "a"}, "whose kind is one of affine, composition, filter, flip"),
        (7, "must be an object"),
        ({"kind": "affine", "name": "a", "matrix": [[1.0, 0.0]], "offset": [0.0]}, "matrix must be square"),
        ({"kind": "affine", "name": "a", "matrix": [[1.0], [0.0, 1.0]], "offset": [0.0, 0.0]}, "of one length"),
        ({"kind": "affine", "name": "a", "matrix": [1.0, 1e999], "offset": [0.0, 0.0]}, "finite numbers"),
        ({"kind": "affine", "name": "a", "matrix": ["1"], "offset": [0.0]}, "must stand in a list"),
        ({"kind": "affine", "name": "a", "matrix": [None], "offset": [0.0]}, "made of numbers"),
        ({"kind": "affine", "name": "a", "matrix": "1", "offset": [0.0]}, "must stand in a list"),
        ({"kind": "affine", "name": "a", "matrix": [1.0] * 3, "offset": [0.0] * 3}, "maps 3 channels along axis 0"),
        ({"kind": "affine", "name": "a", "matrix": [1.0, 1.0], "offset": [0.0, 0.0], "axis": None}, "one channel"),
        ({"kind": "affine", "name": "a\x1b", "matrix": [1.0, 1.0], "offset": [0.0, 0.0]}, "printable letters"),
        ({"kind": "affine", "name": "a", "matrix": [1.0, 1.0], "offset": [0.0, 0.0], "axis": True}, "an axis"),
        ({"kind": "affine", "name": "a", "matrix": [1.0, 1.0]}, "offset"),
        ({"kind": "flip", "name": "a", "axis": 1}, "flips axis 1"),
        ({"kind": "flip", "name": "a", "axis": None}, "axis"),
        ({"kind": "filter", "name": "a", "taps": [1.0], "axis": 0}, "the axis of time is None"),
        ({"kind": "filter", "name": "a", "taps": [], "axis": 0}, "taps must be 1 to 1024"),
        ({"kind": "composition", "name": "a", "maps": []}, "2 to 16 maps"),
        ({"kind": "composition", "name": "a", "maps": [{"kind": "composition"}] * 2}, "must not hold another"),
        ({"kind": "composition", "name": "a", "maps": [1] * 17}, "up to 16 maps"),
    ],
)
def test_configurations_that_are_none_are_refused(config: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        InputMap.from_config(config, FEATURES)


def test_indices_of_words_are_not_mapped() -> None:
    with pytest.raises(DataError, match="has indices, and no numbers"):
        Schema({"text": TextPreprocessing.fit([Decoded("text", "a fine day")])}, (), {"text": MAPS[1][1]})


def test_a_schema_keeps_its_maps_and_says_nothing_of_none() -> None:
    tasks = (Task("label", ("no", "yes")),)
    plain = Schema({"a": FEATURES, "b": FEATURES}, tasks)
    mapped = Schema({"a": FEATURES, "b": FEATURES}, tasks, {"b": MAPS[1][1]})
    assert "maps" not in plain.to_config()
    assert Schema.from_config(json.loads(json.dumps(mapped.to_config()))) == mapped
    assert Schema.from_config(plain.to_config()) == plain
    assert mapped != plain


def test_a_schema_refuses_maps_that_do_not_fit() -> None:
    with pytest.raises(DataError, match="must be of a modality, 'a', but one is of 'b'"):
        Schema({"a": FEATURES}, (), {"b": MAPS[1][1]})
    with pytest.raises(DataError, match="the input map of 'a' does not fit: 'mirrored' flips axis 2"):
        Schema({"a": FEATURES}, (), {"a": Flip("mirrored", axis=2)})
    with pytest.raises(DataError, match="maps by modality"):
        Schema.from_config({**Schema({"a": FEATURES}, ()).to_config(), "maps": {"b": {}}})
