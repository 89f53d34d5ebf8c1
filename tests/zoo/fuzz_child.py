"""Opens mutated checkpoints within bounds, and says what came of each: `FOLDER WORK SEED FIRST NUMBER`.

A process of its own: nothing checks annotations here, it may take so much memory and no more, and it may die.
"""

import json
import os
import resource
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from acclimate.exporters import Session
from acclimate.framework.errors import AcclimateError
from acclimate.zoo.adapted_model import AdaptedModel
from acclimate.zoo.folder import open_folder
from acclimate.zoo.names import HASHES_FILE, SIZE_LIMITS
from acclimate.zoo.registry import Registry
from acclimate.zoo.registry_entry import RegistryEntry
from mutations import TRAP, mutate_bytes, mutate_document, mutate_folder, seeded

MEMORY: Final = 3 * 2**30
"""Bytes of addresses that may be taken beyond those that an unharmed checkpoint takes."""

_FORBIDDEN: Final = (
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.system",
    "pickle.find_class",
    "socket.",
    "subprocess.Popen",
)
_WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Watch:
    """Notes what no reader may do, by Python's audit events.

    Args:
        work: the only folder that may be written in.
        secret: a file that may not be read.
    """

    def __init__(self, work: Path, secret: Path) -> None:
        self.found: list[str] = []
        self.on = False
        self._work, self._secret = str(work), str(secret)
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event.startswith(_FORBIDDEN) or (event == "import" and TRAP in arguments[0]):
            self.found.append(f"{event} {arguments[0]!r:.99}")
        elif event == "open" and isinstance(arguments[0], str | bytes):
            path = os.path.abspath(os.fsdecode(arguments[0]))  # noqa: PTH100 - an event's name, which may hold anything
            writes = bool((arguments[2] or 0) & _WRITES) and path != os.devnull
            if path == self._secret or (writes and not path.startswith(self._work)):
                self.found.append(f"{event} {path!r:.99}")


def main(folder: str, work: str, seed: str, first: str, number: str) -> None:
    """Print a line before each, and one after it with the outcome."""
    secret = Path(work) / "secret"
    secret.write_text('{"secret": true}', encoding="utf-8")
    (Path(work) / f"{TRAP}.py").write_text("class Thing: pass\n", encoding="utf-8")
    sys.path.insert(0, work)
    watch = Watch(Path(work) / "opened", secret)
    entry = RegistryEntry.from_folder(open_folder(folder))
    registry = Registry({entry.name: entry}, {"old.name": entry.name}, ("https://nowhere.invalid/zoo",)).to_json()
    _open_all(Path(folder))
    _bound_memory()
    for index in range(int(first), int(first) + int(number)):
        _tell({"start": index})
        began = time.process_time()
        copy = Path(shutil.copytree(folder, Path(work) / "opened"))
        generator = seeded((seed, index))
        done = mutate_folder(copy, generator, secret)
        changed = _mutate_registry(registry, generator, secret)
        watch.on = True
        outcomes = _read(copy, changed)
        watch.on = False
        shutil.rmtree(copy)
        took = time.process_time() - began
        _tell({"done": done, "outcomes": outcomes, "broken": watch.found, "seconds": took})
        watch.found.clear()


def _tell(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _read(folder: Path, registry: bytes) -> Counter[str]:
    outcomes = _outcome(lambda: AdaptedModel.from_folder(folder), (str(folder),), "folder")
    outcomes += _outcome(lambda: Session(folder, threads=1), (str(folder),), "session")
    return outcomes + _outcome(lambda: Registry.from_json(registry, "registry.json"), ("registry.json",), "registry")


def _open_all(folder: Path) -> None:
    AdaptedModel.from_folder(folder)
    Session(folder, threads=1)


def _outcome(read: Callable[[], object], names: Sequence[str], reader: str) -> Counter[str]:
    try:
        read()
    except AcclimateError as error:
        text = str(error)
        if "\n" in text or len(text) > 2000 or not any(name in text for name in names):
            return Counter({f"{reader}: a poor message: {text[:300]!r}": 1})
        file = next((name for name in (*SIZE_LIMITS, HASHES_FILE) if name in text), "folder")
        return Counter({f"{reader}: refused{'' if reader == 'registry' else f', naming {file}'}": 1})
    except BaseException as error:  # noqa: BLE001 - that is what is looked for
        return Counter({f"{reader}: {type(error).__name__}: {str(error)[:300]!r}": 1})
    return Counter({f"{reader}: opened": 1})


def _mutate_registry(registry: str, generator: Any, secret: Path) -> bytes:  # noqa: ANN401 - Random
    if generator.random() < 0.3:
        return mutate_bytes(registry.encode(), generator)
    return json.dumps(mutate_document(json.loads(registry), generator, secret)).encode()


def _bound_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * os.sysconf("SC_PAGESIZE") + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    main(*sys.argv[1:])
