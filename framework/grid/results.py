"""All finished cells of a folder, as tables to compute with: results.parquet, cells.parquet and epochs.parquet."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import RunError
from ..files.whole_file import whole_file
from .cell_file import CELL_FILE, read_cell

_WHERE: Final = {"data": pa.string(), "source": pa.string(), "target": pa.string(), "recipe": pa.string()}
_CELL: Final = {**_WHERE, "seed": pa.int64()}
_SCORES: Final = {
    **_CELL,
    "trains_on_target_labels": pa.bool_(),
    "choice": pa.string(),
    "epoch": pa.int64(),
    "side": pa.string(),
    "task": pa.string(),
    "measure": pa.string(),
    "prediction": pa.string(),
    "modalities": pa.string(),
    "value": pa.float64(),
}
_CELLS: Final = {
    **_CELL,
    "trains_on_target_labels": pa.bool_(),
    "selection": pa.string(),
    "epoch": pa.int64(),
    "source_accuracy": pa.float64(),
    "seconds": pa.float64(),
    "steps": pa.int64(),
    "seconds_per_step": pa.float64(),
    "processes": pa.int64(),
    "threads": pa.int64(),
    "tuned": pa.string(),
    "left_out/target": pa.int64(),
    "left_out/source": pa.int64(),
}
_EPOCHS: Final = {**_CELL, "epoch": pa.int64(), "stage": pa.string(), "round": pa.int64(), "selected": pa.bool_()}


def read_cells(out: Path) -> list[dict[str, Any]]:
    """The content of every finished cell of a grid's folder, in the order of their folders.

    Its data is what the grid calls the table, since a path does not tell two of one name from each other.

    Raises:
        RunError: if one is damaged.
    """
    cells = []
    for path in sorted((out / "cells").rglob(CELL_FILE)):
        content = read_cell(path.parent)
        settings = content.get("settings")
        if not isinstance(settings, dict):
            raise RunError(f"{path} must have settings, but has none")
        cells.append({**content, "settings": {**settings, "data": path.relative_to(out).parts[1]}})
    return cells


def write_parquet(out: Path, cells: Sequence[Mapping[str, Any]]) -> None:
    """Write the three tables.

    `results.parquet` has a row for each cell, choice of the epoch, side, task, prediction and set of modalities, see
    `Score`. `cells.parquet` has a row a cell: the selected epoch, its scores without target labels, time.
    `epochs.parquet` has a row for each cell and epoch, with all that was measured: `target/...` are scores without
    labels, `oracle/...` those with them.
    """
    write_table(out / "results.parquet", _SCORES, (row for cell in cells for row in _score_rows(cell)))
    write_table(out / "cells.parquet", _CELLS, map(_cell_row, cells))
    write_table(out / "epochs.parquet", _EPOCHS, (row for cell in cells for row in _epoch_rows(cell)))


def identity(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Where a cell stands in the grid."""
    settings = cell["settings"]
    return {
        "data": settings["data"],
        "source": "+".join(settings["source"]),
        "target": settings["target"],
        "recipe": settings["recipe"]["name"],
        "seed": settings["seed"],
    }


def _score_rows(cell: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for score in cell["scores"]:
        yield {**identity(cell), "trains_on_target_labels": cell["trains_on_target_labels"], **score}


def _cell_row(cell: Mapping[str, Any]) -> dict[str, Any]:
    selection, environment = cell["selection"], cell["environment"]
    # Cells of an earlier version had no rows of unknown classes.
    left_out = cell.get("left_out", {})
    return {
        **identity(cell),
        **{name: cell[name] for name in ("trains_on_target_labels", "seconds", "steps", "seconds_per_step")},
        **{name: selection[name] for name in ("epoch", "source_accuracy")},
        **{f"target/{name}": value for name, value in selection["target"].items()},
        "selection": selection["score"],
        "processes": environment.get("processes"),
        "threads": environment["threads"],
        "tuned": json.dumps(cell.get("tuned", {})),
        **{f"left_out/{side}": found["rows"] for side, found in left_out.items()},
    }


def _epoch_rows(cell: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for epoch in cell["epochs"]:
        yield {
            **identity(cell),
            **{name: epoch[name] for name in ("epoch", "stage", "round", "selected")},
            "source_accuracy": epoch["source_accuracy"],
            **{f"target/{name}": value for name, value in epoch["target"].items()},
            **epoch["measures"],
            **{f"oracle/{name}": value for name, value in _flatten(epoch["oracle"])},
        }


def _flatten(values: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}/{key}", inner) for key, inner in _flatten(value))
        else:
            yield name, value


def write_table(path: Path, known: Mapping[str, pa.DataType], rows: Iterable[dict[str, Any]]) -> None:
    """Write rows as Parquet.

    Args:
        path: file.
        known: types of columns; further ones, which only some rows may have, are numbers.
        rows: by name of the column; what is missing is null.
    """
    found = list(rows)
    others = dict.fromkeys(name for row in found for name in row if name not in known)
    schema = pa.schema([*known.items(), *((name, pa.float64()) for name in others)])
    with whole_file(path) as unfinished:
        pq.write_table(pa.Table.from_pylist(found, schema), unfinished)
