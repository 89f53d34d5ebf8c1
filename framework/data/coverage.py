"""Whether the domains that can be a source have labels, and all classes."""

from collections.abc import Iterator, Sequence

from .labels import sort_naturally
from .problem import Problem
from .table import Row, Table


def check_labels(table: Table, task: str, source: Sequence[str] | None) -> list[Problem]:
    """Look for training rows without a label, and for classes without a training row.

    Args:
        table: all rows.
        task: the label column.
        source: domains that are the source, taken together. Where None, each domain with a labelled training row could
            be the source by itself.

    Returns:
        A problem for each training row without a label, then one for each class that a source lacks.
    """
    training = [row for row in table.rows if row.split == "train"]
    labelled = {row.domain for row in training if row.labels[task] is not None}
    sources = [(name,) for name in sorted(labelled)] if source is None else [tuple(source)]
    classes = {cell for row in table.rows if (cell := row.labels[task]) is not None}
    # A task whose classes are known beforehand may have rare ones.
    names = sort_naturally(classes) if table.kind(task) == "classes" and task not in table.classes else ()
    problems: list[Problem] = []
    for domains in sources:
        rows = [row for row in training if row.domain in domains]
        problems += _find_unlabelled(rows, task, "has labels" if source is None else "is a source")
        problems += _find_empty_classes(rows, task, names, " + ".join(domains))
    return problems


def _find_unlabelled(rows: Sequence[Row], task: str, why: str) -> Iterator[Problem]:
    for row in rows:
        if row.labels[task] is None:
            message = f"task {task!r}: expected a label, as domain {row.domain!r} {why}, but found an empty cell."
            yield Problem(message, row.line, row.id)


def _find_empty_classes(rows: Sequence[Row], task: str, classes: Sequence[str], source: str) -> Iterator[Problem]:
    found = {row.labels[task] for row in rows}
    for name in classes:
        if name not in found:
            yield Problem(
                f"task {task!r}: expected training rows of class {name!r} in a source {source}, but found none."
            )
