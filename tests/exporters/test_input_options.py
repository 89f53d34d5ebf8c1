"""What is given to `acclimate predict` for modalities that may be called anything."""

import json
from pathlib import Path

import numpy as np
import pytest
from acclimate.exporters import Session, Text
from acclimate.exporters.input_options import OPTIONS, input_words, read_inputs
from acclimate.exporters.source import Source, decode_source
from acclimate.framework import AcclimateError, DataError

from acclimate.__main__ import main

from .conftest import Exported

NAMES = ("config", "help", "input", "input-text", "json", "left-arm", "left_arm", "out", "text", "text-b")


@pytest.mark.parametrize(
    ("words", "sources"),
    [
        (["--left-arm", "a", "b", "--left_arm=c"], {"left-arm": ["a", "b"], "left_arm": ["c"]}),
        (["--input", "left-arm=a", "json=b", "--input", "help=c"], {"help": ["c"], "json": ["b"], "left-arm": ["a"]}),
        (
            ["--input=input=a", "--input", "input-text=b", "--config", "c"],
            {"config": ["c"], "input": ["a"], "input-text": ["b"]},
        ),
        (["--text=-5 degrees", "--out", "-", "-x"], {"out": ["-", "-x"], "text": ["-5 degrees"]}),
        (["--text", "-- he said", "--text=--json"], {"text": ["-- he said", "--json"]}),
        (["--input", "text=-5", "text=--json=no", "text="], {"text": ["-5", "--json=no", ""]}),
        (["--text-b=x", "--text=b=x"], {"text": ["b=x"], "text-b": ["x"]}),
        (["--input-text", "text=a.txt", "--input-file", "text=a b"], {"text": [Text("a.txt"), Path("a b")]}),
    ],
)
def test_names_of_users_are_no_options(words: list[str], sources: dict[str, list[Source]]) -> None:
    given = read_inputs(["--json", *words, "--provider", "cpu"], NAMES)
    assert given.sources == sources
    for name, found in sources.items():
        assert list(map(type, given.sources[name])) == list(map(type, found))
    assert given.others == ["--json", "--provider", "cpu"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--text", "--json"], "--text must have at least one value, but has none"),
        (["--input"], "--input must have at least one value"),
        (["--input", "smell=x"], "--input takes NAME=VALUE, of config, .* but got 'smell=x'"),
        (["--input", "text"], "but got 'text'"),
    ],
)
def test_what_is_missing_is_named(words: list[str], message: str) -> None:
    with pytest.raises(AcclimateError, match=message):
        read_inputs(words, NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_told_is_what_is_taken(name: str) -> None:
    option, value = input_words(name, "FILE")
    assert option not in OPTIONS
    assert read_inputs([option, value], NAMES).sources == {name: ["FILE"]}


def test_a_file_is_given_in_either_form(
    recordings: Exported, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "move.npy", np.zeros((25, 2)))
    file = str(tmp_path / "move.npy")
    for words in (["--wrist-left", file], ["--input", f"wrist-left={file}"], [f"--input-file=wrist-left={file}"]):
        assert not main(["predict", str(recordings.folder), *words, "--json"])
        assert json.loads(capsys.readouterr().out)["modalities"] == ["wrist-left"]
    assert main(["predict", str(recordings.folder), f"--input-text=wrist-left={file}"]) == 2
    assert "expected a path or a numpy array, but got a text" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["predict", str(recordings.folder), "--help"])
    printed = capsys.readouterr().out
    assert "--wrist-left FILE" in printed
    assert "--input-text NAME=TEXT" in printed


def test_a_sentence_may_end_as_a_file_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "note.txt").write_text("a fine day")
    (tmp_path / "my note.txt").write_text("a sad day")
    expected: list[tuple[Source, str]] = [
        ("I deleted notes.txt", "I deleted notes.txt"),
        ("-5 degrees", "-5 degrees"),
        ("see a.npz:key[3]", "see a.npz:key[3]"),
        ("x" * 300 + " y.txt", "x" * 300 + " y.txt"),
        ("note.txt", "a fine day"),
        ("my note.txt", "a sad day"),
        (Path("note.txt"), "a fine day"),
        (Text("note.txt"), "note.txt"),
        (Text("notes.txt"), "notes.txt"),
    ]
    for source, value in expected:
        assert decode_source(source, takes_text=True).value == value
    for source in ("notes.txt", "x" * 300 + ".txt"):
        with pytest.raises(DataError, match=r"expected a file, but found none; a text of that form is given as Text"):
            decode_source(source, takes_text=True)
    with pytest.raises(DataError, match="expected a file"):
        decode_source(Path("I deleted notes.txt"), takes_text=True)


def test_a_text_is_no_file(recordings: Exported) -> None:
    with pytest.raises(DataError, match="audio: expected a path or a numpy array, but got a text"):
        Session(recordings.folder).predict({"audio": Text("a.wav")})
