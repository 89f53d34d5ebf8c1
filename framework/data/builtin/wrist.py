"""Seven shoulder exercises by the accelerometer and gyroscope of a watch, worn on the right or on the left arm.

Burns et al. 2018, arXiv:1802.01489.
"""

from typing import Final

import numpy as np

from ..row import Row
from ..table import Table
from .wrist_windows import Windows, find_windows

CLASSES: Final = ("PEN", "ABD", "FEL", "IR", "ER", "TRAP", "ROW")
"""Names of the exercises, in the order of the package's class numbers."""

_TRAIN_SUBJECTS: Final = 7


def read(seed: int) -> Table:
    """Windows `(100, 3)` of 2 s at 50 Hz without overlap, cut from 140 recordings of 10 people.

    Domains are `right_arm` and `left_arm`. Seven people, drawn by `seed`, are `train` in both domains, the other three
    `test`; a group is one person. The recordings lie in the package seglearn, which is not imported; what was cut from
    them is kept in the user's cache.

    Raises:
        DataError: if the package is missing or another release, or the cache cannot be written.
    """
    path = find_windows()
    with np.load(path, allow_pickle=False) as archive:
        windows = Windows.from_arrays(archive)
    subjects = np.random.default_rng(seed).permutation(np.unique(windows.subject))
    train = set(subjects[:_TRAIN_SUBJECTS].tolist())
    rows = [_to_row(windows, index, train, path.name) for index in range(len(windows.exercise))]
    return Table(rows, path.parent, ("accelerometer", "gyroscope"), ("label",))


def _to_row(windows: Windows, index: int, train: set[int], archive: str) -> Row:
    subject = int(windows.subject[index])
    return Row(
        line=index + 1,
        id=f"window_{index:04d}",
        domain="right_arm" if windows.right[index] else "left_arm",
        split="train" if subject in train else "test",
        labels={"label": CLASSES[int(windows.exercise[index])]},
        cells={name: f"{archive}:{name}[{index}]" for name in ("accelerometer", "gyroscope")},
        group=f"subject_{subject:02d}",
    )
