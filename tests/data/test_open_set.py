"""Rows of classes that a model does not know are left out of scores, and counted."""

from collections.abc import Sequence
from pathlib import Path

import attrs
import numpy as np
import pytest
from acclimate.framework import DataError, Task
from acclimate.framework.data import FeaturesPreprocessing, Row, Samples, Schema, Table, keep_known
from acclimate.framework.data.label_encoding import UNKNOWN_CLASS

LABEL = Task("label", ("nod", "wave"))


def make_table(*labels: str | None, task: str = "label", others: Sequence[str] = ()) -> Table:
    """A row for each label; `others` are those of a second task."""
    rows = [
        Row(line, str(line), "lab", "test", {task: label, **({"mood": others[line]} if others else {})}, {"x": "x.npy"})
        for line, label in enumerate(labels)
    ]
    return Table(rows, ".", ["x"], [task, *(["mood"] if others else [])])


def test_rows_of_unknown_classes_are_counted_by_class() -> None:
    known, left_out = keep_known(make_table("nod", "run 10", "wave", "nap", "run 9", "nap"), [LABEL])
    assert [row.id for row in known.rows] == ["0", "2"]
    assert left_out.to_json() == {"rows": 4, "of": 6, "classes": {"label": {"nap": 2, "run 9": 1, "run 10": 1}}}
    assert str(left_out) == (
        "left out 4 of 6 rows, of classes that the model does not know: 'nap' (2), 'run 9' (1), 'run 10' (1)"
    )
    assert list(left_out.classes["label"]) == ["nap", "run 9", "run 10"]


def test_nothing_is_left_out_where_all_is_known() -> None:
    table = make_table("nod", None, "wave")
    known, left_out = keep_known(table, [LABEL])
    assert known is table
    assert not left_out
    assert left_out.to_json() == {"rows": 0, "of": 3, "classes": {}}


def test_a_row_is_known_by_all_of_its_tasks() -> None:
    table = make_table("nod", "nap", "wave", "nap", others=("good", "good", "odd", "odd"))
    known, left_out = keep_known(table, [LABEL, Task("mood", ("bad", "good"))])
    assert [row.id for row in known.rows] == ["0"]
    assert (left_out.rows, left_out.name_classes()) == (3, "label 'nap' (2), mood 'odd' (2)")


def test_numbers_are_all_known() -> None:
    known, left_out = keep_known(make_table("1.5", "7"), [Task("label")])
    assert len(known) == 2
    assert not left_out


def test_a_table_of_unknown_classes_alone_is_refused() -> None:
    with pytest.raises(DataError, match=r"\(label: 'nod', 'wave'\), but all 2 are of others: 'nap' \(2\)\.$"):
        keep_known(make_table("nap", "nap"), [LABEL])


def test_samples_know_an_unknown_class_where_they_are_told_to(tmp_path: Path) -> None:
    schema = Schema({"x": FeaturesPreprocessing(mean=[0.0], std=[1.0])}, [LABEL])
    with pytest.raises(DataError, match="expected one of the source's classes 'nod', 'wave', but found 'nap'"):
        Samples(make_table("nod", "nap"), schema, labelled=True)
    np.save(tmp_path / "x.npy", np.zeros(1, np.float32))
    table = attrs.evolve(make_table("wave", "nap"), root=tmp_path)
    samples = Samples(table, schema, labelled=True, unknown_classes=True)
    assert [sample.labels for sample in samples] == [{"label": 1}, {"label": UNKNOWN_CLASS}]
    with pytest.raises(DataError, match="empty cell"):
        Samples(make_table("nod", None), schema, labelled=True, unknown_classes=True)
