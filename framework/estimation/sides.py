"""The rows that an estimate takes: those of the source with labels, that no training saw, and the target's without."""

from collections.abc import Sequence
from typing import Final

import attrs

from ..data.builtin import open_table
from ..data.cell_columns import are_among
from ..data.domain_names import read_domains
from ..data.problem import Problem
from ..data.skipping import leave_out
from ..data.table import Table
from ..data.validation import SHARE, divide_source

HELD_OUT: Final = "held-out"
"""Rows of the source that no run trains on: its validation rows, and those of split `test` where there are some."""


@attrs.frozen(kw_only=True)
class Sides:
    """Which rows.

    Args:
        data: table of files, or name of a built-in data set.
        source: domain with labels, or several as `A+B`.
        target: domain to judge a model on, or several as `A+B`.
        split: of the target.
        source_split: of the source, on which no model may have been trained: `held-out`, or the name of a split.
        seed: of the run, by which validation rows are carved, and a built-in data set is split.
        validation: share of the training rows that is carved, as the run's recipe says.
        skipped: problems of rows that the run left out, before validation rows were carved.
    """

    data: str
    source: str
    target: str
    split: str = "train"
    source_split: str = HELD_OUT
    seed: int = 0
    validation: float = SHARE
    skipped: Sequence[Problem] = ()

    @property
    def where(self) -> str:
        """The target's rows, in a few words."""
        return f"{self.data}, {self.target}, {self.split}"

    def open(self) -> tuple[Table, Table]:
        """Rows of the source with labels, and of the target without.

        Raises:
            DataError: if there is no such table, domain or split, or no row can be spared for validation.
        """
        table = leave_out(open_table(self.data, seed=self.seed), self.skipped, labelled=False)
        source = table.select(read_domains(self.source, table.domains))
        target = table.select(read_domains(self.target, table.domains), self.split).without_labels()
        if self.source_split != HELD_OUT:
            return source.select(split=self.source_split), target
        _, validation = divide_source(source, self.validation, self.seed)
        kept = are_among(source.field("id"), frozenset(map(str, validation.field("id"))))
        return source.where(kept | are_among(source.field("split"), ("test",))), target
