"""Errors that a user can cause. The command line prints them as one line."""

import errno
from os import PathLike
from typing import Final


class AcclimateError(Exception):
    """Base of all errors that name a thing, the rule it breaks and the value found."""


class DataError(AcclimateError, ValueError):
    """A table, a file or a sample breaks a rule."""


class RecipeError(AcclimateError, ValueError):
    """A recipe, or what was built from it, does not fit together."""


class RunError(AcclimateError, RuntimeError):
    """A run folder or a checkpoint cannot be used as asked."""


class WorkerError(AcclimateError, RuntimeError):
    """A process that reads samples ahead has died."""


class ExportError(AcclimateError, RuntimeError):
    """An artefact cannot be written, does not agree with its model, or cannot be loaded."""


class ZooError(AcclimateError, RuntimeError):
    """A checkpoint of the zoo cannot be found, fetched or trusted."""


class WriteError(AcclimateError, OSError):
    """A file or folder cannot be written: what the operating system says, in one line that names it.

    Args:
        error: of the system.
        path: what was to be written.
        again: what to do when that is mended; None says "try again" where it is plain what to mend, as on a full disk.

    Example:
        >>> print(WriteError(OSError(28, "No space left on device"), "run/last.safetensors", "--resume"))
        run/last.safetensors cannot be written: No space left on device; make room, then --resume
    """

    def __init__(self, error: OSError, path: str | PathLike[str], again: str | None = None) -> None:
        reason = error.strerror or str(error) or type(error).__name__
        super().__init__(error.errno, reason, str(path))
        self.again = again

    def __reduce__(self) -> tuple[type["WriteError"], tuple[OSError, str, str | None]]:
        """Between processes it stays what it is."""
        return type(self), (OSError(self.errno, self.strerror), str(self.filename), self.again)

    def __str__(self) -> str:
        said = f"{self.filename} cannot be written: {self.strerror}"
        if self.errno in _FULL:
            return f"{said}; make room, then {self.again or 'try again'}"
        return said if self.again is None else f"{said}; mend that, then {self.again}"


_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the system says where there is no more room: on the disk, for this user, in one file."""
