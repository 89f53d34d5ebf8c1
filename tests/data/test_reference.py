"""Cells that name files, and columns that hold text."""

import pytest
from acclimate.framework import DataError
from acclimate.framework.data.reference import SUFFIXES, Reference, holds_text, parse_reference


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
        ("a.mp3", ".mp3"),
        ("a", "no such ending"),
        ("x.npz", ".npz"),
        ("x.h5", ".h5"),
        ("x.npz:", ".npz:"),
        ("x.npz:key[-1]", ".npz:key[-1]"),
        ("x.npz:key[1", ".npz:key[1"),
        ("x.zip!", ".zip!"),
        ("x.zip!a.mp3", ".mp3"),
    ],
)
def test_a_bad_reference_is_refused(cell: str, found: str) -> None:
    with pytest.raises(DataError) as error:
        parse_reference(cell)
    assert str(error.value) == (
        f"{cell}: expected a file that ends in .flac, .jpeg, .jpg, .npy, .png, .txt, .wav, `archive.zip!member` or "
        f"`archive.npz:key[row]`, but found {found}."
    )


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_all_suffixes_are_references(suffix: str) -> None:
    assert not holds_text([f"a{suffix}", f"b{suffix.upper()}"])


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
    assert holds_text(cells) == text
