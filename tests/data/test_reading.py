"""Files, array rows and archive members by their cells."""

import multiprocessing
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import mapped_arrays
from acclimate.framework.data.archives import read_member
from acclimate.framework.data.reading import read_cell
from bits import assert_same_bits

from .data_files import UNREADABLE, write_text, write_zip
from .media import archive, npy, npy_of


def test_rows_of_an_archive_of_arrays(tmp_path: Path) -> None:
    values = np.arange(24).reshape(4, 3, 2)
    np.savez_compressed(tmp_path / "a.npz", key=values)
    assert_same_bits(read_cell("a.npz:key[2]", tmp_path).array(), values[2])
    assert_same_bits(read_cell("a.npz:key", tmp_path).array(), values)
    with pytest.raises(ValueError, match="read-only"):
        read_cell("a.npz:key[2]", tmp_path).array()[0] = 1


def test_members_of_a_zip_and_absolute_paths(tmp_path: Path) -> None:
    write_zip(tmp_path / "a.zip", {"in/b.txt": b"inside"})
    assert read_cell("a.zip!in/b.txt", tmp_path).value == "inside"
    assert read_cell(f"{tmp_path}/a.zip!in/b.txt", Path("elsewhere")).value == "inside"


def test_an_archive_that_changed_is_read_again(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", key=np.array([1]))
    write_zip(tmp_path / "a.zip", {"b.txt": b"old"})
    assert read_cell("a.npz:key[0]", tmp_path).array() == 1
    assert read_cell("a.zip!b.txt", tmp_path).value == "old"
    np.savez(tmp_path / "a.npz", key=np.array([2]))
    write_zip(tmp_path / "a.zip", {"b.txt": b"newer"})
    for name in ("a.npz", "a.zip"):
        os.utime(tmp_path / name, ns=(1, 1))
    assert read_cell("a.npz:key[0]", tmp_path).array() == 2
    assert read_cell("a.zip!b.txt", tmp_path).value == "newer"


def count_wrong_members(path: Path, contents: dict[str, bytes]) -> int:
    """Read all members many times."""
    return sum(read_member(path, name) != data for _ in range(20) for name, data in contents.items())


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork")
def test_forked_processes_share_no_position_in_an_archive(tmp_path: Path) -> None:
    contents = {f"{index}.txt": os.urandom(20_000) for index in range(20)}
    path = write_zip(tmp_path / "a.zip", contents)
    assert count_wrong_members(path, contents) == 0
    with multiprocessing.get_context("fork").Pool(3) as pool:
        assert pool.starmap(count_wrong_members, [(path, contents)] * 3) == [0, 0, 0]


def make_files(folder: Path) -> None:
    """Archives with faults."""
    np.savez(folder / "a.npz", key=np.zeros((4, 2)), other=np.zeros(1), scalar=np.array(1.0))
    np.savez(folder / "objects.npz", key=np.array([{}], dtype=object), allow_pickle=True)
    write_zip(folder / "members.npz", {"raw": b"text", "b.npy": b"text"})
    write_zip(folder / "a.zip", {"b.txt": b"text", "c.txt": b"text"})
    write_text(folder / "no.npz", "text")
    write_text(folder / "no.zip", "text")
    (folder / "folder.wav").mkdir()


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("gone.wav", "expected a file, but found none at {folder}/gone.wav."),
        ("folder.wav", "expected a file, but found a folder at {folder}/folder.wav."),
        ("gone.npz:key[1]", "expected a file, but found none at {folder}/gone.npz."),
        ("a.npz:none[1]", "expected one of the keys key, other, scalar, but found 'none'."),
        ("members.npz:raw", "expected one of the keys b, but found 'raw'."),
        ("a.npz:key[4]", "expected a row below 4, but found 4."),
        ("a.npz:scalar[0]", "expected a row below 0, but found 0."),
        (
            "objects.npz:key[0]",
            "expected an array of numbers, but found one of object, of shape (1,).",
        ),
        ("no.npz:key", "expected an archive of arrays (.npz), but found another kind of file."),
        ("a.zip!d.txt", "expected one of the 2 members, but found 'd.txt'."),
        ("no.zip!d.txt", "expected a .zip archive, but found: File is not a zip file"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, cell: str, message: str) -> None:
    make_files(tmp_path)
    with pytest.raises(DataError) as error:
        read_cell(cell, tmp_path)
    assert str(error.value) == f"{cell}: {message.format(folder=tmp_path)}"


@pytest.mark.parametrize("damaged", [range(56, 60), range(80, 82)], ids=["stream", "content"])
def test_damaged_members_are_one_line(tmp_path: Path, damaged: range) -> None:
    write_zip(tmp_path / "a.zip", {"b.txt": os.urandom(1000).hex().encode()})
    np.savez_compressed(tmp_path / "a.npz", b=np.random.default_rng(0).normal(size=1000))
    for name, cell in (("a.zip", "a.zip!b.txt"), ("a.npz", "a.npz:b")):
        data = bytearray((tmp_path / name).read_bytes())
        for position in damaged:
            data[position] ^= 0xFF
        (tmp_path / name).write_bytes(data)
        with pytest.raises(DataError, match=r"^a\.[^\n]+: expected [^\n]+, but found: [^\n]+$"):
            read_cell(cell, tmp_path)


@pytest.mark.skipif(not UNREADABLE.exists(), reason="this system has no file that even root cannot read")
def test_a_file_that_the_system_does_not_give(tmp_path: Path) -> None:
    (tmp_path / "a.txt").symlink_to(UNREADABLE)
    with pytest.raises(DataError) as error:
        read_cell("a.txt", tmp_path)
    assert str(error.value) == "a.txt: expected a file that can be read, but found: Input/output error."


NPZ = {
    "words.npy": b"no array",
    "notes.txt": b"no array",
    "huge.npy": npy_of((10**18,)),
    "short.npy": npy_of((5,), bytes(16)),
    "negative.npy": npy_of((-1,), bytes(16)),
    "axes.npy": npy_of((1,) * 40, bytes(4)),
    "objects.npy": npy(np.zeros(2)).replace(b"<f8", b"|O "),
    "good.npy": npy(np.arange(3.0)),
}


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("mapped", [True, False])
def test_damaged_arrays_of_an_archive_are_one_line(
    tmp_path: Path, packing: int, monkeypatch: pytest.MonkeyPatch, *, mapped: bool
) -> None:
    if mapped:
        monkeypatch.setattr(mapped_arrays, "MAPPED_BYTES", 1)
    (tmp_path / "a.npz").write_bytes(archive(NPZ, packing))
    for key in ("words", "notes", "huge", "short", "negative", "axes", "objects", "notes.txt"):
        for cell in (f"a.npz:{key}", f"a.npz:{key}[0]"):
            with pytest.raises(
                DataError, match=r"^a\.npz:[^\n]+: expected [^\n]+, but found[^\n]+$|truncated"
            ) as error:
                read_cell(cell, tmp_path)
            assert str(error.value).startswith(f"{cell}: expected")
    assert read_cell("a.npz:good[2]", tmp_path).array() == 2


def test_an_encrypted_or_unusual_archive_is_one_line(tmp_path: Path) -> None:
    for position, value in ((6, 1), (8, 99)):
        content = bytearray(archive({"a.npy": npy(np.zeros(3))}))
        for start in (0, content.index(b"PK\1\2") + 2):
            content[start + position] = value
        for name, cell in (("a.zip", "a.zip!a.npy"), ("a.npz", "a.npz:a")):
            (tmp_path / name).write_bytes(content)
            with pytest.raises(DataError, match=r"^a\.[^\n]+: expected [^\n]+, but found: [^\n]+$"):
                read_cell(cell, tmp_path)
