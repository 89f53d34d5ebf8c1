"""Looks at every row and every file of a table, and says all that is wrong."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import attrs

from ..errors import DataError
from .builtin import builtin_names, open_table
from .cell_contents import with_known_cells
from .domain_names import read_domains
from .findings import Overrides
from .labels import TaskKind
from .problem import Problem
from .rehearsal import Plan, rehearse
from .report import Report, count
from .survey import survey
from .table import Table
from .table_doubts import find_table_doubts
from .table_file import scan_table
from .validation import SHARE


def check_data(
    name_or_path: str,
    source: Sequence[str] | str | None = None,
    kinds: Mapping[str, TaskKind] | None = None,
    preprocessing: Overrides | None = None,
    *,
    target: str | None = None,
    validation: float = SHARE,
    seed: int = 0,
) -> Report:
    """Check a built-in data set, or the table in a file, of which rows that break a rule are reported too.

    Args:
        name_or_path: see `open_table`.
        source: see `check_table`; also as a user names them, see `read_domains`.
        kinds: of tasks, where labels do not show it; see `Table`.
        preprocessing: see `check_table`.
        target: see `check_table`.
        validation: see `check_table`.
        seed: see `check_table`; of a built-in data set's split too.

    Raises:
        DataError: if there is no such data, or the file as a whole cannot be read.
    """
    problems: tuple[Problem, ...] = ()
    if name_or_path in builtin_names() or not Path(name_or_path).suffix:
        table = open_table(name_or_path, seed=seed)
    else:
        table, problems = scan_table(name_or_path)
    if isinstance(source, str):
        source = read_domains(source, table.domains)
    known = table.with_kinds(kinds or {})
    try:
        report = check_table(known, source, preprocessing, target=target, validation=validation, seed=seed)
    except DataError as error:
        if not problems:
            raise
        # The rows that are wrong may be all that a domain has.
        report = attrs.evolve(count(known), problems=(Problem(str(error)),))
    return attrs.evolve(report, problems=_in_order((*problems, *report.problems)))


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
    return check_data(str(path), source, kinds, preprocessing)


def check_table(
    table: Table,
    source: Sequence[str] | None = None,
    preprocessing: Overrides | None = None,
    *,
    target: str | None = None,
    validation: float = SHARE,
    seed: int = 0,
) -> Report:
    """Count rows by domain, split, class and modality, read every file, and collect all problems and doubts.

    Args:
        table: what to check.
        source: domains that are to have labels. All is then tried as training and evaluation do it: preprocessing and
            tasks are fitted on their training rows, and every other row is held to that. Where None, files are compared
            with each other, and each domain that has labels is taken for a possible source.
        preprocessing: what a recipe knows of it.
        target: domain to adapt to; rows of neither source nor target are then not looked at.
        validation: share of the source's training rows that is kept where the table has no split `validation`.
        seed: of those rows.

    Returns:
        The counts, what was inferred, doubts, and problems in the order of the rows.

    Raises:
        DataError: if a domain is not in the table, the target is one of the source's, or a kind of preprocessing is not
            known.
    """
    known = preprocessing or {}
    table = with_known_cells(table, known)
    if source is not None and target in source:
        raise DataError(f"target must not be one of the sources {', '.join(source)}, but got {target!r}")
    if source is None:
        found = survey(table, known)
    else:
        found = rehearse(table, Plan(tuple(source), target, validation, seed), known)
    return attrs.evolve(
        count(table),
        problems=_in_order(found.problems),
        inferred=tuple(found.inferred),
        doubts=tuple(dict.fromkeys((*find_table_doubts(table), *found.doubts))),
    )


def _in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: math.inf if problem.line is None else problem.line))
