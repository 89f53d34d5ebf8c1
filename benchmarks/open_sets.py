"""Tables of the wrist data where one side lacks classes: `python benchmarks/open_sets.py FOLDER`.

`wrist.csv` has all seven exercises on both arms, `fewer-in-target.csv` none of two of them on the left arm,
`fewer-in-source.csv` none of one of them on the right arm. docs/data.md says what is done with them.
"""

import sys
from pathlib import Path
from typing import Final

from acclimate.framework.data import Table, open_table, write_table
from acclimate.framework.data.relocation import relocate

LACKING: Final = {
    "wrist": ("", ()),
    "fewer-in-target": ("left_arm", ("TRAP", "ROW")),
    "fewer-in-source": ("right_arm", ("PEN",)),
}
"""By table, a domain and the classes that are taken from it."""


def without(table: Table, domain: str, classes: tuple[str, ...]) -> Table:
    """The table without a domain's rows of some classes."""
    return table.with_rows(row for row in table.rows if row.domain != domain or row.labels["label"] not in classes)


def main(folder: Path) -> None:
    """Write the tables."""
    folder.mkdir(parents=True, exist_ok=True)
    wrist = relocate(open_table("wrist"), folder)
    for name, (domain, classes) in LACKING.items():
        write_table(without(wrist, domain, classes), folder / f"{name}.csv")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
