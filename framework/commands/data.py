"""acclimate data check: what a table holds, and every problem with its row."""

from ..errors import AcclimateError
from .options import add_task_option, make_parser, read_kinds


def main(arguments: list[str]) -> None:
    """Run the command; problems make it fail after they are printed."""
    if not arguments or arguments[0] not in {"check", "-h", "--help"}:
        raise AcclimateError(f"there is 'data check TABLE', but got {' '.join(['data', *arguments[:1]])!r}")
    parser = make_parser("data check", "Count a table by domain, split, class and modality, and list every problem.")
    parser.add_argument("table", type=str, help="table of files, or name of a built-in data set")
    parser.add_argument("--source", type=str, help="domain that must have labels, or several as A+B")
    add_task_option(parser)
    options = parser.parse_args([argument for argument in arguments if argument != "check"])

    from ..data import check_data

    source = None if options.source is None else options.source.split("+")
    report = check_data(options.table, source, read_kinds(options.task))
    print(report)
    if report.problems:
        raise AcclimateError(f"{options.table} has {len(report.problems)} problem(s), listed above")
