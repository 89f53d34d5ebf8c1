"""Looks at every row and every file of a table, and says all that is wrong."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import attrs

from ..errors import DataError
from .builtin import builtin_names, open_table
from .consistency import check_files
from .coverage import check_labels
from .inline_text import find_stray_words
from .labels import TaskKind
from .problem import Problem
from .report import Report, count
from .schema import Schema
from .schema_fitting import fit_preprocessing
from .skipping import find_misfits
from .table import Table
from .table_file import scan_table

Overrides: TypeAlias = Mapping[str, Mapping[str, object]]
"""What is known of the preprocessing; see `fit_preprocessing`."""


def check_data(
    name_or_path: str,
    source: Sequence[str] | None = None,
    kinds: Mapping[str, TaskKind] | None = None,
    preprocessing: Overrides | None = None,
) -> Report:
    """Check a built-in data set, or the table in a file, of which rows that break a rule are reported too.

    Args:
        name_or_path: see `open_table`.
        source: see `check_table`.
        kinds: of tasks, where labels do not show it; see `Table`.
        preprocessing: see `check_table`.

    Raises:
        DataError: if there is no such data, or the file as a whole cannot be read.
    """
    if name_or_path in builtin_names() or not Path(name_or_path).suffix:
        return check_table(open_table(name_or_path).with_kinds(kinds or {}), source, preprocessing)
    return check_file(name_or_path, source, kinds, preprocessing)


def check_file(
    path: Path | str,
    source: Sequence[str] | None = None,
    kinds: Mapping[str, TaskKind] | None = None,
    preprocessing: Overrides | None = None,
) -> Report:
    """Check a table's file; unlike `read_table`, it does not stop at a row that breaks a rule.

    Args:
        path: a .csv, .tsv, .jsonl or .parquet file.
        source: see `check_table`.
        kinds: of tasks, where labels do not show it; see `Table`.
        preprocessing: see `check_table`.

    Raises:
        DataError: if the file as a whole cannot be read.
    """
    table, problems = scan_table(path)
    report = check_table(table.with_kinds(kinds or {}), source, preprocessing)
    return attrs.evolve(report, problems=_in_order((*problems, *report.problems)))


def check_table(table: Table, source: Sequence[str] | None = None, preprocessing: Overrides | None = None) -> Report:
    """Count rows by domain, split, class and modality, read every file, and collect all problems.

    Args:
        table: what to check.
        source: domains that are to have labels. Their training rows must have one each, and every class. Where None,
            that is asked of every domain that has any label, and of each by itself.
        preprocessing: what a recipe knows of it. It is then fitted, as training does, on the good rows among the
            source's training rows, or among all rows where there is no source, and tried on every good row.

    Returns:
        The counts, and problems in the order of the rows.

    Raises:
        DataError: if a domain of `source` is not in the table, or a kind of preprocessing is not known.
    """
    if source is not None:
        table.select(source)
    known = preprocessing or {}
    problems = [problem for name in table.modalities for problem in _check_modality(table, name, known.get(name, {}))]
    if known:
        problems += _try_preprocessing(table, source, known, problems)
    problems += [problem for task in table.tasks for problem in check_labels(table, task, source)]
    return attrs.evolve(count(table), problems=_in_order(problems))


def _check_modality(table: Table, modality: str, known: Mapping[str, object]) -> list[Problem]:
    stray = None if "kind" in known else find_stray_words(table, modality)
    return check_files(table, modality, known) if stray is None else [stray]


def _try_preprocessing(
    table: Table, source: Sequence[str] | None, known: Overrides, found: Sequence[Problem]
) -> list[Problem]:
    bad = {(problem.line, problem.id) for problem in found}
    good = table.with_rows(row for row in table.rows if (row.line, row.id) not in bad)
    try:
        training = good if source is None else good.select(source, "train")
        schema = Schema(fit_preprocessing(training, known), ())
    except DataError as error:
        # Of stray words, fitting says the same.
        return [] if str(error) in map(str, found) else [Problem(str(error))]
    return list(find_misfits(good, schema))


def _in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: math.inf if problem.line is None else problem.line))
