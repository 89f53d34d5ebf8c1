"""acclimate data check: what a table holds, and every problem with its row."""

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import AcclimateError
from .options import add_skip_option, add_task_option, count_skipped, make_parser, read_kinds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..data import Problem
    from ..data.labels import TaskKind


def main(arguments: list[str]) -> None:
    """Run the command; problems make it fail after they are printed."""
    parser = make_parser("data check", "Count a table by domain, split, class and modality, and list every problem.")
    parser.add_argument("table", type=str, help="table of files, or name of a built-in data set")
    parser.add_argument("--source", type=str, help="domain that must have labels, or several as A+B")
    add_task_option(parser)
    add_skip_option(parser)
    parser.add_argument("--out", type=Path, help="with --skip-bad: file for a table of the rows that are left")
    options = parser.parse_args(arguments)

    from ..data import check_data

    if options.out is not None and not options.skip_bad:
        raise AcclimateError("--out is the table without the bad rows, so it needs --skip-bad")
    source, kinds = None if options.source is None else options.source.split("+"), read_kinds(options.task)
    report = check_data(options.table, source, kinds)
    print(report)
    of_rows = [problem for problem in report.problems if problem.line is not None]
    left = len(report.problems) - (len(of_rows) if options.skip_bad else 0)
    if left:
        what = "problem(s) that no row has alone" if options.skip_bad else "problem(s)"
        raise AcclimateError(f"{options.table} has {left} {what}, listed above")
    if options.skip_bad:
        _write_good_rows(options.table, kinds, of_rows, options.out)
        print(count_skipped(of_rows))


def _write_good_rows(
    name: str, kinds: "Mapping[str, TaskKind]", problems: "Sequence[Problem]", out: Path | None
) -> None:
    """Make sure that enough rows are left, and write them where that is asked for."""
    from ..data import builtin_names, leave_out, open_table, scan_table, write_table
    from ..data.relocation import relocate

    table = open_table(name) if name in builtin_names() else scan_table(name)[0]
    good = leave_out(table.with_kinds(kinds), problems, labelled=True)
    if out is not None:
        write_table(relocate(good, out.parent), out)
