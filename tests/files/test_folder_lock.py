"""One process at a time writes a folder, and others are told which."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from acclimate.framework import RunError
from acclimate.framework.files import folder_lock
from acclimate.framework.files.folder_lock import HOLDER_FILE, LOCK_FILE, Holder, lock_folder, read_holder

HOLD = """
import sys
from pathlib import Path
from acclimate.framework.files.folder_lock import lock_folder
with lock_folder(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_lock, "PATIENCE", 0.01)


def take(folder: Path) -> None:
    with lock_folder(folder):
        pass


def test_another_thread_is_told_who_has_it(tmp_path: Path) -> None:
    with lock_folder(tmp_path), ThreadPoolExecutor() as pool:
        words = rf"is being written by process {os.getpid()} on .*, since .* UTC: wait for it, or end it"
        with pytest.raises(RunError, match=words):
            pool.submit(take, tmp_path).result()
    take(tmp_path)


def test_who_has_it_may_take_it_again(tmp_path: Path) -> None:
    with lock_folder(tmp_path):
        take(tmp_path)
        with pytest.raises(RunError), ThreadPoolExecutor() as pool:
            pool.submit(take, tmp_path).result()


def test_links_lead_to_the_same_lock(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "link").symlink_to("run")
    with lock_folder(tmp_path / "link"), pytest.raises(RunError), ThreadPoolExecutor() as pool:
        pool.submit(take, tmp_path / "run").result()


def test_a_folder_in_which_nothing_was_begun_is_gone(tmp_path: Path) -> None:
    take(tmp_path / "deep" / "run")
    assert [*tmp_path.iterdir()] == []
    with lock_folder(tmp_path / "run"):
        (tmp_path / "run" / "config.yaml").touch()
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [LOCK_FILE, "config.yaml"]


def test_a_killed_process_has_nothing_any_more(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-P", "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        holder = read_holder(tmp_path)
        assert holder is not None
        assert (holder.pid, holder.is_dead) == (process.pid, False)
        with pytest.raises(RunError, match=re.escape(str(holder))):
            take(tmp_path)
        process.kill()
    assert holder.is_dead
    take(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
def test_a_damaged_name_is_no_name(text: str, tmp_path: Path) -> None:
    (tmp_path / HOLDER_FILE).write_text(text)
    assert read_holder(tmp_path) is None


def test_of_other_machines_nothing_is_known() -> None:
    assert not Holder(2**22 + 1, "another-host", "then").is_dead
    assert str(Holder(3, "here", "then")) == "process 3 on here, since then"
