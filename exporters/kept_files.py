"""Files under a second name, until others have taken their place."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


class Kept:
    """What a folder held before several of its files are replaced, so that it can be given back.

    Second names are hard links: nothing is copied, and no name is gone for a moment. Where a file system has none,
    nothing is kept.

    Args:
        suffix: of the second names.

    Example:
        >>> from tempfile import mkdtemp
        >>> file, kept = Path(mkdtemp()) / "model.onnx", Kept(".old")
        >>> _ = file.write_bytes(b"old")
        >>> kept.keep([file])
        >>> file.unlink()
        >>> kept.give_back()
        >>> file.read_bytes()
        b'old'
    """

    def __init__(self, suffix: str) -> None:
        self._suffix = suffix
        self._names: dict[Path, Path | None] = {}

    def keep(self, files: Iterable[Path]) -> None:
        """Give those that are there a second name."""
        found: dict[Path, Path | None] = {}
        try:
            for file in files:
                found[file] = None
                if file.exists():
                    name = file.with_name(f"{file.name}.old{self._suffix}")
                    name.hardlink_to(file)
                    found[file] = name
        except OSError:
            for name in filter(None, found.values()):
                name.unlink(missing_ok=True)
        else:
            self._names = found

    def give_back(self) -> None:
        """Put all back, and remove what was not there."""
        for file, name in self._names.items():
            with suppress(OSError):
                if name is None:
                    file.unlink(missing_ok=True)
                else:
                    name.replace(file)

    def forget(self) -> None:
        """Remove the second names that are left."""
        # Twice, since what failed by chance would leave a name that nobody looks for.
        for name in (*filter(None, self._names.values()),) * 2:
            with suppress(OSError):
                name.unlink(missing_ok=True)
