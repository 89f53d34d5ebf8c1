"""A consensus in a file: what was written is read, the same content has the same bytes, and nothing else is taken."""

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from acclimate.framework.consensus import consensus_file
from acclimate.framework.consensus.consensus_file import Consensus, Parent
from acclimate.framework.errors import DataError
from bits import assert_same_bits

LIKELY = np.array([[0.7, 0.3], [0.25, 0.75]])
PARENT = Parent("coral", "0" * 64, "acclimate choose --data table.csv")


def make(**changes: Any) -> Consensus:  # noqa: ANN401
    """A small one."""
    content = {"ids": ["a", "b"], "classes": {"x/y": ["no", "yes"]}, "posteriors": {"x/y": LIKELY}, "parents": [PARENT]}
    return Consensus(**(content | changes))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "consensus.npz"
    make().write(path)
    found = Consensus.read(path)
    assert found.ids == ("a", "b")
    assert found.classes == {"x/y": ("no", "yes")}
    assert found.parents == (PARENT,)
    assert_same_bits(found.posteriors["x/y"], LIKELY)
    found.write(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ids": ["a", "a"]}, "ids of a consensus must be different, but 'a' stands twice"),
        ({"classes": {"z": ["no", "yes"]}}, "must be of the same tasks, one at least, but are of ['z'] and ['x/y']"),
        ({"classes": {}, "posteriors": {}}, "must be of the same tasks, one at least"),
        ({"ids": ["a"]}, "the posterior of task 'x/y' must be of shape (1, 2) of float64, but is (2, 2) of float64"),
        ({"posteriors": {"x/y": LIKELY.astype(np.float32)}}, "of shape (2, 2) of float64, but is (2, 2) of float32"),
        ({"posteriors": {"x/y": LIKELY * 2}}, "must be probabilities that sum to 1 in each row"),
        ({"posteriors": {"x/y": LIKELY * np.nan}}, "must be probabilities that sum to 1 in each row"),
        ({"posteriors": {"x/y": np.array([[2.0, -1.0], [0.0, 1.0]])}}, "must be probabilities that sum to 1"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        make(**changes)


def test_a_parent_is_known_by_its_hash() -> None:
    with pytest.raises(ValueError, match="sha256 must be 64 hexadecimal digits in small letters, but got 'ABC'"):
        Parent("coral", "ABC")


def pickled() -> bytes:
    """An archive of an object."""
    content = io.BytesIO()
    np.savez(content, notes=np.array([{"ids": []}], dtype=object))
    return content.getvalue()


def emptied() -> bytes:
    """An archive without arrays."""
    content = io.BytesIO()
    zipfile.ZipFile(content, "w").close()
    return content.getvalue()


@pytest.mark.parametrize("content", [b"", b"hello", pickled(), emptied()], ids=["empty", "text", "pickle", "no arrays"])
def test_other_files_are_refused_in_a_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "consensus.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"consensus\.npz is no consensus, or damaged: ") as raised:
        Consensus.read(path)
    assert "\n" not in str(raised.value)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "consensus.npz"
    make().write(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="is no consensus, or damaged"):
        Consensus.read(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"must be a file that acclimate choose wrote, but there is none at /"):
        Consensus.read(tmp_path / "none.npz")


def test_what_would_fill_memory_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make().write(tmp_path / "consensus.npz")
    monkeypatch.setattr(consensus_file, "MAX_BYTES", 100)
    with pytest.raises(DataError, match="its arrays may take 100 bytes, but take"):
        Consensus.read(tmp_path / "consensus.npz")
