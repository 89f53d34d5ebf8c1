"""One cell of a grid: a recipe, a shift and a seed."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import attrs

from ..data.domain_names import read_domains
from ..data.labels import TaskKind
from ..errors import AcclimateError, DataError
from ..recipes.recipe import Recipe

SUPERVISED_TARGET: Final = "supervised-target"
"""Name of the recipe that trains on the target's labels: the upper bound. No other recipe's cells ever do."""

_MAX_BYTES: Final = 200
"""Of a name, of which file systems take 255: others are made of it."""


@attrs.frozen
class Shift:
    """From which domains to which.

    Args:
        source: domains whose labels are used.
        target: domain to adapt to.

    Raises:
        DataError: if the target is one of the sources.
    """

    source: tuple[str, ...]
    target: str

    def __attrs_post_init__(self) -> None:
        if self.target in self.source:
            raise DataError(f"a shift's target must not be one of its sources, but got {self}")

    @classmethod
    def parse(cls, text: str) -> "Shift":
        """Read `SRC:TGT`, where SRC may be `A+B`.

        Raises:
            AcclimateError: if it does not have this form.

        Example:
            >>> Shift.parse("kitchen+cellar:garden")
            Shift(source=('kitchen', 'cellar'), target='garden')
        """
        source, _, target = text.partition(":")
        if not target or not all(source.split("+")):
            raise AcclimateError(f"--shift takes SRC:TGT, or A+B:TGT for several sources, but got {text!r}")
        return cls(read_domains(source), target)

    def __str__(self) -> str:
        return f"{'+'.join(self.source)}:{self.target}"


@attrs.frozen
class Cell:
    """What one run of a grid is.

    Args:
        data: name of a built-in data set, or path of a table.
        shift: domains.
        recipe: the method, with all overrides.
        seed: of weights, order of samples, validation rows, and splits that are drawn.
        device: where it trains.
        digest: of the table's file, so that a changed one is noticed; None for a built-in data set.
        tuned: what a search changed in the recipe, by dotted key.
        trial: number of a trial of a search; None where the cell is reported.
        trunk_cache: folder of a `TrunkCache`, and the bytes that it may take; no result depends on it.
        prepared_cache: the same of a `PreparedCache`.
        kinds: of tasks, where labels do not show it; see `Table`.
        table: what its grid calls the data; by default the file's name.
        skip_bad: leave out rows whose files cannot be used.
    """

    data: str
    shift: Shift
    recipe: Recipe
    seed: int
    device: Literal["auto", "cpu", "cuda"] = "auto"
    digest: str | None = None
    tuned: Mapping[str, Any] = attrs.field(factory=dict)
    trial: int | None = None
    trunk_cache: tuple[str, int] | None = None
    prepared_cache: tuple[str, int] | None = None
    kinds: Mapping[str, TaskKind] = attrs.field(factory=dict)
    table: str = attrs.field()
    skip_bad: bool = False

    @table.default
    def _default_table(self) -> str:
        return file_name(data_name(self.data))

    @property
    def trains_on_target_labels(self) -> bool:
        """Whether this is the upper bound."""
        return self.recipe.name == SUPERVISED_TARGET

    @property
    def folder(self) -> Path:
        """Where it lies in the folder of its grid."""
        kind, last = ("cells", f"seed{self.seed}") if self.trial is None else ("search", f"trial{self.trial}")
        shift = f"{'+'.join(self.shift.source)}-{self.shift.target}"
        return Path(kind, *map(file_name, (self.table, shift, self.recipe.name, last)))

    @property
    def title(self) -> str:
        """What progress and errors call it."""
        last = f"seed {self.seed}" if self.trial is None else f"trial {self.trial}"
        return f"{self.table} {self.shift} {self.recipe.name} {last}"

    def run(self, out: Path, notes: Mapping[str, Any]) -> None:
        """Run it, as an executor's job; see `run_cell`."""
        from .run_cell import run_cell

        run_cell(self, out, notes)

    def settings(self) -> dict[str, Any]:
        """What makes a finished cell the same as this one; classes of the user's own are imported."""
        from ..recipes.user_sources import user_sources

        sources = user_sources(self.recipe)
        recipe = {key: value for key, value in self.recipe.to_config().items() if key != "description"}
        return {
            "data": self.data,
            "digest": self.digest,
            "source": list(self.shift.source),
            "target": self.shift.target,
            "recipe": recipe,
            "seed": self.seed,
            # Cells that were finished before there were these keys stay what they are.
            **({"kinds": dict(self.kinds)} if self.kinds else {}),
            **({"skip_bad": True} if self.skip_bad else {}),
            **({"sources": sources} if sources else {}),
        }


def data_name(data: str) -> str:
    """What a data set is called: a table by its file's name.

    Example:
        >>> data_name("wrist"), data_name("tables/rooms.csv")
        ('wrist', 'rooms')
    """
    return Path(data).stem


def file_name(text: str) -> str:
    """Whatever a domain is called, a name that every file system takes: a long one ends in its digest.

    Example:
        >>> file_name("my room"), len(file_name(300 * "x"))
        ('my_room', 57)
    """
    name = re.sub(r"[^\w.+-]", "_", text)
    if len(name.encode()) <= _MAX_BYTES:
        return name
    return f"{name[:40]}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
