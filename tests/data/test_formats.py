"""Which formats are read, whatever a file's name says, and that no others are tried."""

import io
import struct

import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data.decoding import decode
from acclimate.framework.data.reference import SUFFIXES
from acclimate.framework.data.signatures import find_suffix
from bits import assert_same_bits
from PIL import Image

from .media import FOREIGN, GOOD, picture, sound

SOUND = (".flac", ".mp3", ".ogg", ".wav")
PICTURES = (".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
ID3 = b"ID3\4\0\0\0\0\0\x0a" + bytes(10)


@pytest.mark.parametrize("name", [name for name in GOOD if name.endswith(SOUND)])
def test_sound_is_read_whatever_its_ending(name: str) -> None:
    for suffix in SOUND:
        decoded = decode(GOOD[name], suffix, "x")
        assert decoded.array().shape == (4000,)
        assert decoded.array().dtype == np.float32
        assert np.abs(decoded.array()[500:3500] - 0.3 * np.sin(np.arange(500, 3500) / 9)).max() < 0.1


@pytest.mark.parametrize("name", [name for name in GOOD if name.endswith(PICTURES)])
def test_pictures_are_read_whatever_their_ending(name: str) -> None:
    expected = np.repeat((np.arange(48, dtype=np.uint8) * 5).reshape(6, 8, 1), 3, axis=2)
    for suffix in PICTURES:
        pixels = decode(GOOD[name], suffix, "x").array()
        assert pixels.shape == (6, 8, 3)
        assert np.abs(pixels.astype(int) - expected).max() < 20


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_tiffs_are_read_exactly(mode: str, compression: str | None) -> None:
    made = picture("tiff", mode, compression=compression)
    expected = np.asarray(Image.open(io.BytesIO(made)).convert("L" if mode in {"1", "L", "LA"} else "RGB"))
    assert_same_bits(decode(made, ".tif", "x").array(), expected)


@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_a_grey_tiff_of_16_bits_keeps_them(order: str) -> None:
    values = np.array([[0, 1, 40000]], dtype=order)
    stream = io.BytesIO()
    mode = "I;16" if order == "<u2" else "I;16B"
    Image.frombytes(mode, (3, 1), values.tobytes()).save(stream, "tiff")
    decoded = decode(stream.getvalue(), ".tiff", "x").array()
    assert decoded.dtype == np.uint16
    assert decoded.tolist() == [[0, 1, 40000]]


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(suffix: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    kind = {".jpg": "jpeg", ".tif": "tiff"}.get(suffix, suffix[1:])
    made = picture(kind, "RGB", exif=exif)
    pixels = decode(made, suffix, "x").array()
    assert pixels.shape[:2] == ((6, 8) if orientation < 5 else (8, 6))
    corner = {1: (0, 0), 2: (0, -1), 3: (-1, -1), 4: (-1, 0), 5: (0, 0), 6: (0, -1), 7: (-1, -1), 8: (-1, 0)}
    # The slope begins in the picture's own upper left corner.
    assert pixels[corner[orientation]].max() < 30


@pytest.mark.parametrize("suffix", [*SOUND, *PICTURES, ".npy"])
@pytest.mark.parametrize("kind", FOREIGN)
def test_no_other_format_is_read(kind: str, suffix: str) -> None:
    with pytest.raises(DataError, match=r"^x: expected [^\n]+, but found:? [^\n]+$"):
        decode(FOREIGN[kind], suffix, "x")


@pytest.mark.parametrize(
    ("suffix", "kind", "words"),
    [
        (".png", "postscript", "expected PNG, JPEG, WEBP or TIFF, but found PostScript (convert it first)."),
        (".png", "gif", "expected PNG, JPEG, WEBP or TIFF, but found GIF (convert it first)."),
        (".jpg", "heic", "expected PNG, JPEG, WEBP or TIFF, but found HEIC (convert it first)."),
        (".wav", "aiff", "expected WAV, FLAC, OGG or MP3, but found AIFF (convert it first)."),
        (".wav", "nms", "but found NMS_ADPCM_16 in WAV: convert it first."),
        (".png", "zeros", "expected an image, but found 1000 bytes that are none or damaged."),
    ],
)
def test_what_was_found_is_named(suffix: str, kind: str, words: str) -> None:
    with pytest.raises(DataError) as error:
        decode(FOREIGN[kind], suffix, "x")
    assert str(error.value).endswith(words)


def test_a_wrong_ending_is_named() -> None:
    for name, content in GOOD.items():
        if not name.endswith((*PICTURES, ".txt")):
            with pytest.raises(DataError, match=r"expected (PNG, JPEG, WEBP or TIFF|an image), but found"):
                decode(content, ".png", "x")
        if not name.endswith((*SOUND, ".txt")):
            with pytest.raises(DataError, match="expected WAV, FLAC, OGG or MP3, but found"):
                decode(content, ".wav", "x")


def test_what_is_read_is_known_by_its_beginning() -> None:
    for name, content in GOOD.items():
        assert find_suffix(content) == (None if name.endswith(".txt") else name[1:])
    assert {name[1:] for name in GOOD} | {".jpeg", ".tiff"} == set(SUFFIXES)


@pytest.mark.parametrize(
    "made",
    [
        picture("webp", save_all=True, append_images=[Image.new("RGB", (8, 6))], lossless=True),
        picture("png", save_all=True, append_images=[Image.new("RGB", (8, 6))]),
        picture("tiff", save_all=True, append_images=[Image.new("RGB", (8, 6))]),
    ],
    ids=["webp", "png", "tiff"],
)
def test_several_pictures_in_one_file_are_refused(made: bytes) -> None:
    with pytest.raises(DataError, match="expected one picture, but found several in one file"):
        decode(made, ".png", "x")


@pytest.mark.parametrize("compression", ["jpeg", "group4", "zstd"])
def test_rare_compressions_of_tiff_are_refused(compression: str) -> None:
    made = picture("tiff", "1" if compression == "group4" else "RGB", compression=compression)
    with pytest.raises(DataError, match=r"expected a TIFF without compression, or with LZW, .* but found"):
        decode(made, ".tif", "x")


def test_a_jpeg_of_many_passes_is_refused() -> None:
    made = picture("jpeg")
    start = made.index(b"\xff\xda")
    size = made.index(b"\xff\xc0") + 5
    hostile = made[:size] + struct.pack(">2H", 8000, 8000) + made[size + 4 : start] + 70 * made[start : start + 14]
    with pytest.raises(DataError, match="expected a JPEG of fewer passes, but found 70"):
        decode(hostile, ".jpg", "x")


@pytest.mark.parametrize("container", ["WAV", "FLAC", "MP3"])
@pytest.mark.parametrize("tags", [1, 2])
def test_sound_behind_a_tag_is_read_and_held_to_its_length(container: str, tags: int) -> None:
    plain = sound(container)
    tagged = tags * ID3 + plain
    assert_same_bits(decode(tagged, ".wav", "x").array(), decode(plain, ".wav", "x").array())
    with pytest.raises(DataError, match=r"truncated|damaged"):
        decode(tagged[:-500], ".wav", "x")


@pytest.mark.parametrize("part", [0.3, 0.5, 0.9, 0.97, 0.999])
@pytest.mark.parametrize("name", ["a.mp3", "a.ogg", "b.ogg", "a.webp", "a.tif", "b.tif"])
def test_truncated_files_are_not_read_as_shorter_ones(name: str, part: float) -> None:
    content = GOOD[name]
    with pytest.raises(DataError, match=r"^x: expected [^\n]+$"):
        decode(content[: int(part * len(content))], name[1:], "x")


def test_sound_without_a_length_in_flac_is_named() -> None:
    content = bytearray(sound("FLAC"))
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    with pytest.raises(DataError, match="expected the number of samples in the header of FLAC, but found none"):
        decode(bytes(content), ".flac", "x")


@pytest.mark.parametrize("tag", [b"", ID3], ids=["bare", "tagged"])
@pytest.mark.parametrize("name", ["a.flac", "a.mp3", "a.ogg", "b.ogg"])
def test_recordings_one_behind_the_other_are_refused(name: str, tag: bytes) -> None:
    with pytest.raises(
        DataError, match=r"^x: expected one recording, but found several, one behind the other: [^\n]+$"
    ):
        decode(GOOD[name] + tag + GOOD[name], ".wav", "x")


@pytest.mark.parametrize("container", ["FLAC", "MP3", "OGG"])
def test_long_sound_is_one_recording(container: str) -> None:
    assert decode(sound(container, samples=200_000), ".wav", "x").array().shape == (200_000,)
