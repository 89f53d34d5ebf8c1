"""Rows of arrays are gathered a batch at a time: the same bits, and the same errors, as one by one."""

from collections.abc import Mapping
from pathlib import Path

import attrs
import numpy as np
import pytest
from acclimate.framework.data import (
    FeaturesPreprocessing,
    Samples,
    Schema,
    SequencePreprocessing,
    SignalPreprocessing,
    Table,
    read_table,
    reading,
    samples as samples_module,
)
from acclimate.framework.data.arrays import Arrays, stack
from acclimate.framework.data.preprocessing import Preprocessing
from acclimate.framework.errors import DataError
from acclimate.framework.layout import Task
from bits import assert_same_bits, same_bits

from .data_files import write_text

ROWS = 8
PARTS: Mapping[str, Preprocessing] = {
    "long": SignalPreprocessing(length=3, mean=[0.5, -0.5], std=[2.0, 3.0]),
    "mono": SignalPreprocessing(length=9, mean=[0.1], std=[0.3]),
    "video": SequencePreprocessing(steps=6, mean=[0.0, 1.0, 2.0], std=[1.0, 0.7, 2.0]),
    "words": FeaturesPreprocessing(mean=[0.1, 0.2, 0.3, 0.4], std=[0.3, 1.0, 3.0, 7.0]),
}
SCHEMA = Schema(PARTS, (Task("label", ("no", "yes")), Task("mood")))


@pytest.fixture
def arrays(tmp_path: Path) -> dict[str, np.ndarray]:
    """By key, what `write` puts into `a.npz` and, for two of the rows, into `b.npz`."""
    generator = np.random.default_rng(0)
    shapes = {"long": (5, 2), "mono": (7,), "video": (4, 3), "words": (4,)}
    return {name: generator.normal(size=(ROWS, *shape)) for name, shape in shapes.items()}


def write(
    folder: Path, arrays: Mapping[str, np.ndarray], changes: Mapping[tuple[str, int], str] | None = None
) -> Table:
    """Rows in another order than the arrays have, each of which lacks a modality now and then."""
    np.savez(folder / "a.npz", **arrays)
    np.savez(folder / "b.npz", **{name: values[::-1].astype(np.float32) for name, values in arrays.items()})
    lines = ["id,domain,split,label,label.mood," + ",".join(arrays)]
    for row in range(ROWS):
        cells = []
        for column, name in enumerate(arrays):
            cell = "" if row % 5 == column else f"{'ab'[row % 4 == 3]}.npz:{name}[{(3 * row) % ROWS}]"
            cells.append((changes or {}).get((name, row), cell))
        lines.append(f"{row},{'xy'[row % 2]},train,{['no', 'yes'][row % 3 == 0]},{row / 7},{','.join(cells)}")
    return read_table(write_text(folder / "t.csv", *lines))


def assert_same(found: Arrays, expected: Arrays) -> None:
    assert attrs.asdict(found).keys() == attrs.asdict(expected).keys()
    assert (found.ids, found.domains) == (expected.ids, expected.domains)
    for name in ("present", "index"):
        assert_same_bits(getattr(found, name), getattr(expected, name))
    for name in ("inputs", "lengths", "labels"):
        one, other = getattr(found, name) or {}, getattr(expected, name) or {}
        assert list(one) == list(other)
        for key, values in one.items():
            assert_same_bits(values, other[key])


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("positions", [[0], [6, 1, 6, 3], list(range(ROWS)), [4]])
def test_a_batch_is_its_samples(
    positions: list[int], *, labelled: bool, arrays: dict[str, np.ndarray], tmp_path: Path
) -> None:
    samples = Samples(write(tmp_path, arrays), SCHEMA, labelled=labelled)
    assert_same(samples.batch(positions), stack([samples[position] for position in positions]))


def test_a_batch_reads_no_cell(arrays: dict[str, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = Samples(write(tmp_path, arrays), SCHEMA, labelled=True)
    expected = stack(samples[:])
    monkeypatch.setattr(samples_module, "read_modality", None)
    assert_same(samples.batch(range(ROWS)), expected)


def test_what_are_files_is_read_once_and_what_are_rows_is_gathered(
    arrays: dict[str, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "w.npy", arrays["words"][0])
    table = write(tmp_path, arrays, {("words", 2): "w.npy"})
    samples = Samples(table, SCHEMA, labelled=True)
    expected = stack(samples[:])
    read: list[str] = []

    def note(table: Table, row: object, modality: str) -> object:
        read.append(modality)
        return reading.read_modality(table, row, modality)

    monkeypatch.setattr(samples_module, "read_modality", note)
    again = Samples(table, SCHEMA, labelled=True)
    for _ in range(2):
        assert_same(again.batch(range(ROWS)), expected)
    assert read == ["words"] * ROWS


def test_files_whose_names_are_spelt_otherwise_are_gathered_too(
    arrays: dict[str, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, arrays)
    (tmp_path / "r\N{LATIN SMALL LETTER E WITH ACUTE}").mkdir()
    (tmp_path / "a.npz").rename(tmp_path / "r\N{LATIN SMALL LETTER E WITH ACUTE}/a.npz")
    lines = ["id,domain,split,label,label.mood,words"]
    lines += [f"{row},x,train,no,0,re\N{COMBINING ACUTE ACCENT}\\a.npz:words[{row}]" for row in range(ROWS)]
    schema = Schema({"words": PARTS["words"]}, SCHEMA.tasks)
    samples = Samples(read_table(write_text(tmp_path / "t.csv", *lines)), schema, labelled=True)
    expected = stack(samples[:])
    monkeypatch.setattr(samples_module, "read_modality", None)
    assert_same(samples.batch(range(ROWS)), expected)


@pytest.mark.parametrize(
    ("modality", "cell", "message"),
    [
        ("words", "a.npz:words[8]", "line 4, id '2', words: a.npz:words[8]: expected a row below 8, but found 8."),
        ("words", "a.npz:words[99999999999999999999]", "expected a row below 8, but found 99999999999999999999."),
        ("words", "c.npz:words[1]", "line 4, id '2', words: c.npz:words[1]: expected a file, but found none at"),
        ("mono", "a.npz:words[1]", None),
        ("mono", "a.npz:video[1]", "line 4, id '2', mono: a.npz:video[1]: expected 1 channels, but found 3."),
        ("words", "a.npz:wide[1]", "expected one of the keys long, mono, video, words, but found 'wide'."),
    ],
)
def test_errors_name_row_and_cell(
    modality: str, cell: str, message: str | None, arrays: dict[str, np.ndarray], tmp_path: Path
) -> None:
    samples = Samples(write(tmp_path, arrays, {(modality, 2): cell}), SCHEMA, labelled=True)
    samples.batch([0, 1, 3])
    if message is None:
        assert_same(samples.batch([1, 2]), stack(samples[1:3]))
        return
    with pytest.raises(DataError) as error:
        samples.batch([1, 2, 3])
    assert message in str(error.value)


def test_a_number_that_is_not_finite_is_named_by_its_row(arrays: dict[str, np.ndarray], tmp_path: Path) -> None:
    table = write(tmp_path, arrays)
    (row,) = {int(str(one.cells["words"])[12:-1]) for one in table.rows if one.id == "5"}
    arrays["words"][row, 1] = np.nan
    np.savez(tmp_path / "a.npz", **arrays)
    samples = Samples(table, SCHEMA, labelled=True)
    with pytest.raises(DataError, match=r"line 7, id '5', words: .*expected finite numbers, but found nan"):
        samples.batch(range(4, ROWS))


def test_rows_that_are_spoilt_on_purpose_are(arrays: dict[str, np.ndarray], tmp_path: Path) -> None:
    table = write(tmp_path, arrays)
    spoilt = table.with_rows(
        attrs.evolve(row, corruptions={"words": "gaussian_noise(std=1.0)"} if row.id == "1" else {})
        for row in table.rows
    )
    samples = Samples(spoilt, SCHEMA, labelled=False)
    plain = Samples(table, SCHEMA, labelled=False).batch([1, 3])
    assert_same(samples.batch([1, 3]), stack([samples[1], samples[3]]))
    assert not same_bits(samples.batch([1, 3]).inputs["words"][0], plain.inputs["words"][0])


def test_an_array_that_changes_is_read_again(arrays: dict[str, np.ndarray], tmp_path: Path) -> None:
    table = write(tmp_path, arrays)
    samples = Samples(table, SCHEMA, labelled=False)
    samples.batch(range(ROWS))
    np.savez(tmp_path / "a.npz", **{name: np.concatenate([values, values]) for name, values in arrays.items()})
    assert_same(samples.batch(range(ROWS)), stack(Samples(table, SCHEMA, labelled=False)[:]))
