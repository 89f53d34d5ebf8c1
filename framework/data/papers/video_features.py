"""Features of faces, frame by frame, that the user extracted: nothing here decodes the corpora's films."""

from pathlib import Path
from typing import Final

FOLDER: Final = "video_features"


def find_video_features(root: Path) -> dict[str, str]:
    """The files `video_features/<utterance>.npy`, each an array `(frames, features)`.

    Args:
        root: folder of the corpus.

    Returns:
        Cell by utterance; empty where the folder is not there, so that the table has no video.
    """
    return {path.stem: f"{FOLDER}/{path.name}" for path in sorted((root / FOLDER).glob("*.npy"))}
