"""Which table, which domains, which recipe: opens the data and builds the method."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from ..builder import Builder
from ..data import Augmentation, Problem, Samples, Schema, Table, find_bad_rows, leave_out
from ..data.cell_contents import with_known_cells
from ..data.doubt import Doubt
from ..data.run_doubts import find_run_doubts
from ..data.table_doubts import find_table_doubts
from ..data.table_identity import identify_table
from ..data.validation import divide_source
from ..errors import DataError
from ..layout import DomainSide
from ..method import Method
from ..recipes.recipe import Recipe
from ..training.domains import Domains
from ..training.loader import Loader


def _to_names(names: str | Iterable[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


@attrs.frozen(eq=False)
class Experiment:
    """Which table, which domains, which recipe.

    Args:
        recipe: the method.
        table: all rows.
        source: domains with labels.
        target: domain to adapt to, or to look at only where the recipe is one of generalisation; None means there is
            none.
        preprocessing: fields of a modality's preprocessing that are known, by modality or kind of input; before those
            that the recipe knows.
        workers: processes that read samples ahead.
        name: of the table, as the run folder remembers it: a path, or the name of a built-in data set.
        skipped: problems of the rows that the run leaves out; None means that every row must be good.

    Raises:
        DataError: if the target is one of the sources, whose labels are used.
        ValueError: if `workers` is negative.
    """

    recipe: Recipe
    table: Table
    source: tuple[str, ...] = attrs.field(converter=_to_names)
    target: str | None = None
    preprocessing: Mapping[str, Mapping[str, object]] = attrs.field(factory=dict)
    workers: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    name: str = ""
    skipped: Sequence[Problem] | None = None

    def __attrs_post_init__(self) -> None:
        if self.target in self.source:
            raise DataError(f"target must not be one of the sources {', '.join(self.source)}, but got {self.target!r}")

    def open(self, seed: int = 0, *, pin: bool = False) -> tuple[Schema, Domains]:
        """Fit the schema on the source's training rows, and make the loaders.

        Args:
            seed: of validation rows, the order of samples and augmentation.
            pin: whether batches are put into page-locked memory, as is good for training on a GPU.

        Raises:
            DataError: if a domain or split is missing, or a file cannot be read.
        """
        training, validation = self._source_rows(seed)
        schema = Schema.fit(training, self._known())
        target = self._target_rows()
        unlabelled = None if target is None else Samples(target, schema, labelled=False)
        load = partial(self._loader, seed=seed, pin=pin)
        augment = self.recipe.training.augment
        augmented = partial(load, augmentation=Augmentation.parse(augment, schema, seed) if augment else None)
        views = self._views(schema, seed)
        return schema, Domains(
            source=augmented(Samples(training, schema, labelled=True), shuffle=True, views=views["source"]),
            validation=load(Samples(validation, schema, labelled=True), shuffle=False),
            target=None if unlabelled is None else augmented(unlabelled, shuffle=True, views=views["target"]),
            target_in_order=None if unlabelled is None else load(unlabelled, shuffle=False),
        )

    def find_doubts(self, schema: Schema, seed: int = 0) -> tuple[Doubt, ...]:
        """What may not be meant, and is done all the same; no label of the target is looked at.

        Args:
            schema: of this experiment.
            seed: that it was opened with.
        """
        training, _ = self._source_rows(seed)
        found = find_run_doubts(training, self._target_rows(), schema, self._known())
        return (*find_table_doubts(self.table), *found)

    def judged_rows(self, seed: int = 0) -> tuple[Table, Table]:
        """The rows by which a run is chosen: the source's validation rows, and the target's training rows.

        Args:
            seed: of validation rows.

        Raises:
            DataError: if there is no target, or a domain or split is missing.
        """
        target = self._target_rows()
        if target is None:
            raise DataError("target must be a domain of the table, but is None")
        return self._source_rows(seed)[1], target

    def find_bad_rows(self) -> tuple[Problem, ...]:
        """Read every file that training will read; see the function of this name."""
        source, target = self.table.select(self.source), self._target_rows()
        others = [source.select(split="validation")] if "validation" in source.splits else []
        return find_bad_rows(
            source.select(split="train"), [*others, *([] if target is None else [target])], self._known()
        )

    def build(self, recipe: Recipe, schema: Schema, domains: Domains, seed: int = 0) -> Method:
        """Build a recipe's Method for the data, with the initial weights of this seed."""
        return Builder(recipe).build(schema, domains.sizes, seed)

    def config(self, schema: Schema, domains: Domains) -> dict[str, Any]:
        """What a run folder must know to rebuild the model and find the data again."""
        skipped = {} if self.skipped is None else {"skipped": len(self.skipped)}
        digest = identify_table(self.name).digest if Path(self.name).is_file() else None
        known = {} if digest is None else {"digest": digest}
        return {
            "data": {"table": self.name, **known, "source": list(self.source), "target": self.target, **skipped},
            "schema": schema.to_config(),
            "samples": domains.sizes,
        }

    def _known(self) -> dict[str, Mapping[str, object]]:
        return {**self.recipe.data.preprocessing, **self.preprocessing}

    def _source_rows(self, seed: int) -> tuple[Table, Table]:
        table = with_known_cells(self.table, self._known())
        rows = leave_out(table.select(self.source), self.skipped or (), labelled=True)
        return divide_source(rows, self.recipe.training.validation, seed)

    def _target_rows(self) -> Table | None:
        if self.target is None:
            return None
        table = with_known_cells(self.table, self._known())
        return leave_out(table.select(self.target, "train"), self.skipped or (), labelled=False)

    def _views(self, schema: Schema, seed: int) -> dict[DomainSide, dict[str, Augmentation]]:
        made: dict[DomainSide, dict[str, Augmentation]] = {"source": {}, "target": {}}
        for name, view in self.recipe.training.views.items():
            made[view.side][name] = Augmentation.parse(view.augment, schema, seed, name)
        return made

    def _loader(
        self,
        samples: Samples,
        *,
        shuffle: bool,
        seed: int,
        pin: bool,
        augmentation: Augmentation | None = None,
        views: Mapping[str, Augmentation] | None = None,
    ) -> Loader:
        domains = (*self.source, *([] if self.target is None else [self.target]))
        return Loader(
            samples,
            self.recipe.training.batch_size,
            shuffle=shuffle,
            seed=seed,
            domains=domains,
            workers=self.workers,
            pin=pin,
            augmentation=augmentation,
            views=views or {},
        )
