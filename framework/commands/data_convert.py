"""acclimate data convert: a pickle that others distribute, as arrays or a table that can be read safely."""

from pathlib import Path

from .options import make_parser


def main(arguments: list[str]) -> None:
    """Run the command, and print what was written."""
    parser = make_parser(
        "data convert",
        "Write the arrays (.npz) or the table (.csv) that a pickle holds. Nothing that it names is run: it may hold "
        "numbers, text, lists, dictionaries, arrays of numpy and data frames of pandas, and is refused otherwise.",
    )
    parser.add_argument("pickle", type=Path, help="file to read; takes as much memory as the file has bytes")
    parser.add_argument("out", type=Path, help="file to write: .npz for arrays, .csv for a data frame")
    options = parser.parse_args(arguments)

    from ..data.pickles import convert

    for line in convert(options.pickle, options.out):
        print(line)
