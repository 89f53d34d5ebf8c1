"""What all readers of the papers' data sets share."""

from pathlib import Path

import pytest
from acclimate.framework import DataError
from acclimate.framework.data import Row, Table
from acclimate.framework.data.papers.layout import DataSetFolder, check_files, read_annotations

from .trees import write_text

FOLDER = DataSetFolder("The Set", "set", "https://example.org")


def test_annotations_are_read_by_column(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a.txt", "a&b&c", "1&&3", "", '"x&y"&2& 4 ')
    assert read_annotations(path, ("b", "a"), "&") == [
        (2, {"a": "1", "b": "", "c": "3"}),
        (4, {"a": "x&y", "b": "2", "c": "4"}),
    ]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a,c", "1,2"], "expected the columns a, b, but did not find b among a, c."),
        (["a,b"], "expected annotations below the header, but found none."),
        ([], "expected the columns a, b, but did not find a, b among nothing."),
        (["a,b", "1"], "line 2: expected 2 cells, but found 1."),
        (["a,b", '"1,2'], "line 2: expected CSV, but found: "),
        (["a,b", "\udcff,2"], "line 2: expected text in UTF-8, but found byte 0xff, "),
    ],
)
def test_annotations_that_cannot_be_read(tmp_path: Path, lines: list[str], message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
    with pytest.raises(DataError) as error:
        read_annotations(path, ("a", "b"))
    assert str(error.value).startswith(str(path))
    assert message in str(error.value)


def test_inline_text_and_missing_modalities_need_no_file(tmp_path: Path) -> None:
    write_text(tmp_path / "there.wav")
    row = Row(2, "x", "d", "train", {}, {"audio": "there.wav", "text": "no path at all", "video": None})
    table = Table([row], tmp_path, ("audio", "text", "video"), (), text={"text"})
    assert check_files(table, tmp_path / "list.csv") is table
    gone = Table([Row(2, "x", "d", "train", {}, {"text": "gone.txt"})], tmp_path, ("text",), ())
    with pytest.raises(DataError, match=r"list\.csv, line 2, id 'x', text: expected a file, but found none at .*\.txt"):
        check_files(gone, tmp_path / "list.csv")


def test_what_is_missing_is_listed_and_cut_short(data: Path) -> None:
    (data / "set").mkdir()
    (data / "set" / "there").mkdir()
    assert FOLDER.require("there") == data / "set"
    assert FOLDER.require_one("gone", "there") == "there"
    with pytest.raises(DataError) as error:
        FOLDER.require("there", *(f"gone{number}" for number in range(10)))
    assert str(error.value) == (
        f"{data}/set: expected there, gone0, gone1, gone2, gone3, gone4, gone5, gone6 and 3 more, but did not find "
        "gone0, gone1, gone2, gone3, gone4, gone5, gone6, gone7 and 2 more. The files come from https://example.org; "
        "docs/datasets.md shows the layout."
    )
