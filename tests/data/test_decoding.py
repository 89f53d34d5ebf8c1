"""Bytes of real files to arrays."""

import io
import os
import pickle
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import soundfile
from acclimate.framework import DataError
from acclimate.framework.data.decoding import Decoded, decode
from acclimate.framework.data.reading import read_cell
from bits import assert_same_bits
from PIL import Image

from .data_files import write_image, write_sound

RAMP = np.arange(-300, 300, dtype=np.int16)


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_sound_is_scaled_by_its_full_range(tmp_path: Path, suffix: str) -> None:
    soundfile.write(tmp_path / f"a{suffix}", RAMP, 16000, subtype="PCM_16")
    decoded = read_cell(f"a{suffix}", tmp_path)
    assert (decoded.kind, decoded.sampling_rate, decoded.name) == ("audio", 16000, f"a{suffix}")
    assert decoded.array().dtype == np.float32
    assert_same_bits(decoded.array(), RAMP.astype(np.float32) / 2**15)


def test_stereo_keeps_its_channels(tmp_path: Path) -> None:
    stereo = np.stack([RAMP, -RAMP], axis=1)
    soundfile.write(tmp_path / "a.wav", stereo, 8000, subtype="PCM_16")
    assert_same_bits(read_cell("a.wav", tmp_path).array(), stereo.astype(np.float32) / 2**15)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_a_png_is_read_exactly(tmp_path: Path, shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    write_image(tmp_path / "a.png", pixels)
    decoded = read_cell("a.png", tmp_path)
    assert decoded.kind == "image"
    assert_same_bits(decoded.array(), pixels)


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
    assert_same_bits(decoded.array(), array)


def test_text_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("schöner Tag\n", encoding="utf-8")
    decoded = read_cell("a.txt", tmp_path)
    assert (decoded.kind, decoded.value) == ("text", "schöner Tag")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "utf-32-be"])
def test_text_is_read_as_its_mark_says(encoding: str) -> None:
    mark = "\ufeff" if encoding.endswith("-be") else ""
    assert decode(f"{mark}schöner Tag\r\n".encode(encoding), ".txt", "x").value == "schöner Tag"
    with pytest.raises(DataError, match="expected text in UTF-8, but found byte 0x"):
        decode("schöner Tag".encode("latin1"), ".txt", "x")


def sixteen_bits(colour_type: int, channels: int) -> bytes:
    """A .png of 4 x 2 pixels, 16 bits a channel, which Pillow does not write in colour."""
    lines = [b"\0" + struct.pack(f">{4 * channels}H", *range(line, line + 4 * channels)) for line in (0, 40000)]
    header = struct.pack(">2I5B", 4, 2, 16, colour_type, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"".join(lines))), (b"IEND", b"")]
    parts = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def jpeg(mode: str, size: int = 64, *, progressive: bool = False) -> bytes:
    """A .jpg of noise."""
    channels = len(mode)
    noise = np.random.default_rng(0).integers(0, 256, size * size * channels, dtype=np.uint8)
    stream = io.BytesIO()
    Image.frombytes(mode, (size, size), noise.tobytes()).save(stream, "jpeg", progressive=progressive)
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


def sound(container: str = "WAV", subtype: str = "PCM_16", *, endian: str = "FILE") -> bytes:
    """One second of noise at 8 kHz."""
    stream = io.BytesIO()
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 8000)
    soundfile.write(stream, noise, 8000, subtype, endian, container)
    return stream.getvalue()


def npy(header: str, data: bytes = b"") -> bytes:
    """A .npy of any header."""
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def numbers(shape: str, data: bytes = b"") -> bytes:
    """A .npy whose header promises float64 of a shape."""
    return npy(f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}", data)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.999])
@pytest.mark.parametrize(
    "data",
    [
        sound(),
        sound(endian="BIG"),
        sound(subtype="FLOAT"),
        sound(subtype="IMA_ADPCM"),
        sound("WAVEX"),
        sound("RF64"),
        sound("FLAC"),
    ],
    ids=["wav", "rifx", "float", "adpcm", "wavex", "rf64", "flac"],
)
def test_truncated_sound_is_not_read_as_shorter_sound(data: bytes, part: float) -> None:
    assert len(decode(data, ".wav", "x").array()) >= 8000
    with pytest.raises(DataError, match=r"^x: expected .*(the file is truncated|none or damaged)\.$"):
        decode(data[: int(part * len(data))], ".wav", "x")


def test_a_truncated_wav_says_how_much_is_missing() -> None:
    with pytest.raises(DataError) as error:
        decode(sound()[:-100], ".wav", "x")
    assert str(error.value) == "x: expected 100 more bytes of sound, as its header says: the file is truncated."


def test_sound_from_a_pipe_has_no_length_in_its_header() -> None:
    whole = sound()
    assert whole[36:40] == b"data"
    streamed = whole[:4] + b"\xff" * 4 + whole[8:40] + b"\xff" * 4 + whole[44:]
    assert_same_bits(decode(streamed, ".wav", "x").array(), decode(whole, ".wav", "x").array())


@pytest.mark.parametrize("endian", ["FILE", "BIG"])
def test_sound_whose_recorder_died_is_what_it_wrote(endian: str) -> None:
    whole = sound(endian=endian)
    unfinished = whole[:4] + bytes(4) + whole[8:40] + bytes(4) + whole[44:]
    assert_same_bits(decode(unfinished, ".wav", "x").array(), decode(whole, ".wav", "x").array())
    assert_same_bits(decode(unfinished[:-1], ".wav", "x").array(), decode(whole, ".wav", "x").array()[:-1])


def test_sound_of_no_length_before_other_chunks_is_none() -> None:
    whole = sound()
    empty = whole[:40] + bytes(4)
    assert decode(empty, ".wav", "x").array().shape == (0,)
    assert decode(empty + b"LIST" + struct.pack("<I", 4) + b"INFO", ".wav", "x").array().shape == (0,)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("part", [0.3, 0.7, 0.99])
def test_a_truncated_jpeg_is_not_filled_with_grey(part: float, *, progressive: bool) -> None:
    data = jpeg("RGB", progressive=progressive)
    assert decode(data, ".jpg", "x").array().shape == (64, 64, 3)
    with pytest.raises(DataError, match="none or damaged"):
        decode(data[: int(part * len(data))], ".jpg", "x")


def test_a_grey_image_of_16_bits_keeps_them() -> None:
    pixels = decode(sixteen_bits(0, 1), ".png", "x").array()
    assert pixels.dtype == np.uint16
    assert pixels.tolist() == [[0, 1, 2, 3], [40000, 40001, 40002, 40003]]


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_shares_the_files_memory(order: Literal["C", "F"]) -> None:
    array = np.asarray(np.arange(6.0).reshape(2, 3), order=order)
    stream = io.BytesIO()
    np.save(stream, array)
    data = stream.getvalue()
    decoded = decode(data, ".npy", "x").array()
    assert_same_bits(decoded, array)
    assert np.shares_memory(decoded, np.frombuffer(data, np.uint8))


@pytest.mark.parametrize(
    ("suffix", "whole"),
    [(".wav", sound()), (".flac", sound("FLAC")), (".png", sixteen_bits(0, 1)), (".jpg", jpeg("L"))],
)
def test_whatever_is_damaged_is_a_data_error(suffix: str, whole: bytes) -> None:
    generator = np.random.default_rng(0)
    refused = 0
    for _ in range(100):
        data = bytearray(whole)
        for place in generator.integers(0, min(len(data), 150), 3):
            data[place] = generator.integers(256)
        try:
            decode(bytes(data), suffix, "x")
        except DataError:
            refused += 1
    assert refused


NO_IMAGE = "expected an image in grey or RGB with 8 bits a channel, but found"


SHAPE = f"(an array of shape ({10**12},)):"
HUGE = f"(an array of shape ({10**17},)):"
RAISE = "--max-decoded 7629395 (MiB), or ACCLIMATE_MAX_DECODED=7629395, allows it."


@pytest.mark.parametrize(
    ("suffix", "data", "message"),
    [
        (".wav", b"no sound", "expected audio, but found 8 bytes that are none or damaged."),
        (".flac", b"", "expected audio, but found 0 bytes that are none or damaged."),
        (".wav", sound("AIFF"), "expected WAV, FLAC, OGG or MP3, but found AIFF (convert it first)."),
        (".png", b"no picture", "expected an image, but found 10 bytes that are none or damaged."),
        (".png", half_a_picture(), "expected an image, but found 2000 bytes that are none or damaged."),
        (".png", sixteen_bits(2, 3), f"{NO_IMAGE} 16 bits: convert it first."),
        (".png", sixteen_bits(4, 2), f"{NO_IMAGE} 16 bits: convert it first."),
        (".png", sixteen_bits(6, 4), f"{NO_IMAGE} 16 bits: convert it first."),
        (".jpg", jpeg("CMYK"), f"{NO_IMAGE} CMYK: convert it first."),
        (".jpg", b"", "expected an image, but found 0 bytes that are none or damaged."),
        (".txt", b"Stra\xdfe", "expected text in UTF-8, but found byte 0xdf."),
        (".txt", b" \n", "expected text, but found none; an empty cell is a missing modality."),
        (".npy", pickled_array(), "expected an array of numbers, but found one of object, of shape (1,)."),
        (".npy", numbers("(-1,)", bytes(8)), "expected an array of numbers, but found one of float64, of shape (-1,)."),
        (".npy", numbers("(2, 3)", bytes(40)), "expected 8 more bytes, as its header says: the file is truncated."),
        (
            ".npy",
            numbers(f"({10**12},)"),
            f"expected at most {2**28:,} bytes after decoding, but found {8 * 10**12:,} {SHAPE} {RAISE}",
        ),
        (
            ".npy",
            numbers("(True, 6)", bytes(48)),
            "expected an array of numbers, but found one of float64, of shape (True, 6).",
        ),
        (
            ".npy",
            numbers(f"(0x{'f' * 5000},)"),
            "expected an array of numbers, but found one of float64, of shape with a size of thousands of digits.",
        ),
        (
            ".npy",
            numbers(f"({10**17},)"),
            f"expected at most {2**28:,} bytes after decoding, but found {8 * 10**17:,} {HUGE} no setting allows it.",
        ),
        (".txt", "a\0b".encode("utf-32"), "expected text, but found bytes of zero in it: no text has them."),
        (".txt", b"a\0b", "expected text, but found bytes of zero in it: no text has them."),
        (
            ".npy",
            numbers(f"({10**18}, {10**18})"),
            f"expected an array of numbers, but found one of float64, of shape ({10**18}, {10**18}).",
        ),
    ],
)
def test_damaged_files_are_named(suffix: str, data: bytes, message: str) -> None:
    with pytest.raises(DataError) as error:
        decode(data, suffix, "x")
    assert str(error.value) == f"x: {message}"


@pytest.mark.parametrize(
    "data",
    [
        pickle.dumps([1]),
        b"",
        b"\x93NUMPY\x01",
        npy("(" * 5000),
        npy("{}"),
        npy("[" * 300),
        npy("{1,[]}"),
        npy("{[]:1}"),
        npy("{'descr':'<f4', 1:2,'shape':(6,)}"),
        npy("{'descr': (), 'fortran_order': False, 'shape': (6,)}"),
        npy("-" * 9000 + "1"),
    ],
    ids=["pickle", "empty", "short", "deep", "bare", "open", "set", "key", "keys", "type", "signs"],
)
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


def test_an_archive_whose_array_is_damaged_is_one_line(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
        file.writestr("set.npy", npy("{1,[]}"))
        file.writestr("true.npy", numbers("(True, 6)", bytes(48)))
    for key in ("set", "true"):
        with pytest.raises(DataError, match=rf"^a\.npz:{key}: expected an array of numbers[^\n]+$"):
            read_cell(f"a.npz:{key}", tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes on this system")
def test_a_cell_that_is_no_regular_file_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.wav")
    with pytest.raises(DataError, match=r"^a\.wav: expected a file, but found a named pipe at [^\n]+$"):
        read_cell("a.wav", tmp_path)


def test_sound_without_samples_is_read_as_such(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", np.zeros(0))
    assert read_cell("a.wav", tmp_path).array().shape == (0,)
