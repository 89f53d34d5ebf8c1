"""The page makes the same numbers of a file as Python, and refuses the same files."""

import io
import json
import shutil
import struct
import zlib
from collections.abc import Callable, Iterator
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
import soundfile
from acclimate.framework import DataError
from acclimate.framework.data.decoding import Decoded, decode
from acclimate.framework.data.preprocessing import (
    AudioPreprocessing,
    DepthPreprocessing,
    FeaturesPreprocessing,
    ImagePreprocessing,
    Preprocessing,
    SequencePreprocessing,
    SignalPreprocessing,
    TextPreprocessing,
)
from acclimate.framework.data.preprocessing.tokenizer_files import load_tokenizer
from bits import assert_same_bits
from browser import CHROMIUM, Browser, run_browser, serve
from PIL import Image

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is on the path")

PREPARE = """(async () => {
  const {decodeFile} = await import('/decoding/decode.js');
  const {prepare} = await import('/preprocessing/prepare.js');
  const content = await (await fetch(`/given/${encodeURIComponent(NAME)}`, {cache: 'no-store'})).blob();
  try {
    const prepared = prepare(CONFIG, await decodeFile(new File([content], NAME)));
    return {values: Array.from(prepared.values, Number), shape: prepared.shape, length: prepared.length};
  } catch (error) {
    return {kind: error.constructor.name, message: error.message};
  }
})()"""


@attrs.frozen
class Page:
    """The modules of the page in a browser, and a folder for files that they are given."""

    browser: Browser
    folder: Path

    def prepare(self, preprocessing: Preprocessing, name: str, content: bytes) -> dict[str, Any]:
        """What the page makes of a file."""
        (self.folder / name).write_bytes(content)
        expression = PREPARE.replace("NAME", json.dumps(name)).replace("CONFIG", json.dumps(preprocessing.to_config()))
        found: dict[str, Any] = self.browser.evaluate(expression)
        return found


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Without a model: its modules for preprocessing need none."""
    assert CHROMIUM is not None
    folder = tmp_path_factory.mktemp("page")
    with as_file(files("acclimate.exporters.web") / "page") as source:
        shutil.copytree(source, folder, dirs_exist_ok=True)
    (folder / "given").mkdir()
    (folder / "empty.html").write_text('<html data-state="ready">')
    with serve(folder) as address, run_browser(CHROMIUM, tmp_path_factory.mktemp("profile")) as browser:
        browser.open(f"{address}empty.html")
        yield Page(browser, folder / "given")


def assert_equal(page: Page, preprocessing: Preprocessing, name: str, content: bytes, decoded: Decoded) -> None:
    """Compare the page with Python, up to the rounding of a few operations."""
    expected, found = preprocessing.prepare(decoded), page.prepare(preprocessing, name, content)
    assert found.get("message") is None
    assert tuple(found["shape"]) == preprocessing.shape
    assert found["length"] == expected.length
    np.testing.assert_allclose(np.reshape(found["values"], found["shape"]), expected.values, rtol=1e-6, atol=1e-6)
    assert np.ptp(expected.values) > 0


def to_npy(array: np.ndarray[Any, Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def to_sound(subtype: str, channels: int = 1, container: str = "WAV", rate: int = 8000, frames: int = 500) -> bytes:
    stream = io.BytesIO()
    waveform = np.random.default_rng(channels).uniform(-1, 1, (frames, channels))
    soundfile.write(stream, waveform, rate, subtype, format=container)
    return stream.getvalue()


SPEECH = AudioPreprocessing(sampling_rate=8000, samples=400)


@pytest.mark.parametrize("samples", [400, 600])
@pytest.mark.parametrize(
    "sound",
    [
        to_sound("PCM_16"),
        to_sound("PCM_16", 2),
        to_sound("PCM_24", 3),
        to_sound("PCM_32"),
        to_sound("PCM_U8", 2),
        to_sound("FLOAT"),
        to_sound("DOUBLE", 2),
        to_sound("PCM_24", 6, "WAVEX"),
        to_sound("PCM_16", 2)[:40] + b"\xff" * 4 + to_sound("PCM_16", 2)[44:],  # written into a pipe
    ],
    ids=["pcm16", "stereo", "pcm24", "pcm32", "pcm8", "float", "double", "extensible", "endless"],
)
def test_wave_files(sound: bytes, samples: int, page: Page) -> None:
    preprocessing = AudioPreprocessing(sampling_rate=8000, samples=samples)
    assert_equal(page, preprocessing, "tone.wav", sound, decode(sound, ".wav", "tone.wav"))


def test_flac_files(page: Page) -> None:
    """The browser scales samples of 16 bits by another power of two less one."""
    sound = to_sound("PCM_16", 2, "FLAC")
    found = page.prepare(SPEECH, "tone.flac", sound)
    expected = SPEECH.prepare(decode(sound, ".flac", "tone.flac"))
    assert found["length"] == expected.length
    np.testing.assert_allclose(found["values"], expected.values, atol=1e-4)


NUMBERS = np.random.default_rng(0).normal(3, 20, (30, 2))


@pytest.mark.parametrize(
    "array",
    [
        NUMBERS,
        NUMBERS.astype("<f4"),
        NUMBERS.astype("<f2"),
        NUMBERS.astype(">f8"),
        NUMBERS.astype(">i2"),
        NUMBERS.astype("<i8") * 10**9,
        np.abs(NUMBERS).astype("u1"),
        np.asfortranarray(NUMBERS),
        NUMBERS > 0,
    ],
    ids=["f8", "f4", "f2", "big-endian", "i2", "i8", "u1", "columns", "bool"],
)
def test_arrays(array: np.ndarray[Any, Any], page: Page) -> None:
    content = to_npy(array)
    for length in (20, 40):
        preprocessing = SignalPreprocessing(length=length, mean=[1.0, -2.5], std=[3.0, 0.7])
        assert_equal(page, preprocessing, "move.npy", content, decode(content, ".npy", "move.npy"))


def test_every_number_of_16_bits(page: Page) -> None:
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    content = to_npy(halves[np.isfinite(halves)])
    preprocessing = SignalPreprocessing(length=2**16, mean=[0.0], std=[1.0])
    found = page.prepare(preprocessing, "halves.npy", content)["values"]
    assert_same_bits(found[:-2048], np.load(io.BytesIO(content)).astype(np.float32))


def test_a_signal_of_one_axis_and_one_from_a_sound(page: Page) -> None:
    content = to_npy(NUMBERS[:, 0])
    preprocessing = SignalPreprocessing(length=20, mean=[1.0], std=[3.0])
    assert_equal(page, preprocessing, "move.npy", content, decode(content, ".npy", "move.npy"))
    sound = to_sound("PCM_16", 2)
    preprocessing = SignalPreprocessing(length=700, mean=[0.1, 0.2], std=[0.3, 0.4], sampling_rate=8000)
    assert_equal(page, preprocessing, "move.wav", sound, decode(sound, ".wav", "move.wav"))


@pytest.mark.parametrize("separator", [",", ";", "\t", " ", " , "])
def test_numbers_as_text(separator: str, page: Page) -> None:
    lines = [separator.join(map(repr, row)) for row in NUMBERS.tolist()]
    text = "# two channels\n" + "\r\n".join(lines) + "\n"
    preprocessing = SignalPreprocessing(length=40, mean=[1.0, -2.5], std=[3.0, 0.7])
    assert_equal(page, preprocessing, "move.csv", text.encode(), Decoded("array", NUMBERS))
    preprocessing_of_one = FeaturesPreprocessing(mean=[1.0, -2.5], std=[3.0, 0.7])
    assert_equal(page, preprocessing_of_one, "face.csv", lines[3].encode(), Decoded("array", NUMBERS[3]))


def test_features_and_sequences(page: Page) -> None:
    content = to_npy(NUMBERS[:, 1])
    features = FeaturesPreprocessing(mean=NUMBERS[:, 0].tolist(), std=(1.0 + np.arange(30)).tolist())
    assert_equal(page, features, "face.npy", content, decode(content, ".npy", "face.npy"))
    content = to_npy(NUMBERS)
    for steps in (7, 50):
        sequence = SequencePreprocessing(steps=steps, mean=[1.0, -2.5], std=[3.0, 0.7])
        assert_equal(page, sequence, "frames.npy", content, decode(content, ".npy", "frames.npy"))


def to_picture(mode: str, container: str = "PNG", size: tuple[int, int] = (37, 23), **options: object) -> bytes:
    columns, rows = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    noise = np.random.default_rng(0).integers(0, 40, rows.shape)
    planes = [columns * 6 + noise, rows * 9, 255 - columns * 3 - noise, columns * 2 + rows * 3]
    picture = Image.fromarray(np.stack(planes, axis=2).clip(0, 255).astype(np.uint8), "RGBA")
    if mode == "P":
        picture = picture.convert("RGB").quantize(20)
    elif mode == "LA":
        picture = Image.merge("LA", [picture.getchannel("R"), picture.getchannel("A")])
    else:
        picture = picture.convert(mode)
    stream = io.BytesIO()
    picture.save(stream, container, **options)
    return stream.getvalue()


def to_interlaced() -> bytes:
    """A grey picture that comes in seven passes."""
    pixels = np.random.default_rng(0).integers(0, 256, (13, 11), dtype=np.uint8)
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    parts = [pixels[top::down, left::across] for left, top, across, down in passes]
    lines = b"".join(b"\0" + row.tobytes() for part in parts for row in part if row.size)
    header = struct.pack(">IIBBBBB", 11, 13, 8, 0, 0, 0, 1)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


@pytest.mark.parametrize(
    ("picture", "channels"),
    [
        (to_picture("RGB"), 3),
        (to_picture("RGBA"), 3),
        (to_picture("P"), 3),
        (to_picture("P", bits=4), 3),
        (to_picture("L"), 1),
        (to_picture("LA"), 1),
        (to_picture("1"), 1),
        (to_interlaced(), 1),
    ],
    ids=["rgb", "rgba", "palette", "narrow-palette", "grey", "grey-alpha", "black-white", "interlaced"],
)
@pytest.mark.parametrize("size", [(7, 9), (60, 41), (5, 80), (23, 11)])
def test_pictures(picture: bytes, channels: int, size: tuple[int, int], page: Page) -> None:
    mean, std = [0.485, 0.456, 0.406][:channels], [0.229, 0.224, 0.225][:channels]
    preprocessing = ImagePreprocessing(height=size[0], width=size[1], mean=mean, std=std)
    assert_equal(page, preprocessing, "scan.png", picture, decode(picture, ".png", "scan.png"))


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_photographs(mode: str, page: Page) -> None:
    """Two decoders may differ by one step of 255."""
    turned = Image.Exif()
    turned[0x0112] = 6
    picture = to_picture(mode, "JPEG", quality=90, exif=turned)
    preprocessing = ImagePreprocessing(height=30, width=20, mean=[0.5] * len(mode), std=[1.0] * len(mode))
    found = page.prepare(preprocessing, "photo.jpg", picture)
    expected = preprocessing(decode(picture, ".jpg", "photo.jpg"))
    np.testing.assert_allclose(np.reshape(found["values"], found["shape"]), expected, atol=1.01 / 255)


def test_pictures_as_arrays(page: Page) -> None:
    content = to_npy(np.random.default_rng(0).integers(0, 256, (9, 8, 5), dtype=np.uint8))
    preprocessing = ImagePreprocessing(height=6, width=11, mean=[0.5] * 5, std=[0.1, 0.2, 0.3, 0.4, 0.5])
    assert_equal(page, preprocessing, "scan.npy", content, decode(content, ".npy", "scan.npy"))


@pytest.mark.parametrize("size", [(23, 37), (7, 9), (60, 41)])
def test_depth(size: tuple[int, int], page: Page) -> None:
    depth = np.random.default_rng(0).integers(0, 9000, (23, 37)).astype(np.uint16)
    depth[depth < 2000] = 0
    stream = io.BytesIO()
    Image.fromarray(depth).save(stream, "PNG")
    preprocessing = DepthPreprocessing(height=size[0], width=size[1], mean=3.1, std=1.7)
    for suffix, content in ((".png", stream.getvalue()), (".npy", to_npy(depth)), (".npy", to_npy(depth.astype("u4")))):
        assert_equal(page, preprocessing, f"depth{suffix}", content, decode(content, suffix, "depth"))


TEXTS = [
    "A fine day.",
    "a [MASK] day, [SEP]said[PAD] x",
    "  naïve café — ÉCOLE\t\u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3 ",
    "東京タワー  2024年 🎉👩‍👩‍👧 don't stop_now",
    "unaffable " + "y" * 120,
    "İstanbul ﬁne\u00ad\u200b\u3000x\u0301 \x07bell \ufffd ½ ٣ ൫",
    "$5.00 ^_^ `code` ~tilde~ |pipe| «quoted»",
    "!?",
]


PIECES = """
    a fine day . , said x ##x na ##ive cafe ecole 京 東 タ ##ワ ##ー 20 ##24 年 don ' t stop _ now un ##aff ##able y
    $ 5 0 ^ ` ~ | « » ! ? ½ \u03a3 \u03c3 ##\u03b9\u03c3\u03c5\u03c6\u03bf\u03c3
"""


def word_tokenizer() -> TextPreprocessing:
    samples = [Decoded("text", text) for text in TEXTS for _ in range(2)]
    return TextPreprocessing.fit(samples, {"max_length": 12})


def bert_tokenizer(tmp_path: Path, *, lowercase: bool) -> TextPreprocessing:
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *PIECES.split()]
    (tmp_path / "vocab.txt").write_text("\n".join(dict.fromkeys(pieces)), encoding="utf-8")
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": lowercase}))
    return TextPreprocessing(max_length=14, tokenizer=load_tokenizer(str(tmp_path)))


@pytest.mark.parametrize("kind", ["words", "bert", "cased-bert"])
def test_texts(kind: str, page: Page, tmp_path: Path) -> None:
    preprocessing = word_tokenizer() if kind == "words" else bert_tokenizer(tmp_path, lowercase=kind == "bert")
    for text in TEXTS:
        decoded = decode(text.encode(), ".txt", "note.txt")
        assert_equal(page, preprocessing, "note.txt", text.encode(), decoded)


def test_numbers_of_tokens_where_the_page_has_no_such_tokenizer(page: Page) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    made = tokenizers.Tokenizer(tokenizers.models.BPE({"a": 0, "b": 1, "ab": 2}, [("a", "b")]))
    made.add_special_tokens(["<pad>"])
    preprocessing = TextPreprocessing(max_length=4, tokenizer=made.to_str())
    assert page.prepare(preprocessing, "note.txt", b"2, 0 1")["values"] == [2, 0, 1, 3]
    assert "from 0 to 3, but found" in page.prepare(preprocessing, "note.txt", b"2 4")["message"]
    config = json.dumps(preprocessing.to_config())
    words = page.browser.evaluate(f"import('/preprocessing/text.js').then(({{text}}) => text.describe({config}))")
    assert words == "Numbers of tokens: this page has no pre_tokenizer of its kind"


FACE = FeaturesPreprocessing(mean=[0.0] * 3, std=[1.0] * 3)
WRIST = SignalPreprocessing(length=20, mean=[0.0, 1.0], std=[1.0, 2.0])
PHOTO = ImagePreprocessing(height=8, width=8, mean=[0.4], std=[0.3])
DEPTH = DepthPreprocessing(height=8, width=8, mean=1.0, std=1.0)


@pytest.mark.parametrize(
    ("preprocessing", "name", "make"),
    [
        (SPEECH, "tone.wav", lambda: to_sound("PCM_16", rate=16000)),
        (SPEECH, "tone.wav", lambda: to_sound("PCM_16")[:-7]),
        (WRIST, "tone.wav", lambda: to_sound("PCM_16", 2)),
        (SPEECH, "tone.npy", lambda: to_npy(np.zeros((2, 3, 4)))),
        (WRIST, "move.npy", lambda: to_npy(np.zeros((30, 3)))),
        (WRIST, "move.npy", lambda: to_npy(np.zeros((30, 2, 1)))),
        (WRIST, "move.npy", lambda: to_npy(np.zeros((0, 2)))),
        (WRIST, "move.npy", lambda: to_npy(np.zeros((30, 2)))[:-5]),
        (FACE, "face.npy", lambda: to_npy(np.zeros(4))),
        (FACE, "face.txt", lambda: b"a fine day"),
        (SequencePreprocessing(steps=2, mean=[0.0], std=[1.0]), "frames.npy", lambda: to_npy(np.zeros((4, 2)))),
        (PHOTO, "scan.png", lambda: to_picture("RGB")),
        (PHOTO, "photo.jpg", lambda: to_picture("RGB", "JPEG")),
        (PHOTO, "scan.png", lambda: to_picture("I;16")),
    ],
)
def test_what_python_refuses_the_page_refuses_with_the_same_words(
    preprocessing: Preprocessing, name: str, make: Callable[[], bytes], page: Page
) -> None:
    content = make()
    with pytest.raises(DataError) as raised:
        preprocessing.prepare(decode(content, Path(name).suffix, name))
    found = page.prepare(preprocessing, name, content)
    assert found["kind"] == "DataError"
    assert f"{name}: {found['message']}" == str(raised.value)


@pytest.mark.parametrize(
    ("preprocessing", "name", "content", "message"),
    [
        (FACE, "face.npy", to_npy(np.array([1.0, np.nan, 0.0])), "expected finite numbers, but found NaN"),
        (FACE, "face.npy", b"no array", "expected an array of numbers"),
        (
            FACE,
            "face.npy",
            to_npy(np.zeros(3, complex)),
            "expected an array of real numbers, but found: {'descr':",
        ),
        (FACE, "face.csv", b"1,2,x", 'expected numbers, but found "x" on line 1'),
        (WRIST, "move.csv", b"1,2\n1,2,3", "expected 2 numbers on every line, but found 3 on row 2"),
        (FACE, "face.xls", b"", "expected a file that ends in .csv, .flac"),
        (SPEECH, "tone.wav", b"no sound", "expected a WAV file"),
        (SPEECH, "tone.wav", to_sound("ULAW"), "expected PCM or float sound, but found WAV format 7"),
        (SPEECH, "tone.flac", to_sound("PCM_16"), "expected a FLAC file"),
        (SPEECH, "tone.flac", to_sound("PCM_16", 1, "FLAC")[:60], "this browser cannot decode the sound, take WAV"),
        (PHOTO, "scan.png", b"no picture", "expected a PNG file"),
        (PHOTO, "scan.png", to_picture("L")[:-40], "expected a PNG file, but its content is damaged or truncated"),
        (PHOTO, "photo.jpg", b"no picture", "expected a JPEG file"),
        (PHOTO, "photo.jpg", to_picture("CMYK", "JPEG"), "expected an image in grey or RGB, but found CMYK"),
        (DEPTH, "depth.png", to_picture("RGB"), "expected a depth image"),
        (DEPTH, "depth.npy", to_npy(np.zeros((8, 8))), "expected a depth image"),
    ],
)
def test_what_the_page_refuses(
    preprocessing: Preprocessing, name: str, content: bytes, message: str, page: Page
) -> None:
    found = page.prepare(preprocessing, name, content)
    assert found["kind"] == "DataError"
    assert message in found["message"]
