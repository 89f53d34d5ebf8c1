"""Whether the cells of a column are texts themselves or name files, where a recipe or a fitted schema knows."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import attrs

from ..errors import DataError
from .table import Table

if TYPE_CHECKING:
    from .preprocessing import Preprocessing

CELLS: Final = "cells"
"""Field of what is known of a modality: `text` or `file`."""

_CHOICES: Final = ("text", "file")


def with_known_cells(table: Table, overrides: Mapping[str, Mapping[str, object]]) -> Table:
    """The table, read as a recipe says: `data.preprocessing.said.cells=text`.

    Args:
        table: what its cells look like counts for all modalities of which nothing is said.
        overrides: fields of a modality's preprocessing that are known, by modality.

    Raises:
        DataError: if something else than `text` or `file` is said.

    Example:
        >>> from acclimate.framework.data import Row
        >>> rows = [Row(2, "a", "lab", "train", {}, {"said": "open a.txt"})]
        >>> sorted(with_known_cells(Table(rows, ".", ["said"], []), {"said": {"cells": "text"}}).text)
        ['said']
    """
    said = {name: overrides[name][CELLS] for name in table.modalities if CELLS in overrides.get(name, {})}
    for name, cells in said.items():
        if cells not in _CHOICES:
            raise DataError(f"{name}: {CELLS} must be one of {', '.join(_CHOICES)}, but got {cells!r:.60}.")
    return _with_cells(table, {name: str(cells) for name, cells in said.items()})


def with_fitted_cells(table: Table, preprocessing: Mapping[str, "Preprocessing"]) -> Table:
    """The table, read as the rows were that a schema was fitted on: only text has cells that are no files.

    Args:
        table: what its cells look like counts where the schema leaves it open.
        preprocessing: of the schema.
    """
    known = {name: "file" if one.kind != "text" else getattr(one, CELLS, None) for name, one in preprocessing.items()}
    return _with_cells(table, {name: cells for name, cells in known.items() if cells and name in table.modalities})


def _with_cells(table: Table, cells: Mapping[str, str]) -> Table:
    texts = {name for name, kind in cells.items() if kind == "text"}
    text = (table.text - cells.keys()) | texts
    return table if text == table.text else attrs.evolve(table, text=text)
