"""Looks at every row and every file of a table, and says all that is wrong."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import attrs

from .builtin import builtin_names, open_table
from .consistency import check_files
from .coverage import check_labels
from .inline_text import find_stray_words
from .labels import TaskKind
from .problem import Problem
from .report import Report, count
from .table import Table
from .table_file import scan_table


def check_data(
    name_or_path: str, source: Sequence[str] | None = None, kinds: Mapping[str, TaskKind] | None = None
) -> Report:
    """Check a built-in data set, or the table in a file, of which rows that break a rule are reported too.

    Args:
        name_or_path: see `open_table`.
        source: see `check_table`.
        kinds: of tasks, where labels do not show it; see `Table`.

    Raises:
        DataError: if there is no such data, or the file as a whole cannot be read.
    """
    if name_or_path in builtin_names() or not Path(name_or_path).suffix:
        return check_table(open_table(name_or_path).with_kinds(kinds or {}), source)
    return check_file(name_or_path, source, kinds)


def check_file(
    path: Path | str, source: Sequence[str] | None = None, kinds: Mapping[str, TaskKind] | None = None
) -> Report:
    """Check a table's file; unlike `read_table`, it does not stop at a row that breaks a rule.

    Args:
        path: a .csv, .jsonl or .parquet file.
        source: see `check_table`.
        kinds: of tasks, where labels do not show it; see `Table`.

    Raises:
        DataError: if the file as a whole cannot be read.
    """
    table, problems = scan_table(path)
    report = check_table(table.with_kinds(kinds or {}), source)
    return attrs.evolve(report, problems=_in_order((*problems, *report.problems)))


def check_table(table: Table, source: Sequence[str] | None = None) -> Report:
    """Count rows by domain, split, class and modality, read every file, and collect all problems.

    Args:
        table: what to check.
        source: domains that are to have labels. Their training rows must have one each, and every class. Where None,
            that is asked of every domain that has any label, and of each by itself.

    Returns:
        The counts, and problems in the order of the rows.

    Raises:
        DataError: if a domain of `source` is not in the table.
    """
    if source is not None:
        table.select(source)
    problems = [problem for name in table.modalities for problem in _check_modality(table, name)]
    problems += [problem for task in table.tasks for problem in check_labels(table, task, source)]
    return attrs.evolve(count(table), problems=_in_order(problems))


def _check_modality(table: Table, modality: str) -> list[Problem]:
    stray = find_stray_words(table, modality)
    return check_files(table, modality) if stray is None else [stray]


def _in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: math.inf if problem.line is None else problem.line))
