"""A folder of entries under a bound: what goes, what stays, and what happens where nothing can be written."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest
from acclimate.framework.files.bounded_folder import BoundedFolder

BODY = bytes(1000)


def key(number: int) -> str:
    return f"{number % 256:02x}{number:06d}"


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in files(folder))


def make_older(folder: Path, seconds: float) -> None:
    for path in files(folder):
        at = path.stat().st_mtime - seconds
        os.utime(path, (at, at))


def write_all(entries: BoundedFolder, numbers: range) -> None:
    for number in numbers:
        entries.write(key(number), BODY)


def fill(folder: Path, numbers: range) -> None:
    write_all(BoundedFolder(folder, 2**20), numbers)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    entries = BoundedFolder(tmp_path, 5000)
    assert entries.read(key(1)) is None
    entries.write(key(1), b"one")
    assert entries.read(key(1)) == b"one"
    assert BoundedFolder(tmp_path, 5000).read(key(1)) == b"one"


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    fill(tmp_path, range(9))
    make_older(tmp_path, 1000)
    make_older(tmp_path / key(3)[:2], 1000)
    entries = BoundedFolder(tmp_path, 9300)
    entries.write(key(20), BODY)
    assert entries.read(key(3)) is None
    assert [entries.read(key(number)) is not None for number in (0, 1, 2, 4, 5, 6, 7, 8, 20)] == [True] * 9


def test_to_read_is_to_use(tmp_path: Path) -> None:
    fill(tmp_path, range(9))
    make_older(tmp_path, 1000)
    entries = BoundedFolder(tmp_path, 9300)
    for number in range(8):
        entries.read(key(number))
    entries.write(key(20), BODY)
    assert entries.read(key(8)) is None
    assert entries.read(key(0)) is not None


def test_what_is_in_use_stays_and_there_is_one_warning(tmp_path: Path) -> None:
    entries = BoundedFolder(tmp_path, 5200)
    with pytest.warns(RuntimeWarning, match="is full of what is in use: 5,200 bytes") as warned:
        write_all(entries, range(20))
    assert len(warned) == 1
    assert [number for number in range(20) if entries.read(key(number)) is not None] == [0, 1, 2, 3, 4]


def test_an_entry_larger_than_the_bound_is_not_kept(tmp_path: Path) -> None:
    with pytest.warns(RuntimeWarning, match="full"):
        BoundedFolder(tmp_path, 900).write(key(0), BODY)
    assert not files(tmp_path)


def test_a_bound_must_be_positive(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="max_bytes must be positive, but got 0"):
        BoundedFolder(tmp_path, 0)


def write_many(folder: Path, first: int, max_bytes: int, count: int) -> None:
    """In a process of its own."""
    write_all(BoundedFolder(folder, max_bytes), range(first, first + count))


@pytest.mark.filterwarnings("ignore:.*full")
def test_processes_together_keep_to_the_bound(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write_many, args=(tmp_path, 1000 * n, 100_000, 200)) for n in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    # Each entry is 1016 bytes; each of three may have written one more than there was room for.
    assert 80_000 < size(tmp_path) <= 100_000 + 3 * 1016


def test_where_nothing_can_be_written_there_is_one_warning(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    entries = BoundedFolder(tmp_path / "file", 2**20)
    with pytest.warns(RuntimeWarning, match="cannot be written to") as warned:
        write_all(entries, range(2))
    assert len(warned) == 1
    assert entries.read(key(0)) is None


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_read_only_is_read(tmp_path: Path) -> None:
    fill(tmp_path, range(3))
    folders = [tmp_path, *(path for path in tmp_path.iterdir() if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        entries = BoundedFolder(tmp_path, 2**20)
        assert entries.read(key(1)) == BODY
        with pytest.warns(RuntimeWarning, match="cannot be written to"):
            entries.write(key(7), BODY)
        assert entries.read(key(2)) == BODY
    finally:
        for folder in folders:
            folder.chmod(0o755)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_leaves_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> int:
        with Path("/dev/full").open("wb") as device:
            path.touch()
            return device.write(content)

    monkeypatch.setattr(Path, "write_bytes", full)
    entries = BoundedFolder(tmp_path, 2**20)
    with pytest.warns(RuntimeWarning, match="No space left"):
        entries.write(key(0), bytes(2**16))
    assert not files(tmp_path)


def write_without_end(folder: Path) -> None:
    """In a process of its own, until it is killed."""
    entries = BoundedFolder(folder, 2**30)
    for number in range(10**6):
        entries.write(key(number), number.to_bytes(4, "big") * 2**18)


def test_a_killed_writer_leaves_nothing_half(tmp_path: Path) -> None:
    writer = multiprocessing.get_context("fork").Process(target=write_without_end, args=(tmp_path,))
    writer.start()
    while len(files(tmp_path)) < 5:
        time.sleep(0.005)
    assert writer.pid is not None
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    entries = BoundedFolder(tmp_path, 2**30)
    whole = [path for path in files(tmp_path) if path.suffix != ".part"]
    assert len(whole) >= 4
    for path in whole:
        name = path.parent.name + path.name
        assert entries.read(name) == int(name[2:]).to_bytes(4, "big") * 2**18


def test_what_a_killed_writer_left_goes_in_time(tmp_path: Path) -> None:
    (tmp_path / "aa").mkdir()
    fresh, old = tmp_path / "aa" / "fresh.part", tmp_path / "aa" / "old.part"
    for path in (fresh, old):
        path.write_bytes(BODY)
    make_older(tmp_path, 100)
    os.utime(old, (time.time() - 7200,) * 2)
    BoundedFolder(tmp_path, 2500).write(key(0), BODY)
    assert fresh.exists()
    assert not old.exists()
