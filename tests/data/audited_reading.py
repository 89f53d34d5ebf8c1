"""Reads files of all kinds under an audit hook, and prints what they should not have brought about.

A program of its own, as a hook stays for as long as its process: `python -m data.audited_reading FOLDER`.
"""

import io
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from acclimate.exporters.serving.content import decode_content
from acclimate.exporters.serving.limits import Limits
from acclimate.exporters.session import decode_source
from acclimate.framework.data.decoding import decode
from acclimate.framework.data.pickles.unpickling import unpickle
from acclimate.framework.data.reading import read_cell
from acclimate.framework.data.reference import SUFFIXES
from acclimate.framework.errors import AcclimateError

from .media import FOREIGN, GOOD, archive

FORBIDDEN = ("ctypes.dlopen", "os.chmod", "os.exec", "os.fork", "os.kill", "os.link", "os.mkdir", "os.posix_spawn")
FORBIDDEN += ("os.putenv", "os.remove", "os.rename", "os.rmdir", "os.spawn", "os.startfile", "os.symlink", "os.system")
FORBIDDEN += ("os.truncate", "os.unsetenv", "os.utime", "pickle.find_class", "pty.spawn", "shutil", "socket.")
FORBIDDEN += ("subprocess.Popen", "tempfile", "urllib.Request", "webbrowser.open")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
MUTANTS = 40
SECONDS = 5.0


class Watch:
    """A hook that notes what is forbidden while it is told to watch."""

    def __init__(self) -> None:
        self.watched: str | None = None
        self.found: list[str] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Look at what happens."""
        if self.watched is None:
            return
        forbidden = event.startswith(FORBIDDEN)
        if event == "open":
            path, mode, flags = arguments
            writes = bool((flags or 0) & WRITING) or any(letter in "wax+" for letter in mode or "")
            forbidden = writes and path != os.devnull
        if forbidden:
            self.found.append(f"{self.watched}: {event} {arguments!r:.200}")


def mutants(content: bytes, generator: np.random.Generator) -> Iterator[bytes]:
    """The content with some bytes changed, cut, or doubled; most of them where headers are."""
    for _ in range(MUTANTS):
        data = bytearray(content)
        for _ in range(int(generator.integers(1, 5))):
            place = int(generator.integers(0, max(1, min(len(data), generator.choice([40, 200, len(data) + 1])))))
            match int(generator.integers(5)):
                case 0:
                    data[place : place + 1] = generator.bytes(1)
                case 1:
                    data[place : place + 4] = [b"\xff\xff\xff\xff", bytes(4), b"\x7f\xff\xff\xff"][
                        generator.integers(3)
                    ]
                case 2:
                    del data[place:]
                case 3:
                    data[place:place] = data[place : place + int(generator.integers(1, 100))]
                case _:
                    del data[place : place + int(generator.integers(1, 20))]
        yield bytes(data)


def attempts(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """What is read, and how."""
    generator = np.random.default_rng(0)
    contents = {**GOOD, **FOREIGN}
    for suffix in SUFFIXES:
        for kind, content in contents.items():
            yield f"{kind} as {suffix}", lambda content=content, suffix=suffix: decode(content, suffix, "x")
    for kind, content in contents.items():
        yield f"{kind} sent", lambda content=content: decode_content(content, "x", Limits())
        path = folder / f"{kind}.png"
        path.write_bytes(content)
        yield f"{kind} in a session", lambda path=path: decode_source(path)
    for name, content in GOOD.items():
        for number, mutant in enumerate(mutants(content, generator)):
            suffix = name[1:]
            yield f"mutant {number} of {name}", lambda mutant=mutant, suffix=suffix: decode(mutant, suffix, "x")
    packed = {"a.npy": GOOD["a.npy"], "b.wav": GOOD["a.wav"], "c.npy": FOREIGN["pickle"]}
    archives = {"a.npz": archive(packed), "a.zip": archive(packed), "a.h5": hdf5(folder)}
    for name, content in archives.items():
        for number, mutant in enumerate([content, *FOREIGN.values(), *mutants(content, generator)]):
            path = folder / f"{number}{name}"
            path.write_bytes(mutant)
            for key in ("!b.wav", "!c.npy") if name.endswith("zip") else (":a[1]", ":a", ":c"):
                yield f"{path.name}{key}", lambda path=path, key=key: read_cell(f"{path.name}{key}", folder)
    for kind, content in {**FOREIGN, **GOOD}.items():
        yield f"{kind} unpickled", lambda content=content: unpickle(io.BytesIO(content))


def hdf5(folder: Path) -> bytes:
    """A file of arrays, one of which lies in another file, and one that is put together of other files."""
    import h5py

    path = folder / "made.h5"
    with h5py.File(path, "w") as file:
        file["a"] = np.arange(12.0).reshape(3, 4)
        file.create_dataset("c", (3, 4), "u1", external=[("/etc/hostname", 0, 12)])
    return path.read_bytes()


def main() -> None:
    """Print one line for each thing that should not have been."""
    folder = Path(sys.argv[1])
    watch = Watch()
    tries = list(attempts(folder))
    # Libraries are loaded before it is watched what reading brings about.
    for _, attempt in tries:
        with suppress(AcclimateError):
            attempt()
    sys.addaudithook(watch)
    for name, attempt in tries:
        watch.watched, began = name, time.monotonic()
        try:
            attempt()
        except AcclimateError as error:
            if "\n" in str(error):
                watch.found.append(f"{name}: more than one line: {error}")
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            watch.found.append(f"{name}: {error!r}")
        watch.watched = None
        if time.monotonic() - began > SECONDS:
            watch.found.append(f"{name}: {time.monotonic() - began:.0f} s")
    sys.stdout.write("\n".join([*watch.found, f"{len(tries)} read\n"]))


if __name__ == "__main__":
    main()
