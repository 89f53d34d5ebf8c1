"""A recipe may say whether a column's cells are texts or files; a schema remembers it."""

import csv
from pathlib import Path

import pytest
from acclimate.framework import DataError
from acclimate.framework.data import Samples, Schema, Table, find_bad_rows, find_misfits, read_table
from acclimate.framework.data.check import check_table

SENTENCES = ("open a.txt", "I deleted notes.txt", "see b.wav", "a fine day")
TEXT = {"said": {"cells": "text"}}


def write(folder: Path, cells: tuple[str, ...], name: str = "t.csv") -> Table:
    with (folder / name).open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "domain", "split", "label", "said"])
        for number in range(24):
            cell = cells[number % len(cells)]
            rows.writerow([number, "AB"[number % 2], "train", "xy"[number // 6 % 2], cell])
    return read_table(folder / name)


@pytest.fixture
def sentences(tmp_path: Path) -> Table:
    """Most of them end as files do, so that the column looks like one of files."""
    table = write(tmp_path, SENTENCES)
    assert not table.text
    return table


def test_sentences_that_end_as_files_do_are_texts_where_a_recipe_says_so(sentences: Table) -> None:
    with pytest.raises(DataError, match="expected a file, but found none"):
        Schema.fit(sentences)
    assert check_table(sentences, ["A"]).problems
    assert check_table(sentences, ["A"], TEXT, target="B").problems == ()
    assert check_table(sentences, None, TEXT).problems == ()
    assert find_bad_rows(sentences, [], TEXT) == ()
    schema = Schema.fit(sentences, TEXT)
    assert schema.preprocessing["said"].kind == "text"


def test_a_schema_remembers_it(sentences: Table) -> None:
    schema = Schema.fit(sentences, TEXT)
    read = Schema.from_config(schema.to_config())
    assert read == schema
    assert list(find_misfits(sentences, read)) == []
    assert len(list(Samples(sentences, read, labelled=True))) == 24
    plain = Schema.fit(sentences, {"said": {"cells": "text", "kind": "text"}}).to_config()
    assert plain == schema.to_config()


def test_what_is_not_said_is_not_stored(tmp_path: Path) -> None:
    schema = Schema.fit(write(tmp_path, ("a fine day", "no day")))
    assert "cells" not in str(schema.to_config())


def test_files_are_files_where_a_recipe_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a fine day")
    table = write(tmp_path, ("a.txt", "b b", "c c"))
    assert table.text == {"said"}
    (problem, *others) = check_table(table, None, {"said": {"cells": "file"}}).problems
    assert "expected a file that ends in" in str(problem)
    assert len(others) == 15
    good = table.with_rows(row for row in table.rows if row.cells["said"] == "a.txt")
    samples = Samples(good, Schema.fit(good, {"said": {"cells": "file"}}), labelled=False)
    assert [int(samples[0].inputs["said"][0])] == [int(samples[1].inputs["said"][0])]


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ({"cells": "path"}, "said: cells must be one of text, file, but got 'path'"),
        ({"cells": 3}, "said: cells must be one of text, file, but got 3"),
        ({"cells": "text", "kind": "audio"}, "said: where cells are text, kind must be text, but is 'audio'"),
    ],
)
def test_a_mistake_is_one_line(sentences: Table, known: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Schema.fit(sentences, {"said": known})
