"""Cells that name files, and columns that hold text."""

import time

import pytest
from acclimate.framework import DataError
from acclimate.framework.data.reference import SUFFIXES, Reference, holds_text, looks_like_file, parse_reference

from .data_files import ENDINGS

A_ROW = "name one row, archive.npz:key[row], or a whole array"


@pytest.mark.parametrize(
    ("cell", "reference", "suffix"),
    [
        ("a.wav", Reference("a.wav"), ".wav"),
        ("clips/of monday/A.JPG", Reference("clips/of monday/A.JPG"), ".jpg"),
        ("/data/x.npy", Reference("/data/x.npy"), ".npy"),
        ("../x.zip!in/b.flac", Reference("../x.zip", "in/b.flac"), ".flac"),
        ("x.npz:key", Reference("x.npz", "key"), ""),
        ("x.NPZ:a.b[12]", Reference("x.NPZ", "a.b", 12), ".b"),
        ("C:/x.npz:key[0]", Reference("C:/x.npz", "key", 0), ""),
        ("x.h5:group/key[3]", Reference("x.h5", "group/key", 3), ""),
        ("x.HDF5:key", Reference("x.HDF5", "key"), ""),
    ],
)
def test_a_cell_is_parsed(cell: str, reference: Reference, suffix: str) -> None:
    assert parse_reference(cell) == reference
    assert reference.is_array == any(suffix in cell.lower() for suffix in (".npz", ".h5", ".hdf5"))
    if not reference.is_array:
        assert reference.suffix == suffix


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("a.xyz", ".xyz"),
        ("a", "no such ending"),
        ("x.npz", ".npz (name one array of it, file:key, or a row, file:key[row])"),
        ("x.h5", ".h5 (name one array of it, file:key, or a row, file:key[row])"),
        ("x.npz:", ".npz:"),
        ("x.npz:key[-1]", f"a slice ({A_ROW})"),
        ("x.npz:key[0:35]", f"a slice ({A_ROW})"),
        ("x.npz:key[0,3]", f"a slice ({A_ROW})"),
        ("x.h5:key[:]", f"a slice ({A_ROW})"),
        ("x.npz[3]", f"a slice ({A_ROW})"),
        ("x.npy[3]", f"a slice ({A_ROW})"),
        (f"x.npz:key[{'9' * 4000}]", f"a slice ({A_ROW})"),
        ("x.npz:key[1", ".npz:key[1"),
        ("x.zip!", ".zip!"),
        ("x.zip!a.aac", ".aac (convert the sound to .wav or .flac)"),
        ("IMG_1.HEIC", ".heic (convert the picture to .png or .jpg)"),
        (
            "clips/a.mp4",
            ".mp4 (a video: give its sound as .wav, and its frames as features in a .npy of (time, features))",
        ),
    ],
)
def test_a_bad_reference_is_refused(cell: str, found: str) -> None:
    with pytest.raises(DataError) as error:
        parse_reference(cell)
    name = cell if len(cell) < 400 else f"{cell[:200]}... ({len(cell)} characters)"
    assert str(error.value) == (
        f"{name}: expected a file that ends in {ENDINGS}, `archive.zip!member` or `archive.npz:key[row]`, but found "
        f"{found}."
    )
    assert holds_text([(cell, 1)]) == (found in {".xyz", "no such ending", ".npz:", ".npz:key[1", ".zip!"})


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_all_suffixes_are_references(suffix: str) -> None:
    assert not holds_text([(f"a{suffix}", 1), (f"b{suffix.upper()}", 1)])


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        (["a.wav", "no path", "b.wav"], False),
        (["a.wav", "no path"], False),
        (["a.wav", "no path", "nor this"], True),
        (["no path", None, None], True),
        ([None, None], False),
        ([], False),
    ],
)
def test_a_column_is_text_if_most_cells_are(cells: list[str | None], text: bool) -> None:  # noqa: FBT001
    assert holds_text([(cell, 1) for cell in cells if cell is not None]) == text


@pytest.mark.parametrize(
    "cell", [".npz:" * 20_000 + "[", "x.npz:a[0" * 20_000, "a.zip!" * 20_000, "x " * 50_000 + ".txt"]
)
def test_long_cells_are_no_references_and_take_no_long_time(cell: str) -> None:
    began = time.process_time()
    with pytest.raises(
        DataError, match=r"characters\): expected a file by a path of at most 4,096 characters, but found "
    ):
        parse_reference(cell)
    assert not looks_like_file(cell)
    assert time.process_time() - began < 2
