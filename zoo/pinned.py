"""A checkpoint's folder that must have one certain hash. Imports no torch."""

import hashlib
from pathlib import Path

from .folder import CheckpointFolder, check_hash, open_folder, parse_hashes, read_bounded
from .names import HASHES_FILE, HASHES_LIMIT


def open_pinned(path: Path, sha256: str) -> CheckpointFolder:
    """Check a folder's files against one hash.

    Args:
        path: of the folder.
        sha256: of its SHA256SUMS, which holds those of the others.

    Raises:
        ZooError: naming the file that is not as it should be.
    """
    hashes_file = path / HASHES_FILE
    content = read_bounded(hashes_file, HASHES_LIMIT)
    check_hash(hashes_file, hashlib.sha256(content).hexdigest(), sha256)
    pinned, folder = parse_hashes(content.decode("ascii", "replace"), str(hashes_file)), open_folder(path)
    # The file may have changed between the two.
    for name, value in folder.hashes.items():
        check_hash(path / name, value, pinned[name])
    return folder
