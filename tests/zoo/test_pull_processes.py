"""Many processes pull one checkpoint at once, servers misbehave, and processes are killed."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterable
from itertools import cycle, repeat
from pathlib import Path
from threading import Event

import attrs
import pytest
from acclimate.zoo.names import WEIGHTS_FILE
from acclimate.zoo.registry import Registry
from acclimate.zoo.registry_entry import RegistryEntry

from . import faulty_server as faults
from .faulty_server import FAULTS, Fault, Server, serve
from .small_checkpoint import NAME, make_checkpoint

pytestmark = pytest.mark.processes

PROCESSES = 20

PULL = """
import hashlib, json, os, sys, time, traceback
from pathlib import Path
from acclimate.framework.errors import ZooError
from acclimate.zoo import pulling
from acclimate.zoo.mirrors import download
from acclimate.zoo.registry import Registry
import filelock, http.client, urllib.request

registry, cache, processes, *mirrors = sys.argv[1:]
known = Registry.from_json(Path(registry).read_bytes(), registry)
pulling.builtin_registry = lambda: known
download._FIRST_PAUSE = 0.001

def run():
    try:
        folder = pulling.pull(next(iter(known.entries)), mirrors=mirrors, cache_dir=cache)
        return {name: hashlib.sha256(folder.read(name)).hexdigest() for name in folder.hashes}
    except ZooError as error:
        return str(error)
    except BaseException:
        return {"unexpected": traceback.format_exc()}

begin = time.time() + 0.2
for _ in range(int(processes)):
    if os.fork() == 0:
        time.sleep(max(begin - time.time(), 0))
        os.write(1, json.dumps(run()).encode() + b"\\n")
        os._exit(0)
for _ in range(int(processes)):
    os.wait()
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Of the servers."""
    return tmp_path / "root"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """That all processes share."""
    return tmp_path / "cache"


@pytest.fixture
def entry(root: Path) -> RegistryEntry:
    """Of what they serve, as the package's registry has it."""
    entry = make_checkpoint(root)
    (root.parent / "registry.json").write_text(Registry({NAME: entry}).to_json(), encoding="utf-8")
    return entry


def start(cache: Path, processes: int, *mirrors: str) -> subprocess.Popen[str]:
    registry = cache.parent / "registry.json"
    command = [sys.executable, "-c", PULL, str(registry), str(cache), str(processes), *mirrors]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)


def outcomes(started: subprocess.Popen[str]) -> list[dict[str, str] | str]:
    out, _ = started.communicate(timeout=60)
    return [json.loads(line) for line in out.splitlines()]


def hashes(entry: RegistryEntry) -> dict[str, str]:
    return {name: file.sha256 for name, file in entry.files.items() if name != "SHA256SUMS"}


def visible(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.glob("checkpoints/*/*"))


def unfinished(cache: Path) -> int:
    """Bytes that wait for the next pull."""
    return sum(path.stat().st_size for path in cache.glob("unfinished/*/*/*"))


def seeded(seed: int, share: float) -> Iterable[Fault]:
    """Faults without an end, in an order that the seed gives; the rest of the requests are answered truthfully."""
    generator = random.Random(seed)  # noqa: S311 - no secret
    while True:
        yield generator.choice(FAULTS) if generator.random() < share else faults.truthful


@pytest.mark.parametrize(("seed", "share"), [(0, 0.5), (1, 0.5), (2, 0.75), (3, 1.0)])
def test_twenty_processes_get_the_right_bytes_from_a_bad_server(
    seed: int, share: float, root: Path, entry: RegistryEntry, cache: Path
) -> None:
    """Slow, redirecting, lying about length, breaking off, wrong: half of all answers, or more."""
    with serve(root, seeded(seed, share), pause=lambda: Event().wait(0.002)) as server:
        found = outcomes(start(cache, PROCESSES, server.address))
    assert len(found) == PROCESSES
    right = [one for one in found if one == hashes(entry)]
    # Whoever failed before one succeeded said so in one line.
    for failed in (one for one in found if one != hashes(entry)):
        assert isinstance(failed, str)
        assert failed.startswith(f"{NAME} came from no mirror: {server.address}")
        assert "\n" not in failed
    assert right
    assert visible(cache) == [entry.sha256]
    assert not unfinished(cache)


def test_one_of_twenty_downloads_and_the_others_wait(root: Path, entry: RegistryEntry, cache: Path) -> None:
    with serve(root, pause=lambda: Event().wait(0.002)) as server:
        assert outcomes(start(cache, PROCESSES, server.address)) == [hashes(entry)] * PROCESSES
    assert len(server.asked) == 6
    assert server.sent == entry.size


@pytest.mark.usefixtures("entry")
def test_twenty_processes_get_one_clear_error_each_where_nothing_helps(root: Path, cache: Path) -> None:
    hopeless = cycle([faults.sends_wrong_bytes, faults.promises_more, faults.drops_at_once])
    with serve(root, hopeless) as server:
        found = outcomes(start(cache, PROCESSES, server.address))
    assert len(found) == PROCESSES
    for error in found:
        assert isinstance(error, str)
        assert error.startswith(f"{NAME} came from no mirror: {server.address}")
    assert not visible(cache)
    assert not unfinished(cache)


@attrs.define
class Gate:
    """A server stops in the middle of the weights, until it is let on."""

    reached: Event = attrs.field(factory=Event)
    opened: Event = attrs.field(factory=Event)

    def hold(self, request: faults.Request) -> None:
        """Send two thirds of the weights; all of the others."""
        status, headers, body = request.part
        if request.asked.path.endswith(WEIGHTS_FILE) and not self.opened.is_set():
            request.answer(status, headers, body[: len(body) * 2 // 3])
            self.reached.set()
            self.opened.wait(30)
        else:
            faults.truthful(request)


def asked_for_weights(server: Server) -> list[int]:
    return [asked.offset for asked in server.asked if asked.path.endswith(WEIGHTS_FILE)]


def test_what_a_killed_process_began_the_one_that_waits_goes_on_with(
    root: Path, entry: RegistryEntry, cache: Path
) -> None:
    gate = Gate()
    size = entry.files[WEIGHTS_FILE].size
    with serve(root, repeat(gate.hold)) as server:
        killed = start(cache, 1, server.address)
        assert gate.reached.wait(30)
        waiting = start(cache, 1, server.address)
        while unfinished(cache) < size * 2 // 3:
            Event().wait(0.01)
        assert not visible(cache)
        os.killpg(killed.pid, signal.SIGKILL)
        killed.communicate(timeout=30)
        gate.opened.set()
        assert outcomes(waiting) == [hashes(entry)]
    assert asked_for_weights(server) == [0, size * 2 // 3]
    assert visible(cache) == [entry.sha256]
    assert not unfinished(cache)
