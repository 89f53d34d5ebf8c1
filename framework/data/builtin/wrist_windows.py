"""Cuts the recordings of the wrist into windows, once, and keeps them in the user's cache."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import attrs
import numpy as np
from numpy.typing import NDArray

from ..array_cache import cache_arrays
from .watch_pickle import SHA256, find_recordings, read_recordings

WINDOW: Final = 100
"""Values in a window: 2 s at 50 Hz."""


@attrs.frozen(eq=False)
class Windows:
    """Windows of all recordings, one after the other.

    Args:
        accelerometer: `(N, 100, 3)`, in g.
        gyroscope: `(N, 100, 3)`, in rad/s.
        exercise: `(N,)`, class from 0 to 6.
        subject: `(N,)`, person from 1 to 10.
        right: `(N,)`, whether the watch was worn on the right arm.
    """

    accelerometer: NDArray[np.float32]
    gyroscope: NDArray[np.float32]
    exercise: NDArray[np.int64]
    subject: NDArray[np.int64]
    right: NDArray[np.bool_]

    @classmethod
    def cut(cls, recordings: Mapping[str, Any]) -> Self:
        """Cut every recording from its start; what is left at its end, less than a window, is dropped."""
        counts = [len(recording) // WINDOW for recording in recordings["X"]]
        parts = [
            recording[: count * WINDOW].reshape(count, WINDOW, 6)
            for recording, count in zip(recordings["X"], counts, strict=True)
        ]
        signals = np.concatenate(parts).astype(np.float32)
        return cls(
            accelerometer=signals[:, :, :3],
            gyroscope=signals[:, :, 3:],
            exercise=np.repeat(recordings["y"], counts).astype(np.int64),
            subject=np.repeat(recordings["subject"], counts).astype(np.int64),
            # seglearn's load_watch says: 1 = right, 0 = left.
            right=np.repeat(recordings["side"], counts) == 1,
        )

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Windows from arrays by name."""
        return cls(**{field.name: arrays[field.name] for field in attrs.fields(cls)})


def find_windows() -> Path:
    """The file of windows, made if it is not there yet.

    Raises:
        DataError: if the recordings are missing, or the cache cannot be written.
    """
    return cache_arrays(
        "wrist",
        f"{SHA256[:12]}-{WINDOW}",
        lambda: attrs.asdict(Windows.cut(read_recordings(find_recordings())), recurse=False),
    )
