"""Records of a Parquet file, of which only the columns that matter are read."""

import importlib.util
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

from ...errors import DataError
from ...files.bounded_file import open_regular
from ..columns import check_names
from .contents import describe_contents
from .long_cells import MAX_CELL
from .record import IsIgnored, Record, clean

_Arrow: TypeAlias = Any
"""An object of pyarrow, which has no types."""

MAX_ROWS: Final = 20_000_000

FREE_CELLS: Final = 2**23
CELLS_A_BYTE: Final = 16
"""A file may have `FREE_CELLS` and so many for each of its bytes: a small one may promise any number that are alike."""

MAX_BYTES: Final = 2**33
"""Bytes that the file says it has when it is decompressed, at most."""

_BATCH: Final = 2**16
_NO_FRACTION: Final = re.compile(r"\.0+(?=$|[+-]|Z)")


@contextmanager
def open_parquet(path: Path, is_ignored: IsIgnored = lambda _: False) -> Iterator[tuple[list[str], Iterator[Record]]]:
    """Names of the columns, and the records.

    Args:
        path: of the file.
        is_ignored: see `open_records`; such columns are not read from the file either.

    Raises:
        DataError: see `open_records`; also if pyarrow is not installed.
    """
    require_pyarrow(path)
    with open_regular(path) as source, _named_faults(path):
        from pyarrow import parquet

        _check_contents(source.read(64), path)
        source.seek(0)
        schema = parquet.read_schema(source)
        names = [str(name) for name in schema.names if not is_ignored(name)]
        check_names(names, str(path))
        strings = [name for name in names if str(schema.field(name).type) in {"string", "large_string"}]
        source.seek(0)
        # A dictionary holds once what many rows have, so that they do not become larger than the file.
        file = parquet.ParquetFile(source, read_dictionary=strings)
        _check_size(file.metadata, len(names), path, os.fstat(source.fileno()).st_size)
        yield names, _read_rows(file, names, path)


def _read_rows(file: _Arrow, names: list[str], path: Path) -> Iterator[Record]:
    row = 0
    for batch in file.iter_batches(_BATCH, columns=names, use_threads=False):
        batch.validate(full=True)
        found = batch.schema.names
        columns = [_to_cells(column, name, path) for name, column in zip(found, batch.columns, strict=True)]
        for cells in zip(*columns, strict=True):
            row += 1
            yield row, dict(zip(found, cells, strict=True))


def require_pyarrow(path: Path) -> None:
    """Say what Parquet needs.

    Raises:
        DataError: if pyarrow is not installed.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise DataError(f"{path}: Parquet needs pyarrow: pip install acclimate[train]")


@contextmanager
def _named_faults(path: Path) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except DataError:
        raise
    # Of Arrow's errors some are errors of the system, of memory, of a key or of a value.
    except (pa.ArrowException, OSError, KeyError, ValueError, OverflowError, NotImplementedError) as error:
        (found, *_) = str(error).splitlines() or [type(error).__name__]
        raise DataError(f"{path}: expected Parquet, but found: {found[:300]}") from error


def _check_contents(start: bytes, path: Path) -> None:
    if not start.startswith(b"PAR1") and (found := describe_contents(start)) is not None:
        raise DataError(f"{path}: expected Parquet, but its content is {found}.")


def _check_size(metadata: _Arrow, columns: int, path: Path, file_size: int) -> None:
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    rows = max(metadata.num_rows, sum(group.num_rows for group in groups))
    if rows > MAX_ROWS:
        raise DataError(f"{path}: expected at most {MAX_ROWS:,} rows, but found {rows:,}: divide the table.")
    if rows * columns > FREE_CELLS + CELLS_A_BYTE * file_size:
        raise DataError(
            f"{path}: expected no more cells than a file of {file_size:,} bytes can tell apart, but found {rows:,} "
            f"rows of {columns} columns."
        )
    # Not asked of each column: of damaged ones pyarrow ends the process.
    size = sum(group.total_byte_size for group in groups)
    if size > MAX_BYTES:
        raise DataError(
            f"{path}: expected at most {MAX_BYTES:,} bytes when it is unpacked, but found {size:,}: divide the table."
        )


def _to_cells(column: _Arrow, name: str, path: Path) -> list[str | None]:
    from pyarrow import types

    if types.is_dictionary(column.type):
        values = _to_cells(column.dictionary, name, path)
        return [None if index is None else values[index] for index in column.indices.to_pylist()]
    if types.is_null(column.type):
        return [None] * len(column)
    texts = _to_texts(column)
    found = str(column.type)[:60] if texts is None else _find_unwritable(texts, column.type)
    if texts is None or found:
        raise DataError(f"{path}, {name[:40]!r}: a cell must be text or a number, but found {found}.")
    for text in texts:
        if text is not None and ("\0" in text or len(text) > MAX_CELL):
            fault = "a byte of zero" if "\0" in text else f"{len(text):,} characters"
            raise DataError(
                f"{path}, {name[:40]!r}: expected text of at most {MAX_CELL:,} characters, but found {fault}."
            )
    return [None if text is None else clean(text) for text in texts]


def _find_unwritable(texts: Iterable[str | None], kind: _Arrow) -> str:
    """A value that has no text, in words; an empty one if there is none."""
    from pyarrow import types

    if types.is_floating(kind):
        return "infinity" if any(text in {"inf", "-inf"} for text in texts) else ""
    if types.is_temporal(kind):
        # What no calendar has, Arrow writes as `<value out of range: ...>`.
        return next((f"a date that is none: {text[:60]}" for text in texts if text and text.startswith("<")), "")
    return ""


def _to_texts(column: _Arrow) -> list[str | None] | None:
    """Values as text, an empty one for a float that is not a number; None if they are of a kind that has none."""
    from pyarrow import types

    kind = column.type
    texts: list[str | None]
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        texts = column.to_pylist()
    elif types.is_floating(kind):
        # In the fewest digits that give the same number again in as many bits.
        numbers = column.to_numpy(zero_copy_only=False)
        texts = [None if number != number else str(number) for number in numbers]  # noqa: PLR0124 - NaN
    elif types.is_integer(kind) or types.is_boolean(kind):
        texts = [None if value is None else str(value) for value in column.to_pylist()]
    elif types.is_decimal(kind):
        texts = [None if value is None else f"{value:f}" for value in column.to_pylist()]
    elif types.is_date(kind) or types.is_time(kind) or types.is_timestamp(kind):
        # Without pandas, Python knows no nanoseconds.
        texts = [text and _NO_FRACTION.sub("", text) for text in column.cast("string").to_pylist()]
    else:
        return None
    return texts
