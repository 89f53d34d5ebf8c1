"""Tables of the wrist data where one side lacks classes: `python benchmarks/open_sets.py FOLDER`.

`wrist.csv` has all seven exercises on both arms, `fewer-in-target.csv` none of two of them on the left arm,
`fewer-in-source.csv` none of one of them on the right arm, and `fewer.csv` none of that one on either.
docs/open-sets.md says what is done with them.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from acclimate.framework.data import Table, open_table, write_table
from acclimate.framework.data.relocation import relocate

LACKING: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "wrist": {},
    "fewer-in-target": {"left_arm": ("TRAP", "ROW")},
    "fewer-in-source": {"right_arm": ("PEN",)},
    "fewer": {"left_arm": ("PEN",), "right_arm": ("PEN",)},
}
"""By table, the classes that are taken from a domain."""


def without(table: Table, lacking: Mapping[str, tuple[str, ...]]) -> Table:
    """The table without the rows of some classes, by domain."""
    return table.with_rows(row for row in table.rows if row.labels["label"] not in lacking.get(row.domain, ()))


def main(folder: Path) -> None:
    """Write the tables."""
    folder.mkdir(parents=True, exist_ok=True)
    wrist = relocate(open_table("wrist"), folder)
    for name, lacking in LACKING.items():
        write_table(without(wrist, lacking), folder / f"{name}.csv")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
