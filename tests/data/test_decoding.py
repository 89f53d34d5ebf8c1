"""Bytes of real files to arrays."""

import io
import pickle
from pathlib import Path

import numpy as np
import pytest
import soundfile
from acclimate.framework import DataError
from acclimate.framework.data.decoding import Decoded, decode
from acclimate.framework.data.reading import read_cell
from PIL import Image

from .data_files import write_image, write_sound

RAMP = np.arange(-300, 300, dtype=np.int16)


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_sound_is_scaled_by_its_full_range(tmp_path: Path, suffix: str) -> None:
    soundfile.write(tmp_path / f"a{suffix}", RAMP, 16000, subtype="PCM_16")
    decoded = read_cell(f"a{suffix}", tmp_path)
    assert (decoded.kind, decoded.sampling_rate, decoded.name) == ("audio", 16000, f"a{suffix}")
    assert decoded.array().dtype == np.float32
    np.testing.assert_array_equal(decoded.array(), RAMP.astype(np.float32) / 2**15)


def test_stereo_keeps_its_channels(tmp_path: Path) -> None:
    stereo = np.stack([RAMP, -RAMP], axis=1)
    soundfile.write(tmp_path / "a.wav", stereo, 8000, subtype="PCM_16")
    np.testing.assert_array_equal(read_cell("a.wav", tmp_path).array(), stereo.astype(np.float32) / 2**15)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_a_png_is_read_exactly(tmp_path: Path, shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    write_image(tmp_path / "a.png", pixels)
    decoded = read_cell("a.png", tmp_path)
    assert decoded.kind == "image"
    np.testing.assert_array_equal(decoded.array(), pixels)


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".JPG"])
def test_a_jpeg_is_read_nearly(tmp_path: Path, suffix: str) -> None:
    pixels = np.tile(np.arange(0, 240, 10, dtype=np.uint8), (16, 1))
    Image.fromarray(pixels).save(tmp_path / f"a{suffix}", quality=95)
    found = read_cell(f"a{suffix}", tmp_path).array()
    assert found.shape == pixels.shape
    assert np.abs(found.astype(int) - pixels).max() <= 6


def test_a_photograph_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("L", (4, 2)).save(tmp_path / "a.jpg", exif=exif)
    assert read_cell("a.jpg", tmp_path).array().shape == (4, 2)


@pytest.mark.parametrize(
    ("mode", "shape"), [("1", (2, 4)), ("LA", (2, 4)), ("P", (2, 4, 3)), ("RGBA", (2, 4, 3)), ("RGB", (2, 4, 3))]
)
def test_pictures_are_grey_or_of_three_colours(tmp_path: Path, mode: str, shape: tuple[int, ...]) -> None:
    Image.new(mode, (4, 2)).save(tmp_path / "a.png")
    found = read_cell("a.png", tmp_path).array()
    assert found.shape == shape
    assert found.dtype == np.uint8


def test_an_array_is_read_exactly(tmp_path: Path) -> None:
    array = np.arange(12, dtype=">i2").reshape(3, 4)
    np.save(tmp_path / "a.npy", array)
    decoded = read_cell("a.npy", tmp_path)
    assert decoded.kind == "array"
    np.testing.assert_array_equal(decoded.array(), array)


def test_text_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("schöner Tag\n", encoding="utf-8")
    decoded = read_cell("a.txt", tmp_path)
    assert (decoded.kind, decoded.value) == ("text", "schöner Tag")


def sixteen_bits() -> bytes:
    """A .png of 16 bits a channel."""
    stream = io.BytesIO()
    Image.fromarray(np.zeros((2, 2), dtype=np.uint16)).save(stream, "png")
    return stream.getvalue()


def half_a_picture() -> bytes:
    """A .png that ends too early."""
    stream = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(stream, "png")
    return stream.getvalue()[:2000]


def pickled_array() -> bytes:
    """A .npy of a Python object."""
    stream = io.BytesIO()
    np.save(stream, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("suffix", "data", "message"),
    [
        (".wav", b"no sound", "expected audio, but found 8 bytes that are none."),
        (".flac", b"", "expected audio, but found 0 bytes that are none."),
        (".png", b"no picture", "expected an image, but found 10 bytes that are none or damaged."),
        (".png", half_a_picture(), "expected an image, but found 2000 bytes that are none or damaged."),
        (".png", sixteen_bits(), "expected an image of 8 bits a channel, but found Pillow's mode I;16."),
        (".jpg", b"", "expected an image, but found 0 bytes that are none or damaged."),
        (".txt", b"Stra\xdfe", "expected text in UTF-8, but found byte 0xdf."),
        (
            ".npy",
            pickled_array(),
            "expected an array of numbers (.npy), but found: Object arrays cannot be loaded when allow_pickle=False",
        ),
    ],
)
def test_damaged_files_are_named(suffix: str, data: bytes, message: str) -> None:
    with pytest.raises(DataError) as error:
        decode(data, suffix, "x")
    assert str(error.value) == f"x: {message}"


@pytest.mark.parametrize("data", [pickle.dumps([1]), b"", b"\x93NUMPY\x01"], ids=["pickle", "empty", "short"])
def test_a_damaged_array_is_one_line(data: bytes) -> None:
    with pytest.raises(DataError, match=r"^x: expected an array of numbers \(\.npy\), but found: [^\n]+$"):
        decode(data, ".npy", "x")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("words", "expected numbers, but found text."),
        (np.zeros(2, complex), "expected real numbers, but found an array of complex128."),
    ],
)
def test_only_real_numbers_make_an_array(value: str | np.ndarray, message: str) -> None:
    with pytest.raises(DataError) as error:
        Decoded("array", value, name="x").array()
    assert str(error.value) == f"x: {message}"


def test_sound_without_samples_is_read_as_such(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", np.zeros(0))
    assert read_cell("a.wav", tmp_path).array().shape == (0,)
