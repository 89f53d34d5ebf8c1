"""Hashes by which a file is known."""

import hashlib
from pathlib import Path


def sha256(content: bytes) -> str:
    """The SHA-256 of some bytes, in hexadecimal digits.

    Example:
        >>> sha256(b"")[:8]
        'e3b0c442'
    """
    return hashlib.sha256(content).hexdigest()


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
