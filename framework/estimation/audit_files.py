"""The files of an audit: rows to label as a CSV, what candidates say of them as JSON, and the labels that came back."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

import attrs
import numpy as np
from numpy.typing import NDArray

from ..data.table import LABEL, Table
from ..errors import DataError, RunError
from ..files.bounded_file import read_bounded_text
from ..files.strict_json import parse_json
from ..files.whole_file import write_whole
from ..layout import Task
from .audit_design import AuditDesign

_BYTES: Final = 2**26


@attrs.frozen(eq=False)
class AuditPlan:
    """Rows that wait for labels, and what candidates say of them.

    Args:
        where: which rows they were drawn from, in words.
        ids: of the drawn rows.
        design: how they were drawn.
        tasks: classes by task.
        votes: `(n,)` by task and candidate.
        reference: the candidate that gains are over.
    """

    where: str
    ids: tuple[str, ...]
    design: AuditDesign
    tasks: Mapping[str, tuple[str, ...]]
    votes: Mapping[str, Mapping[str, NDArray[np.int64]]]
    reference: str

    def write(self, path: Path) -> None:
        """Keep it for when the labels come."""
        content = {
            "where": self.where,
            "ids": list(self.ids),
            "rows": self.design.rows.tolist(),
            "contested": self.design.contested.tolist(),
            "sizes": list(self.design.sizes),
            "tasks": {name: list(classes) for name, classes in self.tasks.items()},
            "votes": {task: {name: row.tolist() for name, row in found.items()} for task, found in self.votes.items()},
            "reference": self.reference,
        }
        write_whole(path, json.dumps(content, indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` wrote.

        Raises:
            RunError: if there is none, or it is damaged.
        """
        if not path.is_file():
            raise RunError(f"no audit was begun: {path} is not there; --labels N draws rows to label")
        try:
            found: Any = parse_json(read_bounded_text(path, _BYTES, error=RunError))
            rows, contested = np.array(found["rows"], np.int64), np.array(found["contested"], np.bool_)
            agreed, differ = found["sizes"]
            votes = {
                task: {name: np.array(row, np.int64) for name, row in by_name.items()}
                for task, by_name in found["votes"].items()
            }
            return cls(
                found["where"],
                tuple(found["ids"]),
                AuditDesign(rows, contested, (agreed, differ)),
                {name: tuple(classes) for name, classes in found["tasks"].items()},
                votes,
                found["reference"],
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise RunError(f"{path} is damaged: {error!r}") from error


def write_questions(path: Path, table: Table, design: AuditDesign, tasks: Sequence[Task]) -> None:
    """Write the drawn rows, with an empty column for each task.

    What candidates say is not among it, so that who labels is not led; nor is the order of rows telling.

    Args:
        path: of the CSV.
        table: all rows that were drawn from, without labels.
        design: which of them.
        tasks: with classes.
    """
    rows = table.take(design.rows)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id", "domain", *table.modalities, *(_column(task.name) for task in tasks)])
    for row in rows.rows:
        cells = [row.cells.get(name) or "" for name in table.modalities]
        writer.writerow([row.id, row.domain, *cells, *[""] * len(tasks)])
    write_whole(path, text.getvalue())


def read_answers(path: Path, plan: AuditPlan) -> dict[str, NDArray[np.int64]]:
    """Labels of the drawn rows by task, `(n,)`, in the plan's order.

    Raises:
        DataError: if a row has no label or an unknown one, or the file is none of this audit. A row that is left out
            would bias what is found.
    """
    try:
        text = read_bounded_text(path, _BYTES, error=DataError)
        lines = list(csv.DictReader(io.StringIO(text)))
    except (OSError, csv.Error) as error:
        raise DataError(f"{path}: expected a CSV that can be read, but found: {error}.") from error
    by_id = {str(line.get("id")): line for line in lines}
    missing = [name for name in plan.ids if name not in by_id]
    if missing or len(lines) != len(plan.ids):
        lacks = f"row {missing[0]!r} is not there" if missing else f"{len(lines)} rows stand there"
        raise DataError(f"{path}: expected the {len(plan.ids)} rows of this audit, but {lacks}.")
    return {task: _read_labels(path, task, classes, by_id, plan.ids) for task, classes in plan.tasks.items()}


def _read_labels(
    path: Path, task: str, classes: Sequence[str], by_id: Mapping[str, Mapping[str, str | None]], ids: Sequence[str]
) -> NDArray[np.int64]:
    found = []
    for name in ids:
        label = (by_id[name].get(_column(task)) or "").strip()
        if label not in classes:
            given = f"{label!r}" if label else "none"
            raise DataError(
                f"{path}: row {name!r}: {_column(task)} must be one of {', '.join(classes)}, but got {given}. Each row "
                "needs a label: those that are hard to tell are not left out by chance."
            )
        found.append(classes.index(label))
    return np.array(found, np.int64)


def _column(task: str) -> str:
    return LABEL if task == LABEL else f"{LABEL}.{task}"
