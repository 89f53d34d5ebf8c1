"""Rows of arrays in HDF5 files, and large arrays that are mapped instead of read."""

import importlib.util
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import archives, mapped_arrays
from acclimate.framework.data.reading import read_cell
from bits import assert_same_bits

h5py = pytest.importorskip("h5py")

VALUES = np.arange(24, dtype=np.float32).reshape(4, 3, 2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A file of arrays, and one of another kind."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["avadataset"] = VALUES
        file.create_dataset("in/packed", data=VALUES, compression="gzip", chunks=(1, 3, 2))
        file["scalar"] = 1.5
        file["words"] = ["a", "b"]
    (tmp_path / "no.h5").write_text("text")
    return tmp_path


def test_rows_and_whole_arrays(folder: Path) -> None:
    for key in ("avadataset", "in/packed"):
        assert_same_bits(read_cell(f"a.h5:{key}[2]", folder).array(), VALUES[2])
        assert_same_bits(read_cell(f"{folder}/a.h5:{key}", Path("elsewhere")).array(), VALUES)


def test_reading_starts_no_process(folder: Path) -> None:
    program = """
import sys
from pathlib import Path
from acclimate.framework.data.reading import read_cell
sys.addaudithook(lambda event, arguments: print(event, arguments) if event == "subprocess.Popen" else None)
print(read_cell("a.h5:scalar", Path(sys.argv[1])).array())
"""
    run = subprocess.run([sys.executable, "-P", "-c", program, folder], capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("1.5\n", "")


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("gone.h5:key[1]", "expected a file, but found none at {folder}/gone.h5."),
        ("a.h5:in[1]", "expected one of the arrays avadataset, in/packed, scalar, words, but found 'in'."),
        ("a.h5:avadataset[4]", "expected a row below 4, but found 4."),
        ("a.h5:scalar[0]", "expected a row below 0, but found 0."),
        ("no.h5:key", "expected an HDF5 file, but found another kind of file."),
    ],
)
def test_what_cannot_be_read_is_named(folder: Path, cell: str, message: str) -> None:
    with pytest.raises(DataError) as error:
        read_cell(cell, folder)
    assert str(error.value) == f"{cell}: {message.format(folder=folder)}"


def test_an_array_of_words_is_no_array_of_numbers(folder: Path) -> None:
    with pytest.raises(DataError, match="expected real numbers"):
        read_cell("a.h5:words", folder).array()


def test_a_damaged_array_is_one_line(folder: Path) -> None:
    with h5py.File(folder / "a.h5") as file:
        chunk = file["in/packed"].id.get_chunk_info(0)
    data = bytearray((folder / "a.h5").read_bytes())
    for position in range(chunk.byte_offset, chunk.byte_offset + chunk.size):
        data[position] ^= 0xFF
    (folder / "a.h5").write_bytes(data)
    with pytest.raises(DataError, match=r"^a\.h5:in/packed\[0\]: expected an array of numbers, but found: [^\n]+$"):
        read_cell("a.h5:in/packed[0]", folder)


def test_without_h5py_the_error_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "h5py" else find_spec(name))
    with pytest.raises(DataError) as error:
        read_cell("a.h5:avadataset[0]", folder)
    assert str(error.value) == "a.h5:avadataset[0]: HDF5 needs h5py: pip install acclimate[hdf5]"


def test_a_file_that_changed_is_read_again(folder: Path) -> None:
    assert read_cell("a.h5:avadataset[0]", folder).array()[0, 1] == 1
    (folder / "a.h5").unlink()
    with h5py.File(folder / "a.h5", "w") as file:
        file["avadataset"] = -VALUES
    os.utime(folder / "a.h5", ns=(1, 1))
    assert read_cell("a.h5:avadataset[0]", folder).array()[0, 1] == -1


def sum_rows(folder: Path) -> float:
    """All rows, many times."""
    return sum(float(read_cell(f"a.h5:in/packed[{row}]", folder).array().sum()) for _ in range(50) for row in range(4))


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork")
def test_forked_processes_open_the_file_themselves(folder: Path) -> None:
    expected = sum_rows(folder)
    with multiprocessing.get_context("fork").Pool(3) as pool:
        assert pool.map(sum_rows, [folder] * 3) == [expected] * 3


@pytest.mark.parametrize("order", ["C", "F"])
def test_large_arrays_of_a_npz_are_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: str) -> None:
    monkeypatch.setattr(mapped_arrays, "MAPPED_BYTES", 200)
    values = np.array(VALUES, order="F" if order == "F" else "C")
    np.savez(tmp_path / "a.npz", small=np.zeros(1), large=values, after=values + 1)
    np.savez_compressed(tmp_path / "packed.npz", large=values)
    for name, mapped in (("a.npz", True), ("packed.npz", False)):
        array = archives.read_array(tmp_path / name, "large", None)
        assert_same_bits(array, values)
        assert not array.flags.writeable
        assert isinstance(array.base, np.memmap) == mapped
    assert_same_bits(read_cell("a.npz:after[3]", tmp_path).array(), VALUES[3] + 1)
    assert not isinstance(archives.read_array(tmp_path / "a.npz", "small", None).base, np.memmap)
    with pytest.raises(DataError, match="expected one of the keys small, large, after, but found 'none'"):
        archives.read_array(tmp_path / "a.npz", "none", None)


def test_large_arrays_of_objects_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped_arrays, "MAPPED_BYTES", 1)
    np.savez(tmp_path / "a.npz", key=np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="expected an array of numbers, but found one of object"):
        archives.read_array(tmp_path / "a.npz", "key", None)


def test_structures_are_refused(tmp_path: Path) -> None:
    # Names of fields beyond latin1 need the third version of numpy's format.
    values = np.zeros(3, dtype=[("\u20ac", "f4")])
    with pytest.warns(UserWarning, match="format 3.0"):
        np.savez(tmp_path / "a.npz", key=values)
    with pytest.raises(DataError, match="expected an array of numbers, but found one of"):
        archives.read_array(tmp_path / "a.npz", "key", None)


def test_arrays_that_lie_elsewhere_or_hold_no_numbers_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["a"] = VALUES
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("outside", (4,), "u1", external=[(__file__, 0, 4)])
        layout = h5py.VirtualLayout((4, 3, 2), "f4")
        layout[:] = h5py.VirtualSource(tmp_path / "other.h5", "a", (4, 3, 2))
        file.create_virtual_dataset("virtual", layout)
        file["link"] = h5py.ExternalLink("other.h5", "a")
        file["lists"] = np.array([np.arange(2), np.arange(3)], dtype=object).astype(h5py.vlen_dtype(np.int64))
        file["structure"] = np.zeros(3, [("a", "f4")])
        file["nothing"] = h5py.Empty("f4")
        file["reference"] = np.array([file["outside"].ref], dtype=h5py.ref_dtype)
    for key in ("outside", "virtual"):
        with pytest.raises(DataError, match="expected an array that lies in this file, but found one that lies in"):
            read_cell(f"a.h5:{key}[0]", tmp_path)
    with pytest.raises(DataError, match=r"expected one of the arrays .* but found 'link'"):
        read_cell("a.h5:link", tmp_path)
    for key in ("lists", "structure", "nothing", "reference"):
        for row in ("", "[0]"):
            with pytest.raises(DataError, match=r"^a\.h5:[^\n]+: expected [^\n]+, but found[^\n]+$"):
                read_cell(f"a.h5:{key}{row}", tmp_path)


def test_a_file_that_is_cut_or_was_never_filled_is_no_array_of_zeros(folder: Path) -> None:
    whole = (folder / "a.h5").read_bytes()
    (folder / "cut.h5").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(
        DataError, match=r"^cut\.h5:avadataset\[0\]: expected an HDF5 file, but found a damaged one: .+"
    ):
        read_cell("cut.h5:avadataset[0]", folder)
    with h5py.File(folder / "empty.h5", "w") as file:
        file.create_dataset("a", (4, 3), "f4")
        file.create_dataset("packed", (4, 3), "f4", compression="gzip")
        file.create_dataset("none", (0, 3), "f4")
        file.create_dataset("compact", data=np.zeros(3))
    for key in ("a", "packed"):
        with pytest.raises(DataError, match="but found one whose values were never written"):
            read_cell(f"empty.h5:{key}[0]", folder)
    assert read_cell("empty.h5:none", folder).array().shape == (0, 3)
    assert read_cell("empty.h5:compact", folder).array().shape == (3,)
