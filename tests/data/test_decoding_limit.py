"""No file makes more of itself than the user allows, and none takes the memory before that is found out."""

import contextlib
import os
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data.archives import read_array
from acclimate.framework.data.decoding import decode
from acclimate.framework.data.decoding_limit import VARIABLE, decoding_limit, set_decoding_limit
from acclimate.framework.data.reading import read_cell
from bits import assert_same_bits
from PIL import Image

from acclimate.__main__ import main

from .data_files import write_text
from .media import archive, npy, npy_of, picture, png_of, sound

h5py = pytest.importorskip("h5py")

MEBIBYTE = 2**20
LIMIT = 16
"""In MiB."""

PROGRAM = """
import resource, sys
from pathlib import Path
import h5py, numpy, soundfile, PIL.PngImagePlugin, PIL.JpegImagePlugin, PIL.TiffImagePlugin, PIL.WebPImagePlugin
from acclimate.framework.errors import DataError
from acclimate.framework.data.reading import read_cell
own = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (own + 48 * 2**20,) * 2)
for cell in sys.argv[2:]:
    try:
        read_cell(cell, Path(sys.argv[1]))
        print("read")
    except DataError as error:
        print(error)
"""


def flac_of(samples: int) -> bytes:
    """A FLAC whose header promises any number of samples."""
    content = bytearray(sound("FLAC"))
    content[21] = content[21] & 0xF0 | samples >> 32
    content[22:26] = struct.pack(">I", samples & 0xFFFFFFFF)
    return bytes(content)


def webp_of(kind: bytes, width: int, height: int) -> bytes:
    """A WEBP whose header promises any size."""
    content = bytearray(picture("webp", lossless=kind == b"VP8L"))
    if kind == b"VP8L":
        content[21:25] = struct.pack(
            "<I", struct.unpack_from("<I", content, 21)[0] & 0xF0000000 | width - 1 | height - 1 << 14
        )
    elif kind == b"VP8 ":
        content[26:30] = struct.pack("<2H", width, height)
    else:
        sizes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        content[12:12] = b"VP8X" + struct.pack("<2I", 10, 0) + sizes
    return bytes(content)


def lying(content: bytes, size: int) -> bytes:
    """A .zip of one member whose two headers say another size than it has."""
    changed = bytearray(content)
    changed[22:26] = struct.pack("<I", size)
    start = changed.index(b"PK\1\2")
    changed[start + 24 : start + 28] = struct.pack("<I", size)
    return bytes(changed)


PACKINGS = {"deflate": zipfile.ZIP_DEFLATED, "bzip2": zipfile.ZIP_BZIP2, "lzma": zipfile.ZIP_LZMA}


def make_bombs() -> dict[str, bytes]:
    """By their cells: what becomes too large."""
    zeros = bytes(64 * MEBIBYTE)
    bombs = {
        "flac.flac": flac_of(8 * 10**8),
        "ends.flac": flac_of(2**36 - 1),
        "palette.png": png_of(13_000, 13_000, lines=1),
        "vp8.webp": webp_of(b"VP8 ", 16_000, 16_000),
        "vp8l.webp": webp_of(b"VP8L", 16_000, 16_000),
        "vp8x.webp": webp_of(b"VP8X", 2**24, 200),
        "shape.npy": npy_of((10**9,)),
        "deep.npy": npy_of((10**18,)),
        "text.txt": b"word " * MEBIBYTE,
        "shape.npz:a": archive({"a.npy": npy_of((10**18,))}),
        "row.npz:a[3]": archive({"a.npy": npy_of((10**18,))}, zipfile.ZIP_STORED),
        "zeros.npz:a[3]": archive({"a.npy": npy_of((64, MEBIBYTE // 4)) + zeros}),
    }
    return bombs | {f"{name}.zip!a": archive({"a.wav": zeros}, packing) for name, packing in PACKINGS.items()}


def write_hdf5(path: Path) -> list[str]:
    with h5py.File(path, "w") as file:
        file.create_dataset("empty", shape=(10**15,), dtype="f4")
        file.create_dataset("pieces", shape=(10, 10**9), dtype="f4", chunks=(10, 10**8), compression="gzip")
        file.create_dataset("piece", shape=(10**7, 4), dtype="f4", chunks=(10**7, 4), compression="gzip")
    return ["a.h5:empty", "a.h5:pieces[0]", "a.h5:piece[0]"]


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="this system does not say what a process has")
def test_bombs_are_refused_before_they_take_memory(tmp_path: Path) -> None:
    bombs = make_bombs()
    liars = {f"lying-{cell}.wav": lying(bombs[cell], 1000) for cell in bombs if "!" in cell}
    bombs = {f"{cell}.wav" if "!" in cell else cell: content for cell, content in bombs.items()}
    for cell, content in {**bombs, **liars}.items():
        (tmp_path / cell.split("!")[0].split(":")[0]).write_bytes(content)
    cells = [*bombs, *liars, *write_hdf5(tmp_path / "a.h5")]
    for name in ("hole.wav", "hole.npy", "hole.flac", "hole.png", "hole.txt"):
        (tmp_path / name).touch()
        os.truncate(tmp_path / name, 256 * 2**30)
        cells.append(name)
    run = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, tmp_path, *cells],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, VARIABLE: str(LIMIT)},
    )
    assert run.stderr == ""
    for cell, line in zip(cells, run.stdout.splitlines(), strict=True):
        assert line.startswith(f"{cell}: expected"), line
        if cell not in liars:
            assert "at most 16,777,216 bytes" in line or "text of at most 262,144 bytes" in line, line
            assert f", or {VARIABLE}=" in line or "no setting allows it" in line


def test_the_limit_is_said_and_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert decoding_limit() == 256 * MEBIBYTE
    monkeypatch.setenv(VARIABLE, "1")
    content = png_of(1000, 400, 2)
    with pytest.raises(DataError) as error:
        decode(content, ".png", "large.png")
    assert str(error.value) == (
        "large.png: expected at most 1,048,576 bytes after decoding, but found 1,600,000 (an image of 1,000 x 400 "
        "pixels, 4 bytes each): --max-decoded 2 (MiB), or ACCLIMATE_MAX_DECODED=2, allows it."
    )
    set_decoding_limit(2)
    assert decode(content, ".png", "large.png").array().shape == (400, 1000, 3)
    np.save(tmp_path / "a.npy", np.zeros(2**19, np.float32))
    with pytest.raises(DataError, match="but found 2,097,280: --max-decoded 3"):
        read_cell("a.npy", tmp_path)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "all", "9" * 30])
def test_a_limit_that_is_none_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(DataError, match="ACCLIMATE_MAX_DECODED must be a positive whole number of MiB, but got"):
        decoding_limit()


def test_a_caller_may_have_a_limit_of_its_own() -> None:
    with pytest.raises(
        DataError, match=r"^x: expected at most 100 bytes after decoding, but found 48,000 \([^)]+\)\.$"
    ):
        decode(sound(samples=12_000), ".wav", "x", 100)


def test_recent_arrays_are_kept_within_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "1")
    values = {str(number): np.full(2**17, number, np.float32) for number in range(20)}
    np.savez_compressed(tmp_path / "a.npz", **values)
    for key, array in 2 * list(values.items()):
        assert_same_bits(read_array(tmp_path / "a.npz", key, 5), array[5])


def test_25_minutes_of_sound_are_allowed() -> None:
    samples = 25 * 60 * 44_100
    content = npy(np.zeros(1, np.float32))
    header = content[:-4].replace(b"(1,), }       ", f"({samples},), }}".encode())
    with pytest.raises(DataError, match="the file is truncated"):
        decode(header, ".npy", "x")


def test_an_option_raises_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, "1")
    for row in range(4):
        (tmp_path / f"{row}.png").write_bytes(png_of(1000, 400, 2))
    rows = [f"{row},{'ab'[row % 2]},train,{'xy'[row // 2]},{row}.png" for row in range(4)]
    table = write_text(tmp_path / "t.csv", "id,domain,split,label,image", *rows)
    assert main(["data", "check", str(table)]) == 2
    output = capsys.readouterr().out
    assert (
        "line 2, id '0', image: 0.png: expected at most 1,048,576 bytes after decoding, but found 1,600,000" in output
    )
    assert "--max-decoded 2 (MiB), or ACCLIMATE_MAX_DECODED=2, allows it." in output
    assert main(["data", "check", str(table), "--max-decoded", "2"]) == 0
    assert os.environ[VARIABLE] == "2"
    assert main(["data", "check", str(table), "--max-decoded", "0"]) == 2
    assert "--max-decoded must be positive, but got 0" in capsys.readouterr().err


@pytest.mark.parametrize("wide", [False, True])
def test_an_archive_of_too_many_members_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, wide: bool
) -> None:
    monkeypatch.setenv(VARIABLE, "1")
    content = archive({f"{number:0100}.txt": b"" for number in range(3000)} | {"a.txt": b"here"})
    if wide:
        place = content.rindex(b"PK\5\6")
        size, start = struct.unpack_from("<2I", content, place + 12)
        record = b"PK\6\6" + struct.pack("<Q2H2I4Q", 44, 45, 45, 0, 0, 3001, 3001, size, start)
        locator = b"PK\6\7" + struct.pack("<IQI", 0, place, 1)
        end = content[place : place + 8] + b"\xff" * 12 + content[place + 20 :]
        content = content[:place] + record + locator + end
    (tmp_path / "a.zip").write_bytes(content)
    (tmp_path / "a.npz").write_bytes(content)
    for cell in ("a.zip!a.txt", "a.npz:a"):
        with pytest.raises(
            DataError, match=r"list of members has at most 262,144 bytes, but found 4[0-9,]+: --max-dec"
        ):
            read_cell(cell, tmp_path)
    monkeypatch.setenv(VARIABLE, "4")
    assert read_cell("a.zip!a.txt", tmp_path).value == "here"


def tiff_of(entries: list[tuple[int, int, int, int]], tail: bytes = b"", *, wide: bool = False) -> bytes:
    """A TIFF of one directory: tag, type, count and value of each entry."""
    if wide:
        head = b"II+\0" + struct.pack("<HHQ", 8, 0, 16)
        return head + struct.pack("<Q", len(entries)) + b"".join(struct.pack("<HHQQ", *one) for one in entries) + tail
    head = b"II*\0" + struct.pack("<I", 8)
    return head + struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *one) for one in entries) + tail


@pytest.mark.parametrize("wide", [False, True])
def test_a_tiff_that_asks_for_more_than_its_picture_needs_is_refused(*, wide: bool) -> None:
    grey = [(256, 4, 1, 8), (257, 4, 1, 6), (258, 3, 1, 8), (259, 3, 1, 8), (262, 3, 1, 1), (277, 3, 1, 1)]
    tiled = [*grey, (322, 4, 1, 60_000), (323, 4, 1, 60_000), (324, 4, 1, 8), (325, 4, 1, 100)]
    strips = [*grey, (273, 4, 10**7, 8), (278, 3, 1, 1), (279, 4, 10**7, 8)]
    many = [*grey, *((40_000 + number, 7, 10**6, 0) for number in range(2000))]
    for entries, words in (
        (tiled, "expected at most 268,435,456 bytes after decoding, but found 14,400,000,000"),
        (strips, "expected a TIFF of at most 131072 strips or tiles, but found 10000000"),
        (many, "expected a TIFF of at most 1024 entries, but found 2006"),
    ):
        with pytest.raises(DataError, match=words):
            decode(tiff_of(entries, bytes(1000), wide=wide), ".tif", "x")


def exif_jpeg(exif: bytes, pieces: int = 1) -> bytes:
    """A JPEG with pieces of Exif data, or of Photoshop's, before its own."""
    marker = b"\xff\xed" if exif.startswith(b"Photoshop") else b"\xff\xe1"
    return b"\xff\xd8" + pieces * (marker + struct.pack(">H", len(exif) + 2) + exif) + picture("jpeg")[2:]


OVERLAPPING = tiff_of([(40_000 + number, 7, 40_000, 100) for number in range(1000)], bytes(50_000))


PIECES = {
    "exif.jpg": lambda: exif_jpeg(b"Exif\0\0II*\0" + bytes(65_000), 800),
    "photoshop.jpg": lambda: exif_jpeg(b"Photoshop 3.0\0" + 5400 * (b"8BIM" + bytes(8)), 800),
    "chunks.png": lambda: png_of(8, 6)[:33] + 10**6 * (bytes(4) + b"prVt" + struct.pack(">I", zlib.crc32(b"prVt"))),
    "segments.jpg": lambda: b"\xff\xd8" + 3 * 10**6 * b"\xff\xe1\0\2" + picture("jpeg")[2:],
    "padding.jpg": lambda: b"\xff\xd8" + bytes(12 * 10**6) + picture("jpeg")[2:],
    "fill.jpg": lambda: b"\xff\xd8" + 12 * 10**6 * b"\xff" + picture("jpeg")[2:],
    "tags.mp3": lambda: 10**6 * (b"ID3\4\0\0\0\0\0\0") + sound("MP3"),
    "chunks.wav": lambda: sound()[:12] + 10**6 * b"LIST\0\0\0\0" + sound()[12:],
    "pages.ogg": lambda: 4 * 10**5 * (b"OggS" + bytes(23)),
    "entries.tif": lambda: tiff_of([(40_000, 4, 1, 0)] * 60_000, bytes(12 * 10**6)),
}


@pytest.mark.parametrize("name", PIECES)
def test_files_of_millions_of_pieces_take_no_time(name: str) -> None:
    content = PIECES[name]()
    began = time.process_time()
    with contextlib.suppress(DataError):
        decode(content, f".{name.rsplit('.', 1)[1]}", "x")
    assert time.process_time() - began < 1


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_exif_data_whose_values_overlap_are_refused(kind: str) -> None:
    exif = b"Exif\0\0" + OVERLAPPING
    made = exif_jpeg(exif) if kind == "jpeg" else picture(kind, exif=exif)
    with pytest.raises(DataError, match=r"^x: Exif data: expected values of at most 62,010 bytes, but found some that"):
        decode(made, ".png", "x")


def test_a_picture_is_counted_as_its_reader_holds_it() -> None:
    made = picture("webp")
    assert decode(made, ".webp", "x", 8 * 48).array().shape == (6, 8, 3)
    for content, limit in ((made, 8 * 48), (picture("png", "LA"), 4 * 48), (picture("png", "L"), 48)):
        with pytest.raises(DataError, match=f"expected at most {limit - 1} bytes after decoding, but found {limit} "):
            decode(content, ".png", "x", limit - 1)


@pytest.mark.parametrize("mode", ["1", "L"])
def test_pillows_limit_is_not_ours(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    for made in (picture("tiff", mode, compression="tiff_lzw"), picture("png", mode)):
        assert decode(made, ".tif", "x").array().shape == (6, 8)
    assert Image.MAX_IMAGE_PIXELS == 20
