"""Five activities by the motion sensors of a phone and a watch, while the phone lies in the pocket in three ways."""

from typing import Final

import numpy as np

from ..row import Row
from ..table import Table
from .shared import find_file

MODALITIES: Final = ("phone_acc", "phone_gyro", "watch_acc", "watch_gyro")


def read(_seed: int) -> Table:
    """Four signals `(100, 3)` of 1 s at 100 Hz, in m/s^2 and rad/s.

    Domains are the ways in which the phone lies (`A_back_inv`, `B_back`, `C_front`), splits are as packed (every fourth
    execution is test), and a group is one execution. Windows overlap by half. The classes are far from balanced.

    Raises:
        DataError: if the file is not there.
    """
    path = find_file("spsw_har", "spsw_windows.npz")
    with np.load(path, allow_pickle=False) as archive:
        classes, labels = archive["classes"].tolist(), archive["label"].tolist()
        columns = [archive[name].tolist() for name in ("domain", "split", "execution")]
    rows = [
        Row(
            line=index + 1,
            id=f"window_{index:04d}",
            domain=domain,
            split=split,
            labels={"label": classes[label]},
            cells={name: f"{path.name}:{name}[{index}]" for name in MODALITIES},
            group=execution,
        )
        for index, (label, domain, split, execution) in enumerate(zip(labels, *columns, strict=True))
    ]
    return Table(rows, path.parent, MODALITIES, ("label",))
