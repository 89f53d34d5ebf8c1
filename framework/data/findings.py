"""What a check has found so far: gathered by `survey` and `rehearse`, counted and shown by `Report`."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import attrs

from ..errors import DataError
from .consistency import check_files
from .corruptions.applying import find_unfit
from .doubt import Doubt
from .inferred import Inferred
from .preprocessing import Preprocessing
from .problem import Problem
from .schema import Schema
from .schema_fitting import check_overrides, fit_modality, rows_to_fit
from .skipping import find_misfits
from .table import Table

Overrides: TypeAlias = Mapping[str, Mapping[str, object]]
"""What is known of the preprocessing; see `fit_preprocessing`."""


@attrs.define
class Findings:
    """What a check has found so far.

    Args:
        inferred: of each modality whose preprocessing could be fitted.
        problems: what training or evaluation refuses.
        doubts: what they do all the same.
    """

    inferred: list[Inferred] = attrs.field(factory=list)
    problems: list[Problem] = attrs.field(factory=list)
    doubts: list[Doubt] = attrs.field(factory=list)

    @property
    def preprocessing(self) -> dict[str, Preprocessing]:
        """By modality."""
        return {one.modality: one.preprocessing for one in self.inferred}

    def refuse(self, error: DataError | str) -> None:
        """Take what training says for a problem, unless it is one already."""
        if str(error) not in map(str, self.problems):
            self.problems.append(Problem(str(error)))

    def compare(self, rows: Table, modalities: Iterable[str], known: Overrides) -> None:
        """Compare the files of modalities with each other."""
        for modality in modalities:
            self.problems += check_files(rows, modality, known)

    def fit(self, rows: Table, known: Overrides) -> None:
        """Fit the preprocessing of each modality on those of the rows that have no problem so far."""
        good = self._good(rows)
        for modality in rows.modalities:
            left = int(good.present(modality).sum())
            # Where no file can be used, each has a problem of its own.
            if not left and rows.present(modality).any():
                continue
            try:
                preprocessing = fit_modality(good, modality, known)
            except DataError as error:
                self.refuse(error)
                continue
            fitted = rows_to_fit(good, modality, type(preprocessing))
            self.inferred.append(Inferred(modality, preprocessing, len(fitted), left))
        if len(self.inferred) == len(rows.modalities):
            try:
                check_overrides(known, self.preprocessing)
            except DataError as error:
                self.refuse(error)

    def try_rows(self, rows: Table) -> None:
        """Prepare the files of rows that have no problem so far, as training and evaluation do."""
        self.problems += find_misfits(self._good(rows), Schema(self.preprocessing, ()))

    def try_corruptions(self, rows: Table) -> None:
        """Look whether what spoils rows on purpose fits what they hold; their files may have said so already."""
        found = find_unfit(self._good(rows), {name: part.kind for name, part in self.preprocessing.items()})
        said = set(map(str, self.problems))
        self.problems += [problem for problem in found if str(problem) not in said]

    def try_names(self, schema: Schema) -> None:
        """Look whether a model of this schema could be exported."""
        clash = schema.find_clash()
        if clash is not None:
            self.refuse(f"{clash}.")

    def _good(self, rows: Table) -> Table:
        bad = {(problem.line, problem.id) for problem in self.problems}
        return rows.with_rows(row for row in rows.rows if (row.line, row.id) not in bad)
