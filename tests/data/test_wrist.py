"""The wrist, from the pickle that another package carries to windows in the user's cache."""

import errno
import importlib.util
import multiprocessing
import os
import pickle
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import Schema, Table, check_table, open_table, read_cell
from acclimate.framework.data.builtin import watch_pickle
from acclimate.framework.data.builtin.watch_pickle import SHA256, find_recordings, read_recordings, unpickle_array
from acclimate.framework.data.builtin.wrist_windows import Windows, find_windows
from bits import assert_same_bits

needs_seglearn = pytest.mark.skipif(
    importlib.util.find_spec("seglearn") is None, reason="seglearn, which carries the recordings, is not installed"
)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """The table for seed 0."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        return open_table("wrist")


@needs_seglearn
def test_recordings_are_what_their_package_says() -> None:
    recordings = read_recordings(find_recordings())
    assert len(recordings["X"]) == len(recordings["y"]) == 140
    assert {recording.shape[1] for recording in recordings["X"]} == {6}
    assert recordings["X_labels"] == ["ax", "ay", "az", "wx", "wy", "wz"]
    assert recordings["y_labels"] == ["PEN", "ABD", "FEL", "IR", "ER", "TRAP", "ROW"]
    assert set(recordings["subject"].tolist()) == set(range(1, 11))


@needs_seglearn
def test_windows_are_cut_from_the_recordings(table: Table) -> None:
    recordings = read_recordings(find_recordings())
    assert len(table) == sum(len(recording) // 100 for recording in recordings["X"])
    first = 0
    for index, recording in enumerate(recordings["X"]):
        side = "right_arm" if recordings["side"][index] == 1 else "left_arm"
        for start in range(0, len(recording) - 99, 100):
            row = table.rows[first]
            first += 1
            assert row.labels["label"] == recordings["y_labels"][recordings["y"][index]]
            assert (row.domain, row.group) == (side, f"subject_{recordings['subject'][index]:02d}")
            if index % 20 == 0:
                window = recording[start : start + 100].astype(np.float32)
                for name, columns in (("accelerometer", slice(0, 3)), ("gyroscope", slice(3, 6))):
                    found = read_cell(str(row.cells[name]), table.root).array()
                    assert_same_bits(found, window[:, columns])


@needs_seglearn
def test_people_are_split_by_seed(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(table.root.parents[1]))
    tests = []
    for seed in range(4):
        rows = open_table("wrist", seed=seed).rows
        people = {split: {row.group for row in rows if row.split == split} for split in ("train", "test")}
        assert (len(people["train"]), len(people["test"])) == (7, 3)
        assert not people["train"] & people["test"]
        tests.append(frozenset(people["test"]))
    assert len(set(tests)) > 1
    assert open_table("wrist", seed=0) == table


@needs_seglearn
def test_the_table_has_no_problems(table: Table) -> None:
    assert check_table(table).problems == ()
    assert Counter(row.domain for row in table.rows).keys() == {"left_arm", "right_arm"}
    schema = Schema.fit(table.select("right_arm", "train"))
    assert {name: part.shape for name, part in schema.preprocessing.items()} == {
        "accelerometer": (3, 100),
        "gyroscope": (3, 100),
    }
    assert schema.tasks[0].classes == ("ABD", "ER", "FEL", "IR", "PEN", "ROW", "TRAP")


@needs_seglearn
def test_the_cache_is_used_again_and_mended(cache: Path) -> None:
    path = find_windows()
    assert path.is_relative_to(cache)
    assert SHA256[:12] in str(path)
    content, written = path.read_bytes(), path.stat().st_mtime_ns
    assert find_windows().stat().st_mtime_ns == written
    for damage in (content[:1000], b""):
        path.write_bytes(damage)
        assert len(open_table("wrist")) == 2369
    assert [file.name for file in path.parent.iterdir()] == ["wrist.npz"]


def find_in_process(_: int) -> Path:
    """For a pool."""
    return find_windows()


@needs_seglearn
@pytest.mark.usefixtures("cache")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork")
def test_processes_may_race() -> None:
    with multiprocessing.get_context("fork").Pool(4) as pool:
        [path] = set(pool.map(find_in_process, range(4), chunksize=1))
    assert [file.name for file in path.parent.iterdir()] == ["wrist.npz"]
    with np.load(path, allow_pickle=False) as archive:
        assert len(Windows.from_arrays(archive).exercise) == 2369


@needs_seglearn
def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(DataError) as error:
        open_table("wrist")
    assert str(error.value) == (
        f"{tmp_path}/file/acclimate/wrist-{SHA256[:12]}-100/wrist.npz: expected a cache that can be written, "
        "but found: Not a directory: set XDG_CACHE_HOME to another folder."
    )


@needs_seglearn
def test_a_full_disk_leaves_nothing_behind(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_some(file: IO[bytes], **_: object) -> None:
        file.write(b"some")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "savez", write_some)
    with pytest.raises(DataError, match="but found: No space left on device: set XDG_CACHE_HOME to another folder"):
        open_table("wrist")
    assert not [path for path in cache.rglob("*") if path.is_file()]


@needs_seglearn
@pytest.mark.usefixtures("cache")
def test_the_package_is_not_imported() -> None:
    code = """
import sys
from acclimate.framework.data import open_table
open_table("wrist")
print(sorted({"seglearn", "sklearn", "torch"} & set(sys.modules)))
"""
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert result.stdout == "[]\n"


@pytest.mark.usefixtures("cache")
def test_a_missing_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(DataError) as error:
        open_table("wrist")
    assert str(error.value) == (
        "the data set wrist lies in the package seglearn, which is not installed: pip install acclimate[demo]"
    )


class Malicious:
    """An object whose pickle calls os.mkdir."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.folder),)


def write_malicious(folder: Path) -> Path:
    """A file like the package's that makes a folder when it is unpickled."""
    path = folder / "watch_dataset.npy"
    np.save(path, np.array({"X": Malicious(folder / "made")}, dtype=object), allow_pickle=True)
    return path


def test_the_malicious_file_works_where_nothing_is_checked(tmp_path: Path) -> None:
    np.load(write_malicious(tmp_path), allow_pickle=True)
    assert (tmp_path / "made").is_dir()


def test_a_file_with_another_hash_is_not_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_malicious(tmp_path)
    monkeypatch.setattr(watch_pickle, "unpickle_array", lambda _: pytest.fail("it was unpickled"))
    with pytest.raises(
        DataError,
        match=rf"^{path}: expected SHA-256 {SHA256}, but found [0-9a-f]{{64}}: pip install seglearn==1\.2\.5$",
    ):
        read_recordings(path)
    assert not (tmp_path / "made").exists()


def dump_as_package(folder: Path, value: object) -> bytes:
    """An array of one object, in protocol 2 and by numpy's old names, as in the package's file."""
    np.save(folder / "a.npy", np.array(None, dtype=object), allow_pickle=True)
    header = (folder / "a.npy").read_bytes()[:128]
    array = np.array(value, dtype=object)
    return header + pickle.dumps(array, protocol=2).replace(b"numpy._core.", b"numpy.core.")


def test_the_unpickler_refuses_what_is_no_data(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"but names {os.mkdir.__module__}\.mkdir: "):
        unpickle_array(dump_as_package(tmp_path, {"X": Malicious(tmp_path / "made")}))
    assert not (tmp_path / "made").exists()


def test_a_pickle_of_something_else_than_an_array(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^expected an array, but found dict\.$"):
        unpickle_array(dump_as_package(tmp_path, None)[:128] + pickle.dumps({}))


def test_arrays_of_numpys_own_are_unpickled(tmp_path: Path) -> None:
    stored: dict[str, Any] = {"X": [np.arange(6.0).reshape(2, 3)], "y": np.array([1, 2])}
    found = unpickle_array(dump_as_package(tmp_path, stored)).item()
    assert_same_bits(found["X"][0], stored["X"][0])
    assert_same_bits(found["y"], stored["y"])
