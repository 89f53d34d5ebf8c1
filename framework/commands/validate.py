"""acclimate validate: all scores without labels of finished runs and, with labels, what each was worth."""

import json
import os
from pathlib import Path

from ..files.printable_text import printable_line
from .options import make_parser


def main(arguments: list[str]) -> None:
    """Run the command."""
    parser = make_parser(
        "validate",
        "Score finished runs without target labels, by all scores that there are: runs of one shift and seed are "
        "compared with each other. Where the target's training rows have labels, say afterwards how well each score "
        "would have chosen: such numbers are oracle.",
    )
    add = parser.add_argument
    add("runs", type=Path, nargs="+", help="run folders")
    add("--data", type=str, help="table of files, or name of a built-in data set; default: that of the runs")
    add(
        "--validators",
        type=str,
        default="all",
        help="names of scores, or import paths of Validators, with commas between; default: all",
    )
    add("--no-oracle", action="store_true", help="look at no label of the target, even where there are some")
    add("--out", type=Path, help="JSON file to write; default: validators.json in the folder that holds the runs")
    options = parser.parse_args(arguments)

    from ..experiments.run_validation import summarise, validate_runs
    from ..experiments.validation_text import shift_text, summary_text
    from ..files.outputs import check_output
    from ..files.whole_file import write_whole

    out = options.out or Path(os.path.commonpath([path.absolute().parent for path in options.runs])) / "validators.json"
    check_output(out, [options.data or ""])
    found = []
    for shift in validate_runs(options.runs, options.validators.split(","), options.data, oracle=not options.no_oracle):
        found.append(shift)
        print("\n".join(map(printable_line, shift_text(shift).splitlines())) + "\n", flush=True)
    summary = summarise(found)
    if len(found) > 1 and summary:
        print(summary_text(summary) + "\n")
    write_whole(out, json.dumps([shift.to_json() for shift in found], indent=1) + "\n")
    print(out)
