"""The records of a table's file as rows that are columns."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

import numpy as np

from .cell_builder import CellBuilder
from .columnar_rows import ColumnarRows
from .columns import GROUP, Columns
from .records import Record

_PIECE: Final = 2**14
"""Records that are there as such at a time."""


def build_rows(records: Iterable[Record], columns: Columns) -> ColumnarRows:
    """Take in all records.

    Args:
        records: of a file, one after the other.
        columns: what its columns mean.
    """
    modalities, tasks, corruptions = list(columns.modalities), dict(columns.tasks), dict(columns.corruptions)
    names = ["id", "domain", "split", GROUP, *modalities, *tasks.values(), *corruptions.values()]
    builders = {name: CellBuilder() for name in names}
    lines = [np.zeros(0, np.int64)]
    pending = iter(records)
    while piece := list(islice(pending, _PIECE)):
        lines.append(np.array([line for line, _ in piece], np.int64))
        for name, builder in builders.items():
            builder.add([record.get(name) for _, record in piece])
    made = {name: builder.column() for name, builder in builders.items()}
    return ColumnarRows(
        line=np.concatenate(lines),
        id=made["id"],
        domain=made["domain"],
        split=made["split"],
        labels={task: made[column] for task, column in tasks.items()},
        cells={name: made[name] for name in modalities},
        group=made[GROUP] if made[GROUP].present.any() else None,
        corruptions={name: made[column] for name, column in corruptions.items()},
    )
