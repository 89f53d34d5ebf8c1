"""Rows that are columns: the same as rows by themselves, whatever their cells are, in little memory."""

import sys
import tracemalloc
from pathlib import Path

import attrs
import numpy as np
import pytest
from acclimate.framework.data import Row, Table, read_table, scan_table, write_table
from acclimate.framework.data.cell_builder import CellBuilder
from acclimate.framework.data.cell_columns import (
    CellColumn,
    NumberedCells,
    RepeatedCells,
    VariousCells,
    are_among,
    are_present,
    count_cells,
    find_examples,
)
from acclimate.framework.data.columnar_rows import ColumnarRows
from acclimate.framework.data.row_faults import find_faults
from bits import assert_same_bits

from .data_files import write_text

MANY = 6000
COLUMNS: dict[str, tuple[list[str | None], type[CellColumn]]] = {
    "few names": (["lab", None, "street", "lab"] * 3, RepeatedCells),
    "nothing": ([None] * 4, RepeatedCells),
    "rows of arrays": ([f"{'ab'[row % 2]}.npz:k[{row}]" if row % 7 else None for row in range(MANY)], NumberedCells),
    "files": ([f"{row}é.wav" if row % 5 else None for row in range(MANY)], VariousCells),
    "numbers with zeros before them": ([f"a.npz:k[{row:05d}]" for row in range(MANY)], VariousCells),
    "numbers that are too long": ([f"a.npz:k[{10**18 + row}]" for row in range(MANY)], VariousCells),
    "digits of other letters": (
        [f"a.npz:k[{row}\\u0661]".encode().decode("unicode_escape") for row in range(MANY)],
        VariousCells,
    ),
    "nothing before brackets": ([f"[{row}]" for row in range(MANY)], VariousCells),
    "an array for each row": ([f"{row}.npz:k[0]" for row in range(MANY)], VariousCells),
    "late text": ([*(f"a.npz:k[{row}]" for row in range(MANY)), "a sentence"], VariousCells),
    "late numbers": (["lab"] * 10 + [f"a.npz:k[{row}]" for row in range(MANY)], VariousCells),
}


def build(cells: list[str | None], piece: int) -> CellColumn:
    builder = CellBuilder()
    for start in range(0, len(cells), piece):
        builder.add(cells[start : start + piece])
    return builder.column()


@pytest.mark.parametrize("piece", [999, 10**6])
@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_is_its_cells(name: str, piece: int) -> None:
    cells, form = COLUMNS[name]
    column = build(cells, piece)
    assert type(column) is form
    assert len(column) == len(cells)
    assert list(column) == cells
    assert column[0] == cells[0]
    assert column[-1] == cells[-1]
    assert column[1:9:3] == cells[1:9:3]
    with pytest.raises(IndexError):
        column[len(cells)]


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_says_what_a_list_says(name: str) -> None:
    cells, _ = COLUMNS[name]
    column = build(cells, 999)
    assert_same_bits(are_present(column), are_present(cells))
    assert count_cells(column) == count_cells(cells)
    some = {cell for cell in cells[::3] if cell is not None}
    assert_same_bits(are_among(column, some), are_among(cells, some))
    assert sum(count for _, count in find_examples(column)) == sum(count for _, count in find_examples(cells))
    positions = np.random.default_rng(0).integers(len(cells), size=50)
    taken = column.take(positions)
    assert list(taken) == [cells[position] for position in positions]
    assert count_cells(taken) == count_cells([*taken])
    assert list(taken.take(np.array([3, 1]))) == [cells[positions[3]], cells[positions[1]]]


def write(folder: Path) -> Path:
    """A table of all that rows may hold."""
    lines = ["id,domain,split,label,label.mood,group,corrupt.image,audio,image"]
    for row in range(30):
        label, spoilt = ["", "yes", "no"][row % 3], ["", "gaussian_noise(std=0.1)"][row % 4 == 1]
        group = "" if row % 2 else f"g{row // 6}"
        cells = [f"{row}.wav" if row % 5 else "", f"i.npz:k[{row}]"]
        lines.append(
            f"r{row},{'ab'[row % 2]},{'train' if row < 20 else 'test'},{label},{row / 4},{group},{spoilt},"
            + ",".join(cells)
        )
    return write_text(folder / "t.csv", *lines)


def in_full(table: Table) -> Table:
    """The same, of rows that are there."""
    return table.with_rows([*table.rows])


def test_a_table_of_columns_is_one_of_rows(tmp_path: Path) -> None:
    table = read_table(write(tmp_path))
    plain = in_full(table)
    assert isinstance(table.rows, ColumnarRows)
    assert isinstance(plain.rows, tuple)
    assert table == plain
    assert plain == table
    assert table.rows[5] == plain.rows[5]
    assert [*table.rows[3:9:2]] == [*plain.rows[3:9:2]]
    assert (table.domains, table.splits, table.text) == (plain.domains, plain.splits, plain.text)
    assert [table.kind(task) for task in table.tasks] == [plain.kind(task) for task in plain.tasks]
    assert table.select("a", "train") == plain.select("a", "train")
    assert table.take([7, 7, 0]) == plain.take([7, 7, 0])
    assert table.without_labels() == plain.without_labels()
    assert table.without_labels().rows[0].labels == {}
    assert table.is_corrupted
    assert plain.is_corrupted
    assert not table.take([0, 4]).is_corrupted
    for name in ("id", "domain", "split", "group"):
        assert [*table.field(name)] == [*plain.field(name)]
    assert [*table.labels("mood")] == [*plain.labels("mood")]
    assert [*table.without_labels().labels("mood")] == [None] * 30
    assert_same_bits(table.present("audio"), plain.present("audio"))
    assert table != plain.take(range(29))


def test_rows_are_rows(tmp_path: Path) -> None:
    row = read_table(write(tmp_path)).rows[1]
    assert row == Row(
        3,
        "r1",
        "b",
        "train",
        {"label": "yes", "mood": "0.25"},
        {"audio": "1.wav", "image": "i.npz:k[1]"},
        corruptions={"image": "gaussian_noise(std=0.1)"},
    )


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    table = read_table(write(tmp_path))
    write_table(table, tmp_path / "again.csv")
    again = read_table(tmp_path / "again.csv")
    assert again == table


def test_the_first_fault_of_each_row_is_found(tmp_path: Path) -> None:
    table = read_table(write(tmp_path))
    rows = [*table.rows]
    assert isinstance(table.rows, ColumnarRows)
    assert find_faults(table.rows) == {}
    lines = (tmp_path / "t.csv").read_text().splitlines()
    lines[3] = "r2,,train,,,,,a.wav,"
    lines[5] = "r1,a,train,,,,,,"
    lines[7] = "r6,a,train,,,,,,"
    lines[9] = "r8,a,train,,,,nonsense,,b.png"
    lines[11] = "r1,a,train,,,,nonsense,,b.png"
    left, problems = scan_table(write_text(tmp_path / "bad.csv", *lines))
    assert [problem.line for problem in problems] == [4, 6, 8, 10, 12]
    said = [str(problem) for problem in problems]
    assert "column 'domain'" in said[0]
    assert "an id of its own, but found it in line 3 too" in said[1]
    assert "found no modality" in said[2]
    assert "nonsense" in said[3]
    assert "an id of its own, but found it in line 3 too" in said[4]
    assert [*left.rows] == [row for row in rows if row.line not in {4, 6, 8, 10, 12}]


def test_ids_that_stand_twice_are_found_among_many(tmp_path: Path) -> None:
    lines = [f"r{row % 5990},a,train,{row}.wav" for row in range(6000)]
    _, problems = scan_table(write_text(tmp_path / "t.csv", "id,domain,split,audio", *lines))
    assert [(problem.line, problem.id) for problem in problems] == [(5992 + row, f"r{row}") for row in range(10)]


def test_a_row_of_a_large_table_takes_few_bytes(tmp_path: Path) -> None:
    """Where nothing traces memory, a million rows of three arrays take .1 GB; a row by itself takes 1 to 2 kB."""
    rows = 40_000
    lines = [
        f"row{row},{'ab'[row % 2]},train,{row % 10},d.npz:x[{row}],d.npz:y[{row}],d.npz:z[{row}]" for row in range(rows)
    ]
    path = write_text(tmp_path / "t.csv", "id,domain,split,label,x,y,z", *lines)
    del lines
    tracemalloc.start()
    table = read_table(path)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 100 * rows
    assert sys.getsizeof(table.rows[0]) > 0


def test_a_row_may_be_changed_into_another_table(tmp_path: Path) -> None:
    table = read_table(write(tmp_path))
    renamed = table.with_rows(attrs.evolve(row, domain="c") for row in table.rows)
    assert renamed.domains == ("c",)
    assert renamed.text == table.text
