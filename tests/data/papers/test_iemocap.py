"""IEMOCAP on a made-up tree."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
from acclimate.framework import DataError
from acclimate.framework.data import default_domains, open_table, read_cell

from .trees import SAMPLING_RATE, write_array, write_sound, write_text

WORDS = ("neu", "hap", "exc", "sad", "ang", "fru", "xxx", "neu")


@pytest.fixture
def root(data: Path) -> Path:
    """Five sessions of one dialogue with eight utterances; two are of no class, and one has no transcription."""
    root = data / "IEMOCAP_full_release"
    for session in range(1, 6):
        dialogue = f"Ses0{session}F_impro01"
        evaluation = ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]", ""]
        transcription = []
        for number, word in enumerate(WORDS):
            name = f"{dialogue}_F{number:03d}"
            evaluation += [
                f"[{number}.2901 - {number}.9357]\t{name}\t{word}\t[2.5000, 2.5000, 2.5000]",
                "C-E2:\tNeutral;\t()",
                "A-E3:\tval 3; act 2; dom  2;\t()",
                "",
            ]
            if number < 7:
                transcription += [f"{name} [00{number}.2901-00{number}.9357]: Excuse me {number}.", "M: [LAUGHTER]"]
            write_sound(root / f"Session{session}/sentences/wav/{dialogue}/{name}.wav")
        write_text(root / f"Session{session}/dialog/EmoEvaluation/{dialogue}.txt", *evaluation)
        write_text(root / f"Session{session}/dialog/EmoEvaluation/._{dialogue}.txt", "left by another system")
        write_text(root / f"Session{session}/dialog/EmoEvaluation/Categorical/{dialogue}_e1_cat.txt", "a vote")
        write_text(root / f"Session{session}/dialog/transcriptions/{dialogue}.txt", *transcription)
    return root


@pytest.mark.usefixtures("root")
def test_utterances_of_four_emotions() -> None:
    table = open_table("iemocap")
    assert (table.modalities, table.text, table.tasks) == (("audio", "text"), {"text"}, ("label",))
    assert Counter(row.labels["label"] for row in table.rows) == {"neutral": 10, "happy": 10, "sad": 5, "angry": 5}
    first = table.rows[0]
    assert (first.line, first.id, first.group) == (3, "Ses01F_impro01_F000", "Ses01F_impro01")
    assert first.cells["text"] == "Excuse me 0."
    assert read_cell(str(first.cells["audio"]), table.root).sampling_rate == SAMPLING_RATE
    assert {row.id for row in table.rows if row.cells["text"] is None} == {
        f"Ses0{session}F_impro01_F007" for session in range(1, 6)
    }


@pytest.mark.usefixtures("root")
def test_halves_are_even_and_the_last_session_is_tested_on() -> None:
    table = open_table("iemocap")
    assert Counter((row.domain, row.split) for row in table.rows) == {
        ("source", "train"): 12,
        ("target", "train"): 12,
        ("source", "test"): 3,
        ("target", "test"): 3,
    }
    assert {row.split for row in table.rows if row.id.startswith("Ses05")} == {"test"}
    assert set(default_domains("iemocap")) == set(table.domains)
    assert open_table("iemocap") == table
    assert open_table("iemocap", seed=1) != table


def test_features_of_the_faces_are_a_modality_if_they_are_there(root: Path) -> None:
    write_array(root / "video_features" / "Ses01F_impro01_F000.npy", 5, 4)
    table = open_table("iemocap")
    assert table.modalities == ("audio", "text", "video")
    assert [row.id for row in table.rows if row.cells["video"]] == ["Ses01F_impro01_F000"]
    assert read_cell(str(table.rows[0].cells["video"]), table.root).array().shape == (5, 4)


def test_no_folder(data: Path) -> None:
    with pytest.raises(DataError) as error:
        open_table("iemocap")
    assert str(error.value) == (
        f"{data}/IEMOCAP_full_release: expected the folder of IEMOCAP, but found none: set ACCLIMATE_DATA to the "
        "folder that holds IEMOCAP_full_release/. The files come from https://sail.usc.edu/iemocap; docs/datasets.md "
        "shows the layout."
    )


def test_a_missing_session(root: Path) -> None:
    shutil.rmtree(root / "Session4")
    with pytest.raises(DataError, match="did not find Session4/dialog/EmoEvaluation, Session4/dialog/transcriptions"):
        open_table("iemocap")


def test_a_missing_sound_is_named_with_its_row(root: Path) -> None:
    name = "Session2/sentences/wav/Ses02F_impro01/Ses02F_impro01_F003.wav"
    (root / name).unlink()
    with pytest.raises(DataError) as error:
        open_table("iemocap")
    assert str(error.value) == (
        f"{root}, line 15, id 'Ses02F_impro01_F003', audio: expected a file, but found none at {root / name}."
    )


def test_a_missing_transcription(root: Path) -> None:
    path = root / "Session1/dialog/transcriptions/Ses01F_impro01.txt"
    path.unlink()
    with pytest.raises(DataError) as error:
        open_table("iemocap")
    assert str(error.value) == f"{path}: expected the transcription of a dialogue, but found no such file."


def test_no_evaluations(root: Path) -> None:
    (root / "Session3/dialog/EmoEvaluation/Ses03F_impro01.txt").unlink()
    with pytest.raises(DataError, match=r"Session3/dialog/EmoEvaluation: expected files Ses\*\.txt, but found none\."):
        open_table("iemocap")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[6.2901 - 8.2357] Ses01F_impro01_F000 neu", "line 1: expected [start - end], utterance, emotion"),
        ("Ses01F_impro01_F000;neu", "expected lines '[start - end] utterance emotion [...]', but found none."),
    ],
)
def test_annotations_of_another_form(root: Path, text: str, message: str) -> None:
    path = write_text(root / "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt", text)
    with pytest.raises(DataError) as error:
        open_table("iemocap")
    assert str(error.value).startswith(f"{path}")
    assert message in str(error.value)
