"""A domain, or several, as if they were the source: why training would refuse that, and what may not be meant."""

from collections.abc import Container, Iterator, Mapping
from typing import Final

import attrs

from ..errors import DataError
from .cell_columns import count_cells
from .coverage import find_unlabelled
from .inline_text import find_stray_words
from .label_doubts import find_label_doubts
from .problem import Problem
from .schema_fitting import fit_task, fit_tasks
from .table import Table
from .validation import divide_source

MOST: Final = 10
"""Classes that a note names at most."""


@attrs.frozen(eq=False)
class Surroundings:
    """What is known of the whole table, once for all of its possible sources.

    Args:
        table: all rows.
        trusted: modalities whose words are not doubted: of a kind that the user has named, or refused already.
        counts: of all labelled rows by task, then by label.
        present: modalities that any row has.
    """

    table: Table
    trusted: Container[str]
    counts: Mapping[str, Mapping[str, int]]
    present: Container[str]

    @classmethod
    def of(cls, table: Table, trusted: Container[str]) -> "Surroundings":
        """Those of a table."""
        counts = {name: count_cells(table.labels(name)) for name in table.tasks}
        return cls(table, trusted, counts, {name for name in table.modalities if table.present(name).any()})


@attrs.frozen(eq=False)
class PossibleSource:
    """What might be the source.

    Args:
        name: of the domain, or several with plus signs between.
        rows: its rows, of all splits.
        around: the table that it is part of.
    """

    name: str
    rows: Table
    around: Surroundings

    @property
    def training(self) -> Table:
        """Its training rows."""
        return self.rows.select(split="train")

    def refusals(self) -> Iterator[str]:
        """Why it cannot be the source."""
        for modality in self.rows.modalities:
            # What no domain has is a problem of the table.
            if modality in self.around.present and not self.training.present(modality).any():
                yield f"{self._where}: no training row has the modality {modality!r}, so training refuses it"
        try:
            training, _ = divide_source(self.rows)
            fit_tasks(training, {})
        except DataError as error:
            yield f"{self._where}: {str(error).removesuffix('.')}"
            return
        for modality in self.rows.modalities:
            if modality not in self.around.trusted and training.present(modality).any():
                stray = find_stray_words(training, modality)
                if stray is not None:
                    yield f"{self._where}: {str(stray).removesuffix('.')}"

    def unlabelled(self) -> Iterator[Problem]:
        """Its rows that could not be trained on."""
        for task in self.rows.tasks:
            if any(row.labels[task] is not None for row in self.training.rows):
                yield from find_unlabelled(self.training.rows, task, "has labels")

    def doubts(self) -> Iterator[str]:
        """What its labels may not mean, and what others have that it lacks."""
        for name in self.rows.tasks:
            try:
                task = fit_task(self.training, name)
            except DataError:
                continue
            for doubt in find_label_doubts(self.training, name):
                yield f"{self._where}: {doubt.message}"
            counts = self.around.counts[name]
            lacking = [label for label in counts if label not in (task.classes or ())]
            if task.classes is not None and lacking:
                rows, of = sum(counts[label] for label in lacking), len(self.around.table)
                names = ", ".join(map(repr, lacking[:MOST])) + (", ..." if len(lacking) > MOST else "")
                lack = f"its training rows lack classes that {rows} of {of} rows have: {names}"
                yield f"{self._where}: task {name!r}: {lack}"

    @property
    def _where(self) -> str:
        return f"with {self.name!r} as the source"
