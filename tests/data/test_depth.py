"""Depth images of 16 bits."""

import json
from pathlib import Path

import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import Decoded, Preprocessing, Samples, Schema, read_table
from acclimate.framework.data.preprocessing import DepthPreprocessing
from acclimate.framework.encoders import default_encoder
from numpy.typing import NDArray
from PIL import Image

from .data_files import write_text


def depth(values: object, name: str = "x") -> Decoded:
    """A decoded image of 16 bits."""
    return Decoded("image", np.array(values, dtype=np.uint16), name=name)


def write_depth(folder: Path, images: list[NDArray[np.uint16]]) -> Path:
    """A table of depth images, as PNG."""
    lines = ["id,domain,split,label,depth"]
    for row, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{row}.png")
        lines.append(f"row{row},lab,train,{row % 2},{row}.png")
    return write_text(folder / "table.csv", *lines)


def test_depth_is_normalised_in_metres_and_what_is_not_measured_is_left_out(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    images = [generator.integers(500, 5000, (6, 8), dtype=np.uint16) for _ in range(4)]
    for image in images:
        image[:2] = 0
    table = read_table(write_depth(tmp_path, images))
    schema = Schema.fit(table, {"depth": {"kind": "depth"}})
    preprocessing = schema.preprocessing["depth"]
    assert isinstance(preprocessing, DepthPreprocessing)
    assert preprocessing.shape == (1, 6, 8)
    assert preprocessing.unit == pytest.approx(0.001)
    measured = np.stack(images)[:, 2:] / 1000
    np.testing.assert_allclose([preprocessing.mean, preprocessing.std], [measured.mean(), measured.std()], rtol=1e-6)
    prepared = np.stack([sample.inputs["depth"] for sample in Samples(table, schema, labelled=True)])
    assert (prepared[:, :, :2] == 0).all()
    np.testing.assert_allclose(prepared[:, 0, 2:], (measured - measured.mean()) / measured.std(), rtol=1e-4, atol=1e-6)
    assert default_encoder(preprocessing).out_features == 64


def test_another_unit_gives_the_same_picture() -> None:
    samples = [depth([[1000, 2000], [0, 4000]])]
    known, finer = (DepthPreprocessing.fit(samples, {"unit": unit}) for unit in (0.001, 0.0001))
    assert (known.mean, finer.mean) == pytest.approx((7 / 3, 0.7 / 3))
    np.testing.assert_allclose(known(samples[0]), finer(samples[0]), rtol=1e-5)


def test_pixels_are_never_mixed() -> None:
    image = np.full((5, 7), 900, dtype=np.uint16)
    image[:, 3:] = 2100
    image[4] = 0
    preprocessing = DepthPreprocessing(height=11, width=4, mean=0.0, std=1.0)
    assert np.unique(preprocessing(depth(image))) == pytest.approx([0.0, 0.9, 2.1])


def test_large_images_are_shrunk_as_pictures_are() -> None:
    fitted = DepthPreprocessing.fit([depth(np.full((480, 640), 700))])
    assert fitted.shape == (1, 168, 224)
    assert fitted.std == pytest.approx(0.001)


def test_a_configuration_survives_json() -> None:
    preprocessing = DepthPreprocessing(height=2, width=3, mean=1.5, std=0.25)
    config = json.loads(json.dumps(preprocessing.to_config()))
    assert Preprocessing.from_config(config) == preprocessing
    assert preprocessing.encoder_arguments() == {"in_channels": 1, "height": 2, "width": 3}


@pytest.mark.parametrize(
    "value",
    [
        np.zeros((2, 2, 3), dtype=np.uint8),
        np.zeros((2, 2), dtype=np.float32),
        np.zeros((0, 2), dtype=np.uint16),
        np.zeros(4, dtype=np.uint16),
    ],
)
def test_what_is_no_depth_image(value: NDArray[np.float32]) -> None:
    with pytest.raises(DataError) as error:
        DepthPreprocessing.fit([Decoded("image", value, name="a.png")])
    assert str(error.value) == (
        "a.png: expected a depth image (height, width) of unsigned whole numbers, "
        f"but found {value.dtype} of shape {value.shape}."
    )


def test_images_without_depth() -> None:
    with pytest.raises(DataError) as error:
        DepthPreprocessing.fit([depth([[0, 0]], "a.png"), depth([[0, 0]], "b.png")])
    assert str(error.value) == "b.png: expected depth in some of the images, but found 0 in every pixel of all."


@pytest.mark.parametrize(("field", "value"), [("std", 0.0), ("unit", -1.0), ("std", np.inf)])
def test_numbers_must_be_positive(field: str, value: float) -> None:
    with pytest.raises(DataError) as error:
        DepthPreprocessing.fit([depth([[1, 2]])], {field: value})
    assert str(error.value) == f"depth preprocessing: {field} must be a positive number, but got {value!r}."
