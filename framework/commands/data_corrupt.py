"""acclimate data corrupt: a table with one more domain, of rows that are spoilt on purpose."""

from pathlib import Path

from ..errors import AcclimateError
from .corruption_options import add_corruption_options, make_plans
from .decoding_option import add_decoding_option
from .numbers import add_seed
from .options import check_table_output, make_parser


def main(arguments: list[str]) -> None:
    """Run the command, and say what was written."""
    parser = make_parser(
        "data corrupt",
        "Write a table with a domain of corrupted rows of another domain. No file is copied: rows say how they are "
        "corrupted, and are corrupted when they are read, always in the same way.",
    )
    add = parser.add_argument
    add("table", type=str, help="table of files, or name of a built-in data set")
    add("--domain", type=str, required=True, help="domain to corrupt")
    add("--name", type=str, help="of the corrupted domain; default: <domain>-corrupted")
    add("--out", type=Path, required=True, help="table to write: .csv, .tsv, .jsonl or .parquet")
    add_corruption_options(parser)
    add("--rows", type=str, default="copy", help="copy: of all rows; half: moved to the new domain; all: moved")
    add_seed(parser, help="of the noise and of the half")
    add_seed(parser, "--split_seed", help="of a built-in data set's split")
    add_decoding_option(parser)
    options = parser.parse_args(arguments)
    if options.rows not in {"copy", "half", "all"}:
        raise AcclimateError(f"--rows must be copy, half or all, but got {options.rows!r}")
    check_table_output(options.out, options.table)

    from ..data import name_unwritten, open_table, write_table
    from ..data.corruptions import add_corrupted_domain
    from ..data.domain_names import SEPARATORS
    from ..data.relocation import relocate

    name = options.name or f"{options.domain}-corrupted"
    if any(sign in name for sign in SEPARATORS):
        raise AcclimateError(f"--name must hold no '+' and no ':', by which domains are separated, but got {name!r}")
    table = open_table(options.table, seed=options.split_seed)
    plans = make_plans(options, table.select(options.domain))
    corrupted = add_corrupted_domain(table, options.domain, name, plans, rows=options.rows, seed=options.seed)
    write_table(relocate(corrupted, options.out.parent), options.out)
    print(f"{options.out}: {len(corrupted)} rows, of which {len(corrupted.select(name))} are of domain {name!r}")
    for note in name_unwritten(corrupted):
        print(f"{options.out}: {note}")
    for plan in plans:
        for step in plan.steps:
            print(f"  {plan.modality}: {step.corruption}, {step.share:.0%} of the rows")
