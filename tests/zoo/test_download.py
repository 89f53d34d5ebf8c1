"""Whatever a mirror does: the right bytes or one clear error, no byte asked for twice without need, none too many."""

import shutil
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import pytest
from acclimate.zoo.mirrors import download as download_module
from acclimate.zoo.mirrors.download import ATTEMPTS, download, read_small
from acclimate.zoo.mirrors.folder_mirror import FolderMirror
from acclimate.zoo.mirrors.http_mirror import HttpMirror
from acclimate.zoo.mirrors.mirror import MirrorError, NotThereError
from acclimate.zoo.names import GRAPH_FILE, WEIGHTS_FILE
from acclimate.zoo.registry_entry import RegistryEntry

from . import faulty_server as faults
from .faulty_server import FAULTS, Fault, serve
from .small_checkpoint import NAME, SIZES, make_checkpoint


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_module, "_FIRST_PAUSE", 0.001)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Of a server."""
    return tmp_path / "root"


@pytest.fixture
def entry(root: Path) -> RegistryEntry:
    """Of a checkpoint that the server has."""
    return make_checkpoint(root)


@pytest.fixture
def into(tmp_path: Path) -> Path:
    """An empty folder."""
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


def has_arrived(root: Path, into: Path) -> bool:
    expected = {path.name: path.read_bytes() for path in (root / NAME).iterdir()}
    return {path.name: path.read_bytes() for path in into.iterdir()} == expected


def fetch_from(address: str, entry: RegistryEntry, into: Path) -> int:
    """Download, and return the sum of all that was reported."""
    total = []
    download(entry.files, into, HttpMirror(address, timeout=5.0), NAME, total.append)
    return sum(total)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_what_goes_wrong_once_does_no_harm(fault: Fault, root: Path, entry: RegistryEntry, into: Path) -> None:
    # Each second request meets it.
    with serve(root, (each for _ in range(6) for each in (fault, faults.truthful))) as server:
        assert fetch_from(server.address, entry, into) == entry.size
    assert has_arrived(root, into)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (faults.drops_at_once, "cannot be read"),
        (faults.sends_wrong_bytes, r"config\.json has the SHA-256 [0-9a-f]{64}, but should have"),
        (faults.promises_more, r"config\.json must have 3000 bytes, but 1051576 are on their way"),
        (faults.promises_less, r"config\.json must have 3000 bytes, but 1000 are on their way"),
        (faults.is_busy, "answers 503"),
        (faults.talks_nonsense, "cannot be read"),
        (faults.redirects_to("{path}"), "redirects more than 5 times"),
    ],
)
def test_what_goes_wrong_always_is_one_error_after_a_few_requests(
    fault: Fault, message: str, root: Path, entry: RegistryEntry, into: Path
) -> None:
    with serve(root, repeat(fault)) as server, pytest.raises(MirrorError, match=message) as raised:
        fetch_from(server.address, entry, into)
    assert "\n" not in str(raised.value)
    assert len(server.asked) <= 6 * ATTEMPTS
    assert sum(path.stat().st_size for path in into.iterdir()) <= entry.size


def test_a_file_that_ends_too_early_goes_on_where_it_ended(root: Path, entry: RegistryEntry, into: Path) -> None:
    (into / GRAPH_FILE).write_bytes((root / NAME / GRAPH_FILE).read_bytes()[:70_000])
    with serve(root) as server:
        assert fetch_from(server.address, entry, into) == entry.size
    assert has_arrived(root, into)
    assert [asked.offset for asked in server.asked if asked.offset] == [70_000]
    assert server.sent == entry.size - 70_000


def test_a_beginning_that_is_wrong_is_not_kept(root: Path, entry: RegistryEntry, into: Path) -> None:
    (into / WEIGHTS_FILE).write_bytes(b"!" * 1000)
    (into / GRAPH_FILE).write_bytes(b"!" * (SIZES[GRAPH_FILE] + 1))
    with serve(root) as server:
        assert fetch_from(server.address, entry, into) == entry.size
    assert has_arrived(root, into)


def test_a_server_that_sends_more_is_cut_off(root: Path, entry: RegistryEntry, into: Path) -> None:
    sent: list[int] = []

    def endless(request: faults.Request) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(request.content)
        for _ in range(10_000):
            request.wfile.write(b"!" * 2**16)
            sent.append(2**16)

    with serve(root, repeat(endless)) as server:
        fetch_from(server.address, entry, into)
    assert has_arrived(root, into)
    assert sum(sent) < 10_000 * 2**16


def test_a_silent_server_is_not_waited_for(root: Path, entry: RegistryEntry, into: Path) -> None:
    from threading import Event

    over = Event()
    with serve(root, repeat(lambda _: over.wait(5) and None)) as server:
        mirror = HttpMirror(server.address, timeout=0.05)
        with pytest.raises(MirrorError, match="timed out"):
            download(entry.files, into, mirror, NAME, lambda _: None)
        over.set()
    assert len(server.asked) == ATTEMPTS


def test_attempts_that_bring_much_do_not_count(tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large file comes over a connection that never lasts, as long as each brings its share."""
    monkeypatch.setattr(download_module, "_PROGRESS", 4_000)
    entry = make_checkpoint(tmp_path / "root")

    def sends_a_little(request: faults.Request) -> None:
        status, headers, body = request.part
        request.answer(status, headers, body[:5_000])

    with serve(tmp_path / "root", repeat(sends_a_little)) as server:
        fetch_from(server.address, entry, into)
    assert has_arrived(tmp_path / "root", into)
    assert len(server.asked) == sum(-(-file.size // 5_000) for file in entry.files.values())


def test_a_missing_file_is_asked_for_once(root: Path, entry: RegistryEntry, into: Path) -> None:
    (root / NAME / "config.json").unlink()
    with serve(root) as server, pytest.raises(NotThereError, match="answers 404: it has no such file"):
        fetch_from(server.address, entry, into)
    assert [asked.path for asked in server.asked if asked.path.endswith("config.json")] == [f"/{NAME}/config.json"]


def test_a_folder_is_a_mirror_too(root: Path, entry: RegistryEntry, into: Path) -> None:
    (into / GRAPH_FILE).write_bytes((root / NAME / GRAPH_FILE).read_bytes()[:70_000])
    download(entry.files, into, FolderMirror(root), NAME, lambda _: None)
    assert has_arrived(root, into)


def test_a_folder_gives_no_links_and_no_pipes(root: Path, entry: RegistryEntry, into: Path) -> None:
    import os

    shutil.move(root / NAME / GRAPH_FILE, root / "graph")
    (root / NAME / GRAPH_FILE).symlink_to(root / "graph")
    with pytest.raises(MirrorError, match=r"model\.onnx must be a regular file"):
        download(entry.files, into, FolderMirror(root), NAME, lambda _: None)
    (root / NAME / GRAPH_FILE).unlink()
    os.mkfifo(root / NAME / GRAPH_FILE)
    with pytest.raises(MirrorError, match=r"model\.onnx must be a regular file"):
        download(entry.files, into, FolderMirror(root), NAME, lambda _: None)


@pytest.fixture
def registry_server(root: Path) -> Iterator[faults.Server]:
    """Has a registry of a kind, and breaks off in the middle of it at first."""
    root.mkdir()
    (root / "registry.json").write_bytes(b"x" * 1000)
    with serve(root, iter([faults.drops])) as server:
        yield server


def test_a_small_file_comes_whole_or_not_at_all(registry_server: faults.Server) -> None:
    mirror = HttpMirror(registry_server.address)
    assert read_small(mirror, "registry.json", 1000) == b"x" * 1000
    assert len(registry_server.asked) == 2


@pytest.mark.parametrize("fault", [faults.truthful, faults.sends_more, faults.promises_more])
def test_a_small_file_that_is_large_is_refused(fault: Fault, root: Path) -> None:
    root.mkdir()
    (root / "registry.json").write_bytes(b"x" * 1000)
    with serve(root, iter([fault])) as server, pytest.raises(MirrorError, match="may have 999 bytes at most"):
        read_small(HttpMirror(server.address), "registry.json", 999)
    assert len(server.asked) == 1
