"""What a mirror is: a place that holds a folder for each checkpoint."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import Protocol

import attrs

from ...framework.errors import ZooError


class MirrorError(ZooError):
    """A mirror did not give what it should.

    Args:
        message: what is wrong.
        again: whether it may help to ask again.
        wait: seconds to wait before that, as the mirror wishes.
    """

    def __init__(self, message: str, *, again: bool = False, wait: float = 0.0) -> None:
        super().__init__(message)
        self.again, self.wait = again, wait


class NotThereError(MirrorError):
    """A mirror says that it has no such file."""


class Stream(Protocol):
    """Bytes on their way."""

    def read(self, size: int, /) -> bytes:
        """Some bytes, `size` at most; none at the end.

        Raises:
            MirrorError: if they do not come.
        """


@attrs.frozen
class Incoming:
    """A file that a mirror is sending.

    Args:
        stream: of its bytes.
        start: position of the first one in the file.
        size: bytes of the whole file as the mirror says, which may be wrong; None where it does not.
    """

    stream: Stream
    start: int
    size: int | None


class Mirror(ABC):
    """Holds a folder for each checkpoint, and maybe a registry. What it gives is not trusted.

    Attributes:
        location: as the user or a registry wrote it; it never holds a secret.
        needs_network: whether nothing of it can be had offline.
    """

    location: str
    needs_network: bool

    @abstractmethod
    def open(self, path: str, offset: int = 0) -> AbstractContextManager[Incoming]:
        """Begin to read a file.

        Args:
            path: relative to the mirror, with slashes.
            offset: what came before is there already. A mirror that cannot begin there begins at 0, and says so.

        Raises:
            NotThereError: if there is no such file.
            MirrorError: if it does not come for another reason.
        """
