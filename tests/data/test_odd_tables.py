"""Tables as other programs and people write them: read where the meaning is certain, else told what is wrong."""

import base64
import datetime as dt
import json
import os
import re
import time
import zlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import Table, read_table, write_table
from acclimate.framework.data.records.long_cells import MAX_CELL
from acclimate.framework.data.row import Row
from pyarrow import parquet

TEXT = "id,domain,split,label,said\na,x,train,gut,ein Tag\nb,y,test,böse,kein Tag\n"
CELLS = [("a", "x", "train", "gut", "ein Tag"), ("b", "y", "test", "böse", "kein Tag")]


def write(path: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
    return path


def cells(path: Path) -> list[tuple[str | None, ...]]:
    rows = read_table(path).rows
    return [(row.id, row.domain, row.split, row.labels["label"], row.cells["said"]) for row in rows]


def refuse(path: Path) -> str:
    with pytest.raises(DataError) as error:
        read_table(path)
    message = str(error.value)
    assert "\n" not in message
    assert len(message) < 1000
    assert message.startswith(str(path))
    return message.removeprefix(str(path))


@pytest.mark.parametrize(
    "content",
    [
        TEXT.replace(",", ";"),
        TEXT.replace(",", "\t"),
        TEXT.replace(",", "|"),
        "sep=;\n" + TEXT.replace(",", ";"),
        '\ufeff"sep=|"\r\n' + TEXT.replace(",", "|"),
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("\n", "\r"),
        "\ufeff\ufeff" + TEXT,
        "\n \r\n" + TEXT,
        TEXT.replace("domain", '"domain"').replace("split", " split "),
        TEXT.replace("domain", "\ufeffdomain"),
        TEXT.replace("\n", ",\n"),
        TEXT.replace("\n", ",,, ,\n"),
        TEXT.replace("said\n", "said,,\n"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_what_is_certain_is_read(tmp_path: Path, content: str, encoding: str) -> None:
    assert cells(write(tmp_path / "table.csv", content, encoding)) == CELLS


def test_cells_between_tabs_are_read_by_their_name(tmp_path: Path) -> None:
    assert cells(write(tmp_path / "table.tsv", TEXT.replace(",", "\t"))) == CELLS
    assert cells(write(tmp_path / "table.TSV", TEXT.replace(",", ";"))) == CELLS


def test_lines_are_counted_from_the_first(tmp_path: Path) -> None:
    path = write(tmp_path / "table.csv", "\nsep=;\n" + TEXT.replace(",", ";"))
    assert [row.line for row in read_table(path).rows] == [4, 5]
    assert refuse(write(path, path.read_bytes() + b"\nc;x")) == ", line 7: expected 5 cells, but found 2."


def test_a_long_sentence_is_a_cell(tmp_path: Path) -> None:
    said = "word " * 60_000
    assert cells(write(tmp_path / "table.csv", TEXT.replace("ein Tag", said)))[0][-1] == said.strip()


LONG = "x" * (MAX_CELL + 1)
HEAD = "id,domain,split,label,said\n"
ROW = '{"id": "a", "domain": "x", "split": "train", "label": '


FAULTY: list[tuple[str, str | bytes, str]] = [
    ("a.csv", TEXT.encode("cp1252"), ", line 3: expected text in UTF-8, but found byte 0xf6, which stands for"),
    ("a.csv", TEXT.encode("utf-16-le"), "in UTF-16 without a mark of byte order; save it as UTF-8."),
    ("a.csv", TEXT.encode("utf-16")[:-1], ": expected text in UTF-16, as its first bytes say, but found"),
    ("a.csv", (HEAD + "a,x,train,1,a\0b\n").encode("utf-16"), ", line 2: expected text, but found a byte of zero"),
    ("a.csv", HEAD + "a,x,train,1,a\0b\n", ", line 2: expected text, but found a byte of zero"),
    ("a.csv", f"{HEAD}a,x,train,1,{LONG}\n", ", line 2: expected CSV, but found: a cell of more than"),
    (
        "a.csv",
        f'{HEAD}a,x,train,1,ok\n"b,x,train,1,{"ok " * MAX_CELL}\n',
        f", line 3: expected CSV, but found: a cell of more than {MAX_CELL:,} characters, or a quote",
    ),
    ("a.csv", HEAD + 'a,x,train,1,"a" b\n', "line 2: expected CSV, but found: text behind a closing quote"),
    ("a.csv", TEXT + TEXT, ", line 4, id 'id': expected a sample, but found the header once more: were"),
    ("a.csv", TEXT + "\ufeff" + TEXT, "line 4, id '\\ufeffid': expected a sample, but found the header once more"),
    ("a.csv", f",{HEAD}0,a,x,train,1,a b\n", ": each column must have a name, but got '', as pandas writes its"),
    ("a.csv", f"Unnamed: 0,{HEAD}0,a,x,train,1,a b\n", "got 'Unnamed: 0', as pandas writes its index"),
    ("a.csv", HEAD + "a,x,train,1,b,c\n", ", line 2: expected 5 cells, but found 6."),
    ("a.csv", HEAD.strip() + ",\na,x,train,1,b,c\n", ", line 2: expected a name for column 6, where there is 'c'."),
    ("a.csv", TEXT.replace(",", ":"), "no 'id', but one column 'id:domain:split:label:said': are its cells"),
    ("a.csv", TEXT.replace("domain", "Domain"), "there is no 'domain', but 'Domain': call it 'domain'."),
    ("a.csv", TEXT.replace(",split", ', "split"'), "there is no 'split', but '\"split\"': call it 'split'."),
    ("a.csv", TEXT.replace("domain", "id"), ": columns must have different names, but got 'id' twice."),
    ("a.csv", b"PK\x03\x04\x14\0", ": expected text, but its content is an archive or a sheet of a spreadsheet"),
    ("a.csv", b"<!DOCTYPE html>\n<html>", ": expected text, but its content is a page of the web"),
    ("a.csv", b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS in place of the file"),
    ("a.jsonl", b"\x80\x04\x95abc", "a pickle: convert it with acclimate data convert."),
    ("a.parquet", b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS in place of the file"),
    ("a.json", b"[]", "got '.json'; write an object a line, and call it .jsonl."),
    ("a.csv.gz", b"", "got '.gz'; unpack it."),
    ("a.pkl", b"", "got '.pkl'; convert it with: acclimate data convert."),
    ("a.jsonl", "[" * 200_000, ", line 1: expected a JSON object in one line, but found it nested too deeply."),
    ("a.jsonl", '{"a":' * 200_000, ", line 1: expected a JSON object in one line, but found it nested too deeply."),
    ("a.jsonl", ROW + '"\\ud800"}', ", line 1, 'label': expected text, but found '\\ud800', which"),
    ("a.jsonl", ROW + '1, "x\\udc00": 1}', ", line 1, 'x\\udc00': expected text, but found 'x\\udc00', which no"),
    ("a.jsonl", ROW + '1, "said": "\\u0000"}', ", line 1, 'said': expected text, but found '\\x00', which no file"),
    ("a.jsonl", ROW + '1, "label": 2}', ", line 1: expected each key once, but found 'label' twice."),
    ("a.jsonl", ROW + "Infinity}", ", line 1, 'label': a cell must be text or a number, but found Infinity."),
    ("a.jsonl", ROW + "[1]}", ", line 1, 'label': a cell must be text or a number, but found a list."),
    ("a.jsonl", ROW + '{"a": 1}}', ", line 1, 'label': a cell must be text or a number, but found an object."),
    ("a.jsonl", f'{ROW}"{LONG}"}}', f"'label': a cell must be text or a number, but found {MAX_CELL + 1:,}"),
    ("a.jsonl", '[{"id": 1}]', ", line 1: expected a JSON object in one line, but found '[{\"id\": 1}]'."),
    ("a.jsonl", '{\n "id": 1\n}', ", line 1: expected a JSON object in one line, but found: Expecting"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "message"), FAULTY, ids=[f"{number} {message}" for number, (*_, message) in enumerate(FAULTY)]
)
def test_what_is_not_is_named(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    assert message in refuse(write(tmp_path / name, content))


def test_numbers_of_json_stay_as_they_are_written(tmp_path: Path) -> None:
    values = ["1.50", "1e3", "9" * 5000, "-0", "NaN", "true", "null", '" \\u00e9 "']
    lines = [
        f'{{"id": {n}, "domain": 1, "split": "train", "label": {value}, "said": "a b"}}'
        for n, value in enumerate(values)
    ]
    labels = [row.labels["label"] for row in read_table(write(tmp_path / "table.jsonl", "\r\n".join(lines))).rows]
    assert labels == ["1.50", "1e3", "9" * 5000, "-0", None, "True", None, "\u00e9"]


IGNORED: list[Any] = [
    pa.array([[1], [2]]),
    pa.array([{"a": 1}, None]),
    pa.array([dt.time(1), None]),
    pa.array([b"\xff", None]),
    pa.array([Decimal("1.5"), None]),
    pa.array([dt.timedelta(1), None]),
]


def write_parquet(path: Path, **columns: Any) -> Path:  # noqa: ANN401 - whatever arrow takes
    table = {"id": ["a", "b"], "domain": ["x", "x"], "split": ["train", "test"], "label": ["u", "v"], **columns}
    parquet.write_table(pa.table(table), path)
    return path


@pytest.mark.parametrize("column", IGNORED, ids=[str(column.type) for column in IGNORED])
def test_columns_that_are_ignored_are_not_looked_at(tmp_path: Path, column: Any) -> None:  # noqa: ANN401
    path = write_parquet(tmp_path / "a.parquet", said=["a b", "c d"], **{"meta.x": column})
    assert [row.cells for row in read_table(path).rows] == [{"said": "a b"}, {"said": "c d"}]
    lines = [
        json.dumps({"id": "a", "domain": "x", "split": "train", "said": "a b", "meta.x": value}) for value in ([1], {})
    ]
    lines[1] = lines[1].replace('"a"', '"b"', 1).replace("{}", '{"a": Infinity, "a": "\\ud800"}')
    assert len(read_table(write(tmp_path / "a.jsonl", "\n".join(lines)))) == 2


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        (pa.array(["u", None]).dictionary_encode(), ["u", None]),
        (pa.array([7, 8], pa.int64()).dictionary_encode(), ["7", "8"]),
        (pa.array([2**63, None], pa.uint64()), [str(2**63), None]),
        (pa.array([1.0, None]), ["1.0", None]),
        (pa.array([0.1, float("nan")], pa.float32()), ["0.1", None]),
        (pa.array(np.array([0.1, 1.0], np.float16)), ["0.1", "1.0"]),
        (pa.array([Decimal("1.50"), Decimal("-2.25")]), ["1.50", "-2.25"]),
        (pa.array([True, None]), ["True", None]),
        (pa.array([dt.date(2020, 1, 31), None]), ["2020-01-31", None]),
        (pa.array([1_580_443_506, None], pa.timestamp("s")), ["2020-01-31 04:05:06", None]),
        (pa.array([1_580_443_506_000_000_007, None], pa.timestamp("ns")), ["2020-01-31 04:05:06.000000007", None]),
        (pa.array([dt.time(4, 5), None]), ["04:05:00", None]),
        (pa.nulls(2), [None, None]),
        (pa.array([" u ", ""], pa.large_string()), ["u", None]),
    ],
)  # fmt: skip
def test_values_of_parquet_become_text_where_they_have_one(tmp_path: Path, label: Any, expected: list[str]) -> None:  # noqa: ANN401
    path = write_parquet(tmp_path / "a.parquet", label=label, said=["a b", "c d"])
    assert [row.labels["label"] for row in read_table(path).rows] == expected


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (pa.array([[1], [2]]), ", 'label': a cell must be text or a number, but found list<"),
        (pa.array([{"a": 1}, None]), ", 'label': a cell must be text or a number, but found struct<"),
        (pa.array([b"x", None]), ", 'label': a cell must be text or a number, but found binary."),
        (
            pa.array([2**63 - 1, 1], pa.timestamp("us")),
            ", 'label': a cell must be text or a number, but found a date that is none: <value out of range",
        ),
        (
            pa.array([2**31 - 1, 1], pa.date32()),
            ", 'label': a cell must be text or a number, but found a date that is none: <value out of range",
        ),
        (pa.array([float("inf"), 1]), ", 'label': a cell must be text or a number, but found infinity."),
        (pa.array(["a\0b", "c"]), ", 'label': expected text of at most 1,048,576 characters, but found a byte"),
        (pa.array([LONG, "c"]), ", 'label': expected text of at most 1,048,576 characters, but found 1,048,577"),
    ],
)  # fmt: skip
def test_values_of_parquet_that_have_no_text_are_named(tmp_path: Path, label: Any, message: str) -> None:  # noqa: ANN401
    path = write_parquet(tmp_path / "a.parquet", label=label, said=["a b", "c d"])
    assert message in refuse(path)


def test_a_name_that_is_too_long_for_files_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", f"id,domain,split,label,{300 * 'm'}\na,b,train,c,d e\n".encode())
    assert ": a modality or task is named by at most 100 characters, but got 300: 'mmm" in refuse(path)


def test_parquet_that_is_damaged_or_too_large_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_parquet(tmp_path / "a.parquet", said=["a b", "c d"])
    content = path.read_bytes()
    for damaged in (content[:-20], content[:4] + content[40:], b"PAR1", content[:-8] + b"\xff\xff\xff\x7fPAR1"):
        assert ": expected Parquet, but found: " in refuse(write(path, damaged))
    monkeypatch.setattr("acclimate.framework.data.records.parquet.MAX_ROWS", 1)
    assert refuse(write(path, content)) == ": expected at most 1 rows, but found 2: divide the table."
    monkeypatch.undo()
    monkeypatch.setattr("acclimate.framework.data.records.parquet.MAX_BYTES", 9)
    assert ": expected at most 9 bytes when it is unpacked, but found " in refuse(path)


def test_names_of_parquet_that_stand_twice(tmp_path: Path) -> None:
    arrays = [pa.array([text]) for text in "axts"]
    parquet.write_table(
        pa.table([*arrays, arrays[0]], ["id", "domain", "split", "said", "said"]), tmp_path / "a.parquet"
    )
    assert refuse(tmp_path / "a.parquet") == ": columns must have different names, but got 'said' twice."


def test_many_columns_take_no_long_time(tmp_path: Path) -> None:
    ignored = ",".join(f"meta.{number}" for number in range(50_000))
    path = write(tmp_path / "a.csv", f"id,domain,split,said,{ignored}\na,x,train,a b{',' * 50_000}\n")
    began = time.process_time()
    assert read_table(path).modalities == ("said",)
    # Where each name is compared with each other, this takes minutes.
    assert time.process_time() - began < 10


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_features_one_a_column_are_no_modalities(tmp_path: Path, suffix: str) -> None:
    names = ["id", "domain", "split", *(f"m{number}" for number in range(1000))]
    lines = [json.dumps(dict.fromkeys(names, 1))] if suffix == ".jsonl" else [",".join(names), ",".join("1" * 1003)]
    message = ": every other column is a modality, of which there may be 64, but got 1,000, such as 'm0': put features"
    assert message in refuse(write(tmp_path / f"a{suffix}", "\n".join(lines)))


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("kind", ["folder", "pipe", "hole", "long", "device"])
def test_what_is_no_file_of_a_table_is_one_line(tmp_path: Path, suffix: str, kind: str) -> None:
    path = tmp_path / f"{'x' * 300 if kind == 'long' else 'table'}{suffix}"
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "hole":
            with path.open("wb") as file:
                file.truncate(2**38)
    assert refuse(path).startswith((": expected ", ", line 1: expected text, but found a byte of zero"))


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_odd_cells_survive_writing_and_reading(tmp_path: Path, suffix: str) -> None:
    odd = [
        "a\rb",
        "a\nb",
        "a\r\nb",
        'a "b" c',
        "a,b;c\td|e",
        "'a b",
        "a\u2028b",
        "# a",
        "=1 + 2",
        "sep=;",
        "\u00e9 \N{GRINNING FACE}",
        '"',
        "0 1",
    ]
    rows = [Row(0, cell, cell, cell, {"label": cell}, {"said": cell, "x": None}, cell) for cell in odd]
    write_table(Table(rows, tmp_path, ["said", "x"], ["label"]), tmp_path / f"odd{suffix}")
    found = read_table(tmp_path / f"odd{suffix}").rows
    assert [(row.id, row.domain, row.split, row.labels["label"], row.cells["said"], row.group) for row in found] == [
        (cell,) * 6 for cell in odd
    ]


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_half_a_character_is_not_written(tmp_path: Path, suffix: str) -> None:
    table = Table([Row(0, "a", "x", "train", {}, {"said": "a \udcff b"})], tmp_path, ["said"], [])
    with pytest.raises(DataError, match=r"^[^\n]+: expected text, but found '.*\\udcff', which no file can hold\.$"):
        write_table(table, tmp_path / f"odd{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_parquet_that_promises_more_cells_than_it_can_hold_is_refused(tmp_path: Path) -> None:
    rows = 2_000_000
    columns = {name: pa.repeat("a", rows).dictionary_encode() for name in ("id", "domain", "split", "label", "said")}
    parquet.write_table(pa.table(columns), tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").stat().st_size < 40_000
    message = (
        r"expected no more cells than a file of [\d,]+ bytes can tell apart, but found 2,000,000 rows of 5 columns\."
    )
    assert re.search(message, refuse(tmp_path / "a.parquet"))


def test_tasks_are_not_without_number(tmp_path: Path) -> None:
    names = ["id", "domain", "split", "said", *(f"label.t{number}" for number in range(65))]
    path = write(tmp_path / "a.csv", ",".join(names) + "\na,x,train,a b" + "," * 65 + "\n")
    assert refuse(path) == ": a table may have 64 tasks, but got 65 columns label.<task>."


def test_messages_name_what_they_can_and_count_the_rest(tmp_path: Path) -> None:
    lines = [f"{'x' * 300}{number},{'d' * 300}{number},train,1,a b" for number in range(100)]
    path = write(tmp_path / "a.csv", HEAD + "\n".join(lines))
    with pytest.raises(DataError) as error:
        read_table(path).select("nowhere")
    assert str(error.value).endswith("(100 in all), but got 'nowhere'.")
    assert len(str(error.value)) < 10_000
    assert len(refuse(write(path, HEAD + lines[0] + "\n" + lines[0]))) < 400


DAMAGED: str = (
    "c-n=Mv2MaJ6h)sMV==IRWXnbwyd+{MQK?j>EZrGUN5tYlq(&-`CMo3$`T_lv&i%MPr&a1wq)N$+W8d@qeC6fc{Y-"
    "!`!dwZ411@+thY86PvBMz%P<$C7sMbk#$$V1ebY?!af}TVqzs$X+vc+DpCa)Wh>7lkO%nfi2iLn@aD4hh>WXeg$1tf5dnM^Rfz6HhW%|pJkq7P"
    "yaQALYw1d9+Y?JwURcDTdO)JXN}^08=q6RT}UNv1=+h#?dM9dXdEpukzVlB>9%dO7J3+XO)&MTYAb+%Y`xd+QF)QZKjv;IAfI_9&0>2TA|t=+z"
    "iqs?i>+EwPsC_?@O_d3ro|JazHP*Fdtkj~|$r(pFE;c{AOV<<wTy;l&*DsxA(Db2Cq_lbLprbq~DZ1z6(c`UEIJRkr"
)
"""Of four columns; the count of values of the third one is damaged, for which pyarrow 26 ends the process if asked."""


def test_damage_that_libraries_do_not_survive(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", zlib.decompress(base64.b85decode(DAMAGED)))
    assert ": expected Parquet, but found: " in refuse(path)
