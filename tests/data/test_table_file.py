"""Tables from CSV, Parquet and JSON lines."""

import importlib.util
from pathlib import Path

import attrs
import pyarrow as pa
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import Table, name_unwritten, read_table, scan_table, write_table
from pyarrow import parquet

from .data_files import UNREADABLE, write_multimodal_table, write_text

HEAD = "id,domain,split,label,audio,image"


def test_columns_and_cells(tmp_path: Path) -> None:
    table = read_table(
        write_text(
            tmp_path / "table.csv",
            "\ufeffid,domain,split,label.verb,label.noun,group,meta.age,watch,audio",
            'a,lab,train,cut,,p1,40,a.npy," a.wav "',
            "",
            'b, street ,test,"fry,\nboil",pan,,,b.npy,',
        )
    )
    first, second = table.rows
    assert (table.modalities, table.tasks, table.root, table.text) == (
        ("audio", "watch"),
        ("verb", "noun"),
        tmp_path,
        frozenset(),
    )
    assert (first.line, first.id, first.domain, first.split, first.group) == (2, "a", "lab", "train", "p1")
    assert (first.labels, first.cells) == ({"verb": "cut", "noun": None}, {"audio": "a.wav", "watch": "a.npy"})
    assert (second.line, second.domain, second.group) == (5, "street", None)
    assert (second.labels["verb"], second.cells["audio"], second.present) == ("fry,\nboil", None, ("watch",))


def test_a_column_without_paths_is_text(tmp_path: Path) -> None:
    table = read_table(
        write_text(
            tmp_path / "table.csv",
            "id,domain,split,audio,said",
            "a,x,train,a.wav,a fine day",
            "b,x,test,,see b.txt",
            "c,x,test,,no",
        )
    )
    assert table.text == {"said"}
    assert table.select("x", "test").text == {"said"}
    assert table.with_rows(table.rows[1:2]).text == {"said"}


def unnumbered(table: Table) -> list[object]:
    """Rows without the numbers of their lines."""
    return [attrs.evolve(row, line=0) for row in table.rows]


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet", ".CSV"])
@pytest.mark.parametrize("group", [None, "kitchen"])
def test_a_table_survives_writing_and_reading(tmp_path: Path, suffix: str, group: str | None) -> None:
    table = read_table(write_multimodal_table(tmp_path))
    table = table.with_rows(attrs.evolve(row, group=group) for row in table.rows)
    write_table(table, tmp_path / f"copy{suffix}")
    copy = read_table(tmp_path / f"copy{suffix}")
    assert unnumbered(copy) == unnumbered(table)
    assert attrs.evolve(copy, rows=()) == attrs.evolve(table, rows=())


def test_json_lines_may_leave_cells_out_and_have_numbers(tmp_path: Path) -> None:
    lines = ['{"id": 7, "domain": "x", "split": "train", "label": 1.5, "audio": "a.wav"}', ""]
    lines += ['{"id": "b", "domain": "x", "split": "train", "label": null, "image": "b\u2028.png"}']
    table = read_table(write_text(tmp_path / "table.jsonl", *lines))
    assert [row.id for row in table.rows] == ["7", "b"]
    assert [row.line for row in table.rows] == [1, 3]
    assert [row.labels["label"] for row in table.rows] == ["1.5", None]
    assert [row.present for row in table.rows] == [("audio",), ("image",)]


def test_parquet_may_have_numbers_and_missing_ones(tmp_path: Path) -> None:
    columns = {
        "id": [1, 2],
        "domain": ["x", "x"],
        "split": ["train", "train"],
        "label": [0.5, float("nan")],
        "audio": ["a.wav", "b.wav"],
    }
    parquet.write_table(pa.table(columns), tmp_path / "table.parquet")
    table = read_table(tmp_path / "table.parquet")
    assert [(row.line, row.id, row.labels["label"]) for row in table.rows] == [(1, "1", "0.5"), (2, "2", None)]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], ": a table must have at least one row, but this one is empty."),
        ([HEAD], ": a table must have at least one row, but this one is empty."),
        (
            ["id,split,audio", "a,train,a.wav"],
            ": columns must include id, domain, split, but there is no 'domain', but 'id', 'split', 'audio'.",
        ),
        (
            ["id,domain,split,label,meta.x,group", "a,x,train,1,2,3"],
            ": columns must include a modality, but all of them are reserved names.",
        ),
        (["id,domain,split,a,a", "a,x,train,a.wav,"], ": columns must have different names, but got 'a' twice."),
        (
            ["id,domain,split,label,label.label,a", "a,x,train,1,1,a.wav"],
            ": columns 'label' and 'label.label' are the same task.",
        ),
        ([HEAD, "a,x,train,1,a.wav"], ", line 2: expected 6 cells, but found 5."),
        ([HEAD, "a,x,train,1,a.wav,,"], ", line 2: expected 6 cells, but found 7."),
        ([HEAD, 'a,x,train,1,"a.wav,'], ", line 2: expected CSV, but found: a quote that is not closed."),
        (
            [HEAD, "a,x,train,1,a.wav,", "b,x,train,1,,"],
            ", line 3, id 'b': expected at least one of audio, image, but found no modality.",
        ),
        (
            [HEAD, "a,x,train,1,a.wav,", "b,,train,1,b.wav,"],
            ", line 3, id 'b': expected a cell in column 'domain', but found it empty.",
        ),
        ([HEAD, " ,x,train,1,a.wav,"], ", line 2: expected a cell in column 'id', but found it empty."),
        (
            [HEAD, "a,x,train,1,a.wav,", "b,x,train,1,b.wav,", "a,x,test,1,c.wav,"],
            ", line 4, id 'a': expected an id of its own, but found it in line 2 too.",
        ),
        (
            [HEAD, "a,x,,1,a.wav,", "b,x,train,1,,", "c,x,train,1,c.wav,"],
            ", line 2, id 'a': expected a cell in column 'split', but found it empty. (the first of 2 such rows)",
        ),
    ],
)
def test_a_table_that_breaks_a_rule_is_refused(tmp_path: Path, lines: list[str], message: str) -> None:
    path = write_text(tmp_path / "table.csv", *lines)
    with pytest.raises(DataError) as error:
        read_table(path)
    assert str(error.value) == f"{path}{message}"


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("my audio", "my audio"),
        ("a.b", "a.b"),
        ("2d", "2d"),
        ("joint", "joint"),
        ("label.present", "present"),
        ("label.", ""),
    ],
)
def test_names_that_cannot_be_used_are_refused(tmp_path: Path, column: str, name: str) -> None:
    path = write_text(tmp_path / "table.csv", f"id,domain,split,audio,{column}", "a,x,train,a.wav,")
    with pytest.raises(DataError) as error:
        read_table(path)
    assert str(error.value) == (
        f"{path}: a modality or task is named by letters, digits, '_' and '-', does not start with a digit and is none "
        f"of joint, logits, present, but got {name!r}."
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "table.csv",
            b"id,domain\n\xff",
            (
                ", line 2: expected text in UTF-8, but found byte 0xff, which stands for a letter in older encodings, "
                "such as Windows-1252: save it as UTF-8."
            ),
        ),
        (
            "table.jsonl",
            b'{"id": 1',
            ", line 1: expected a JSON object in one line, but found: Expecting ',' delimiter.",
        ),
        ("table.jsonl", b"\n[1]", ", line 2: expected a JSON object in one line, but found '[1]'."),
        ("table.jsonl", b'{"id": [1]}', ", line 1, 'id': a cell must be text or a number, but found a list."),
        (
            "table.xlsx",
            b"",
            (
                ": a table's name must end in .csv, .tsv, .jsonl, .parquet, but got '.xlsx'; save the sheet as CSV in "
                "UTF-8."
            ),
        ),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError) as error:
        read_table(path)
    assert str(error.value) == f"{path}{message}"


@pytest.mark.skipif(not UNREADABLE.exists(), reason="this system has no file that even root cannot read")
def test_a_table_that_the_system_does_not_give(tmp_path: Path) -> None:
    (tmp_path / "table.csv").symlink_to(UNREADABLE)
    with pytest.raises(DataError) as error:
        read_table(tmp_path / "table.csv")
    assert str(error.value) == f"{tmp_path}/table.csv: expected a file that can be read, but found: Input/output error."


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        read_table(tmp_path / "gone.csv")
    assert str(error.value) == f"{tmp_path}/gone.csv: expected a file, but found none."


def test_a_damaged_parquet_file_is_one_line(tmp_path: Path) -> None:
    path = write_text(tmp_path / "table.parquet", "text")
    with pytest.raises(DataError, match=r"^[^\n]+table\.parquet: expected Parquet, but found: [^\n]+$"):
        read_table(path)


def test_parquet_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_text(tmp_path / "table.parquet", "text")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(DataError) as error:
        read_table(path)
    assert str(error.value) == f"{path}: Parquet needs pyarrow: pip install acclimate[train]"


def test_a_table_is_written_to_known_kinds_only(tmp_path: Path) -> None:
    table = read_table(write_multimodal_table(tmp_path))
    with pytest.raises(DataError) as error:
        write_table(table, tmp_path / "copy.xlsx")
    assert (
        str(error.value)
        == f"{tmp_path}/copy.xlsx: a table's name must end in .csv, .tsv, .jsonl or .parquet, but got '.xlsx'."
    )


def test_what_no_file_can_hold_is_named() -> None:
    table = Table([], ".", ["speech"], ["mood", "verb"], kinds={"mood": "regression"}, classes={"verb": ("a", "b")})
    assert list(name_unwritten(table)) == [
        "a file cannot say what task 'mood' is: give --task mood=regression with it",
        (
            "a file cannot name the 2 classes of task 'verb': with it, a model knows those alone that the source's "
            "training rows have"
        ),
    ]
    assert list(name_unwritten(attrs.evolve(table, kinds={}, classes={}))) == []


def test_a_scan_keeps_the_good_rows(tmp_path: Path) -> None:
    table, problems = scan_table(
        write_text(
            tmp_path / "table.csv",
            HEAD,
            "a,x,train,1,a.wav,",
            "a,x,train,1,b.wav,",
            "c,x,train,1,,",
            "d,x,train,1,d.wav,",
        )
    )
    assert [row.id for row in table.rows] == ["a", "d"]
    assert [(problem.line, problem.id) for problem in problems] == [(3, "a"), (4, "c")]
