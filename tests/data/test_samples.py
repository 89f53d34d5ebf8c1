"""Preprocessed samples, and batches of them in numpy."""

import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs
import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import Samples, Schema, Table, read_cell, read_table, stack
from bits import assert_same_bits

from .data_files import CLASSES, write_sound, write_text


@pytest.fixture
def schema(table: Table) -> Schema:
    """What its source says."""
    return Schema.fit(table.select("lab", "train"))


def test_a_sample_is_its_row_preprocessed(table: Table, schema: Schema) -> None:
    samples = Samples(table, schema, labelled=True)
    sample = samples[6]
    row = table.rows[6]
    assert (sample.id, sample.domain, sample.index) == ("row6", "lab", 6)
    assert sample.labels == {"label": CLASSES.index(str(row.labels["label"]))}
    assert sample.present.tolist() == [True, True, False]
    assert list(sample.inputs) == ["image", "signal", "speech"]
    for name in ("image", "signal"):
        decoded = read_cell(str(row.cells[name]), table.root)
        assert_same_bits(sample.inputs[name], schema.preprocessing[name](decoded))
    assert_same_bits(sample.inputs["speech"], np.zeros(schema.preprocessing["speech"].shape, np.float32))


def test_samples_are_a_sequence(table: Table, schema: Schema) -> None:
    samples = Samples(table, schema, labelled=False)
    assert len(samples) == len(table)
    assert samples[-1].id == "row23"
    assert [sample.id for sample in samples[2:6:2]] == ["row2", "row4"]
    assert [sample.index for sample in samples] == list(range(24))
    with pytest.raises(IndexError):
        samples[24]


class Secret(Mapping[str, str | None]):
    """Labels that nobody may look at."""

    def __getitem__(self, key: str) -> str | None:
        raise AssertionError(key)

    def __iter__(self) -> Iterator[str]:
        raise AssertionError

    def __len__(self) -> int:
        raise AssertionError


def test_labels_of_an_unlabelled_data_set_are_never_read(table: Table, schema: Schema) -> None:
    secret = table.with_rows(attrs.evolve(row, labels=Secret()) for row in table.rows)
    samples = Samples(secret, schema, labelled=False)
    assert all(sample.labels is None for sample in samples)
    assert stack(samples[:3]).labels is None
    assert all(row.labels == {} for row in samples.table.rows)
    with pytest.raises(AssertionError):
        Samples(secret, schema, labelled=True)


def test_a_batch_stacks_samples(table: Table, schema: Schema) -> None:
    samples = Samples(table, schema, labelled=True)
    arrays = stack([samples[4], samples[6], samples[0]])
    assert len(arrays) == 3
    assert (arrays.ids, arrays.domains, arrays.index.tolist()) == (("row4", "row6", "row0"), ("lab",) * 3, [4, 6, 0])
    assert arrays.present.tolist() == [[False, True, True], [True, True, False], [True, True, True]]
    for name in schema.modalities:
        assert arrays.inputs[name].dtype == np.float32
        assert_same_bits(arrays.inputs[name][1], samples[6].inputs[name])
    assert arrays.labels is not None
    assert arrays.labels["label"].dtype == np.int64
    expected = [CLASSES.index(str(table.rows[row].labels["label"])) for row in (4, 6, 0)]
    assert_same_bits(arrays.labels["label"], expected)


def test_rows_of_a_batch(table: Table, schema: Schema) -> None:
    samples = Samples(table, schema, labelled=True)
    part, expected = stack(samples[:6])[2:4], stack(samples[2:4])
    assert (part.ids, part.domains) == (expected.ids, expected.domains)
    assert_same_bits(part.index, expected.index)
    assert_same_bits(part.inputs["speech"], expected.inputs["speech"])
    empty = stack(samples[:1])[:0]
    assert (len(empty), empty.inputs["signal"].shape, empty.present.shape) == (0, (0, 3, 50), (0, 3))


def test_no_samples_make_no_batch() -> None:
    with pytest.raises(ValueError, match=r"^samples must be one or more, but got none\.$"):
        stack([])


def test_regression_targets_are_numbers(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", np.zeros(3))
    lines = ["a,x,train,1,a.wav", "b,x,train,-0.25,a.wav"]
    table = read_table(write_text(tmp_path / "table.csv", "id,domain,split,label,a", *lines))
    arrays = stack(Samples(table, Schema.fit(table), labelled=True)[:])
    assert arrays.labels is not None
    assert arrays.labels["label"].dtype == np.float32
    assert arrays.labels["label"].tolist() == pytest.approx([1.0, -0.25])


def test_files_are_read_late_and_once(table: Table, schema: Schema) -> None:
    samples = Samples(table, schema, labelled=False)
    first = samples[0]
    for path in table.root.glob("*.wav"):
        path.unlink()
    assert samples[0].inputs["speech"] is first.inputs["speech"]
    with pytest.raises(DataError) as error:
        samples[1]
    gone = table.root / "1.wav"
    assert str(error.value) == f"line 3, id 'row1', speech: 1.wav: expected a file, but found none at {gone}."


def test_samples_travel_to_other_processes(table: Table, schema: Schema) -> None:
    samples = Samples(table, schema, labelled=True)
    copy = pickle.loads(pickle.dumps(samples))  # noqa: S301
    assert_same_bits(copy[3].inputs["speech"], samples[3].inputs["speech"])
    assert copy[3].labels == samples[3].labels


def test_no_more_is_kept_than_allowed(table: Table, schema: Schema) -> None:
    inputs = Samples(table, schema, labelled=False)[0].inputs
    # Rows of arrays are there already.
    size = inputs["image"].nbytes + inputs["speech"].nbytes
    samples = Samples(table, schema, labelled=False, cache_bytes=2 * size + 1)
    first, again = ([sample.inputs["speech"] for sample in samples[:4]] for _ in range(2))
    assert [one is other for one, other in zip(first, again, strict=True)] == [True, True, False, False]


def test_a_label_that_the_source_lacks_is_named(table: Table, schema: Schema) -> None:
    strange = table.with_rows(attrs.evolve(row, labels={"label": "jump"}) for row in table.rows)
    with pytest.raises(DataError) as error:
        Samples(strange, schema, labelled=True)
    assert str(error.value) == (
        "line 2, id 'row0': task 'label': expected one of the source's classes 'nod', 'shake', 'wave', "
        "but found 'jump'."
    )
    assert Samples(strange, schema, labelled=False)[0].labels is None


def test_a_missing_label_is_named(table: Table, schema: Schema) -> None:
    for labels in ({"label": None}, {}):
        bare = table.with_rows(attrs.evolve(row, labels=labels) for row in table.rows)
        with pytest.raises(DataError) as error:
            Samples(bare, schema, labelled=True)
        assert str(error.value) == "line 2, id 'row0': task 'label': expected a label, but found an empty cell."


def test_a_row_without_the_schemas_modalities_is_named(table: Table, schema: Schema) -> None:
    smaller = Schema({"speech": schema.preprocessing["speech"]}, schema.tasks)
    with pytest.raises(DataError) as error:
        Samples(table, smaller, labelled=False)
    assert str(error.value) == "line 8, id 'row6': expected one of speech, but found none."


def test_a_table_may_lack_a_column(table: Table, schema: Schema) -> None:
    mute = table.with_rows(
        attrs.evolve(row, cells={name: cell for name, cell in row.cells.items() if name != "speech"})
        for row in table.rows
    )
    sample = Samples(mute, schema, labelled=False)[0]
    assert sample.present.tolist() == [True, True, False]
    assert not sample.inputs["speech"].any()
