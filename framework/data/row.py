"""One sample of a table."""

from collections.abc import Mapping
from typing import Final

import attrs

_NOTHING: Final[Mapping[str, str]] = {}


def _nothing() -> Mapping[str, str]:
    """The same for all rows: a table may have many."""
    return _NOTHING


@attrs.frozen
class Row:
    """One sample.

    Args:
        line: of its file, to find it again; the header of a CSV file is line 1.
        id: unlike any other row's.
        domain: where it comes from.
        split: usually `train`, `validation` or `test`.
        labels: cell by task; None where it is empty.
        cells: cell by modality; None where the sample lacks the modality.
        group: rows of one group (a person, a recording) stay together when validation rows are carved out.
        corruptions: what spoils its modalities on purpose when they are read, by modality; see `parse_chain`.
    """

    line: int
    id: str
    domain: str
    split: str
    labels: Mapping[str, str | None]
    cells: Mapping[str, str | None]
    group: str | None = None
    corruptions: Mapping[str, str] = attrs.field(factory=_nothing)

    @property
    def present(self) -> tuple[str, ...]:
        """The modalities that the sample has, sorted."""
        return tuple(sorted(name for name, cell in self.cells.items() if cell is not None))
