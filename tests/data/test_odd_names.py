"""Cells and files that are called otherwise than a table says, and cells that can be the name of no file."""

import zipfile
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import Row, Table, check_file, read_table
from acclimate.framework.data.file_names import find_file
from acclimate.framework.data.inline_text import find_stray_words
from acclimate.framework.data.reading import read_cell
from acclimate.framework.data.relocation import relocate

from acclimate.__main__ import main

from .data_files import write_sound, write_text, write_zip

ACCENTS = "Gruß é/Ñandú"
HEADER = "id,domain,split,label,audio"


def written(form: str, text: str) -> str:
    """A text with its accents composed (NFC) or taken apart (NFD)."""
    return normalize("NFC" if form == "NFC" else "NFD", text)


@pytest.mark.parametrize("here", ["NFC", "NFD"])
@pytest.mark.parametrize("told", ["NFC", "NFD"])
def test_accents_may_be_written_otherwise(tmp_path: Path, here: str, told: str) -> None:
    folder, name = written(here, ACCENTS).split("/")
    (tmp_path / folder).mkdir()
    write_sound(tmp_path / folder / f"{name}.wav", np.zeros(5))
    write_zip(tmp_path / f"{folder}.zip", {f"{name}.txt": b"inside"})
    told_folder, told_name = written(told, ACCENTS).split("/")
    assert read_cell(f"{told_folder}/{told_name}.wav", tmp_path).array().shape == (5,)
    assert read_cell(f"{told_folder}.zip!{told_name}.txt", tmp_path).value == "inside"
    assert find_file(tmp_path, f"{told_folder}/{told_name}.wav") == tmp_path / folder / f"{name}.wav"


def test_a_folder_and_its_file_may_differ_in_how_they_are_written(tmp_path: Path) -> None:
    folder = tmp_path / written("NFC", "é")
    folder.mkdir()
    write_text(folder / f"{written('NFD', 'é')}.txt", "a fine day")
    for form in ("NFC", "NFD"):
        assert read_cell(written(form, "é/é.txt"), tmp_path).value == "a fine day"


def test_the_name_that_is_there_is_taken(tmp_path: Path) -> None:
    for form in ("NFC", "NFD"):
        write_text(tmp_path / f"{written(form, 'é')}.txt", form)
    if len(list(tmp_path.iterdir())) < 2:
        pytest.skip("this file system takes both for one name")
    for form in ("NFC", "NFD"):
        assert read_cell(f"{written(form, 'é')}.txt", tmp_path).value == form


def test_backslashes_are_read_where_there_is_no_such_file(tmp_path: Path) -> None:
    (tmp_path / "audio" / "day").mkdir(parents=True)
    write_text(tmp_path / "audio" / "day" / "a.txt", "below")
    write_zip(tmp_path / "audio" / "a.zip", {"in/b.txt": b"inside", "in\\c.txt": b"odd"})
    assert read_cell(r"audio\day\a.txt", tmp_path).value == "below"
    assert read_cell(r".\audio\day/a.txt", tmp_path).value == "below"
    assert read_cell(r"audio\a.zip!in\b.txt", tmp_path).value == "inside"
    assert read_cell(r"audio\a.zip!in/c.txt", tmp_path).value == "odd"
    write_text(tmp_path / r"audio\day\a.txt", "odd")
    assert read_cell(r"audio\day\a.txt", tmp_path).value == "odd"
    assert read_cell("audio/day/a.txt", tmp_path).value == "below"


def test_names_in_an_archive_need_not_say_that_they_are_utf8(tmp_path: Path) -> None:
    name = written("NFD", "Gruß é.txt")
    content = bytearray(write_zip(tmp_path / "a.zip", {name: b"inside"}).read_bytes())
    # The flag that says so, of the member and of the list: macOS does not set it.
    for start in (6, content.index(b"PK\1\2") + 8):
        content[start + 1] &= ~0x08
    (tmp_path / "b.zip").write_bytes(content)
    assert zipfile.ZipFile(tmp_path / "b.zip").namelist() != [name]
    for form in ("NFC", "NFD"):
        assert read_cell(f"b.zip!{written(form, name)}", tmp_path).value == "inside"


def test_a_table_elsewhere_names_the_file_that_was_found(tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    write_sound(tmp_path / "audio" / "a.wav", np.zeros(5))
    table = read_table(write_text(tmp_path / "t.csv", HEADER, r"a,A,train,x,audio\a.wav"))
    moved = relocate(table, tmp_path / "audio")
    assert moved.rows[0].cells == {"audio": "a.wav"}


@pytest.mark.parametrize(
    "cell",
    [
        "a" * 300 + ".wav",
        "a/" * 3000 + "b.wav",
        "a\0b.wav",
        "a\ud800.wav",
        "~/a.wav",
        "https://there.org/a.wav",
        ".wav",
    ],
    ids=["long", "deep", "zero", "half", "home", "address", "bare"],
)
def test_what_can_be_no_file_is_one_line(tmp_path: Path, cell: str) -> None:
    with pytest.raises(DataError, match=r"expected a (file|path)") as error:
        read_cell(cell, tmp_path)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 1500


def test_a_name_that_is_too_long_is_left_out_with_its_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = []
    for row in range(12):
        write_sound(tmp_path / f"{row}.wav", np.random.default_rng(row).uniform(-0.5, 0.5, 300))
        rows.append(f"{row},{'ab'[row % 2]},train,{'xy'[row // 2 % 2]},{row}.wav")
    path = write_text(tmp_path / "t.csv", HEADER, *rows, f"long,a,train,x,{'a' * 300}.wav")
    [problem] = check_file(path).problems
    assert (problem.line, problem.id) == (14, "long")
    assert main(["data", "check", str(path), "--skip-bad", "--out", str(tmp_path / "good.csv")]) == 0
    assert len(read_table(tmp_path / "good.csv")) == 12
    assert "left out 1 row that cannot be used" in capsys.readouterr().out


def table_of(cells: list[str]) -> Table:
    """A column of these cells."""
    return Table(
        [Row(2 + row, str(row), "A", "train", {}, {"said": cell}) for row, cell in enumerate(cells)], ".", ["said"], []
    )


@pytest.mark.parametrize(
    "cells",
    [
        [f"recordings/of one participant/session {row}.xyz" for row in range(9)],
        [f"recordings/session_{row}/participant_with_a_long_name/0001" for row in range(9)],
        [f"https://there.org/recordings/of/a/participant/with/a/name/{row}" for row in range(9)],
        [f"{row:064x}" for row in range(9)],
    ],
    ids=["ending", "path", "address", "hash"],
)
def test_names_of_files_are_not_taken_for_sentences(cells: list[str]) -> None:
    table = table_of(cells)
    assert table.text == {"said"}
    problem = find_stray_words(table, "said")
    assert problem is not None
    assert "expected text of more than one word, or paths that end in .flac, " in str(problem)


@pytest.mark.parametrize("cell", ["clips/a long name of a film {}.mp4", "archive.npz:some/long/key/of/features[{}:35]"])
def test_files_that_are_not_read_are_no_text(cell: str, tmp_path: Path) -> None:
    table = table_of([cell.format(row) for row in range(9)])
    assert not table.text
    with pytest.raises(DataError, match=r"but found (\.mp4 \(a video: give its sound|a slice \(name one row)"):
        read_cell(cell.format(3), tmp_path)


def test_sentences_stay_sentences() -> None:
    said = ["I deleted notes.txt", "Ich habe Node.js", "see film.mp4", "no", "It ended.", "我们今天去看电影吧" * 6]
    table = table_of(said)
    assert table.text == {"said"}
    assert find_stray_words(table, "said") is None
    assert find_stray_words(table_of(["我们今天去看电影吧" * 6]), "said") is None
