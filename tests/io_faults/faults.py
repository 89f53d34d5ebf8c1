"""A file system that fails at a chosen operation: the n-th time that something under a folder is written."""

import builtins
import errno
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import attrs
import pytest

Mode = Literal["once", "full", "gone"]
"""One operation fails; from it on there is no room; from it on nothing can be changed any more."""

ERRORS: Final = {
    "open": errno.EACCES,
    "write": errno.ENOSPC,
    "fsync": errno.EIO,
    "rename": errno.EACCES,
    "make": errno.ENOSPC,
}
"""What each operation says where it fails once."""

_ROOM: Final = frozenset({"open", "write", "fsync", "make"})


@attrs.define
class Faults:
    """Counts operations, and lets one fail.

    Args:
        folder: whose files are meant.
        at: number of the first that fails, from 0; None lets all pass.
        mode: what happens from there on.
    """

    folder: Path
    at: int | None = None
    mode: Mode = "once"
    seen: list[str] = attrs.field(factory=list)
    failed: list[str] = attrs.field(factory=list)

    def ask(self, kind: str, path: object) -> None:
        """Pass or fail."""
        name = _to_path(path)
        if name is None or not Path(name).absolute().is_relative_to(self.folder):
            return
        if kind == "remove":
            # What tidies up fails where nothing can be changed any more; alone, it costs nothing but a name.
            if self.failed and self.mode == "gone":
                raise OSError(errno.EROFS, os.strerror(errno.EROFS), name)
            return
        number = len(self.seen)
        self.seen.append(f"{kind} {name}")
        if self.at is None or number < self.at:
            return
        if number == self.at or self.mode == "gone" or (self.mode == "full" and kind in _ROOM):
            self.failed.append(self.seen[-1])
            code = {"once": ERRORS[kind], "full": errno.ENOSPC, "gone": errno.EROFS}[self.mode]
            raise OSError(code, os.strerror(code), name)


def _to_path(path: object) -> str | None:
    if isinstance(path, int):
        try:
            return str(Path(f"/proc/self/fd/{path}").readlink())
        except OSError:
            return None
    return os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else None


class _File(io.FileIO):
    """A file whose writes ask for leave."""

    def __init__(self, faults: Faults, path: Any, mode: str) -> None:  # noqa: ANN401 - as open takes it
        self._faults, self._path = faults, path
        super().__init__(path, mode)

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - any buffer
        self._faults.ask("write", self._path)
        return super().write(data) or 0


@contextmanager
def failing(faults: Faults) -> Iterator[Faults]:
    """Let every operation of this process that changes the folder ask for leave."""
    plain = io.open

    def open_asking(file: Any, mode: str = "r", buffering: int = -1, *rest: Any, **named: Any) -> Any:  # noqa: ANN401
        if isinstance(file, int) or not set(mode) & set("wax+"):
            return plain(file, mode, buffering, *rest, **named)
        faults.ask("open", file)
        raw = _File(faults, file, mode.replace("b", "").replace("t", ""))
        buffered: Any = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, *rest, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(io, "open", open_asking)
        patch.setattr(builtins, "open", open_asking)
        for name, kind, which in (
            ("fsync", "fsync", 0),
            ("rename", "rename", 1),
            ("replace", "rename", 1),
            ("mkdir", "make", 0),
            ("link", "make", 1),
            ("truncate", "write", 0),
            ("unlink", "remove", 0),
            ("remove", "remove", 0),
            ("rmdir", "remove", 0),
        ):
            patch.setattr(os, name, _asking(faults, kind, which, getattr(os, name)))
        yield faults


def _asking(faults: Faults, kind: str, which: int, original: Callable[..., Any]) -> Callable[..., Any]:
    def ask(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - passed on
        faults.ask(kind, arguments[which])
        return original(*arguments, **named)

    return ask
