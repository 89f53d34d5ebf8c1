"""MSP-IMPROV on a made-up tree."""

from collections import Counter
from pathlib import Path

import pytest
from acclimate.framework import DataError
from acclimate.framework.data import open_table, read_cell

from .trees import write_array, write_sound, write_text

TURNS = (("S01A", "P", "FM01", "A"), ("S01A", "R", "FF02", "H"), ("S02N", "S", "MF03", "N"), ("S20S", "T", "FM04", "S"))


def turn_name(session: int, sentence: str, scenario: str, number: str) -> str:
    """A turn's name behind the corpus's."""
    return f"{sentence}-{'FM'[session % 2]}0{session}-{scenario}-{number}"


def write_corpus(root: Path, sound: str, texts: str) -> list[str]:
    """Six sessions of four turns, and one in each that is of no class; the first turn has no transcription."""
    lines = []
    for session in range(1, 7):
        for sentence, scenario, number, emotion in (*TURNS, ("S01A", "P", "FM09", "X")):
            name = turn_name(session, sentence, scenario, number)
            lines += [f"UTD-IMPROV-{name}.avi; {emotion}; A:2.400000; V:3.000000; D:NaN ; N:4.200000;"]
            lines += ["w-1; Neutral; Neutral,Concerned; A:2.000000; V:3.000000; D:NaN; N:4.000000;", ""]
            write_sound(root / f"{sound}session{session}/{sentence}/{scenario}/MSP-IMPROV-{name}.wav")
            if emotion != "A":
                write_text(root / texts / f"MSP-IMPROV-{name}.txt", f"How can I not {number}?")
    return lines


@pytest.fixture
def root(data: Path) -> Path:
    """The corpus, as it comes."""
    root = data / "MSP-IMPROV"
    write_text(root / "Evaluation.txt", *write_corpus(root, "Audio/", "All_human_transcriptions"))
    return root


@pytest.mark.usefixtures("root")
def test_turns_of_four_emotions() -> None:
    table = open_table("msp-improv")
    assert (table.modalities, table.text) == (("audio", "text"), {"text"})
    assert Counter(row.labels["label"] for row in table.rows) == {"angry": 6, "happy": 6, "neutral": 6, "sad": 6}
    row = table.rows[1]
    assert (row.id, row.group, row.line) == ("MSP-IMPROV-S01A-M01-R-FF02", "session1/S01A/R", 4)
    assert row.cells["text"] == "How can I not FF02?"
    assert read_cell(str(row.cells["audio"]), table.root).array().shape == (160,)
    assert [row.cells["text"] is None for row in table.rows[:4]] == [True, False, False, False]


@pytest.mark.usefixtures("root")
def test_halves_are_even_and_the_last_session_is_tested_on() -> None:
    table = open_table("msp-improv")
    assert Counter((row.domain, row.split) for row in table.rows) == {
        ("source", "train"): 10,
        ("target", "train"): 10,
        ("source", "test"): 2,
        ("target", "test"): 2,
    }
    assert all((row.split == "test") == ("-F06-" in row.id) for row in table.rows)


def test_the_other_packing_is_read_alike(data: Path, root: Path) -> None:
    expected = open_table("msp-improv")
    other = data / "other" / "MSP-IMPROV"
    lines = write_corpus(other, "", "Human_transcriptions/All_human_transcriptions/session1")
    write_text(other / "Evalution.txt", *lines)
    root.rename(data / "first")
    other.rename(root)
    found = open_table("msp-improv")
    assert [(row.id, row.domain, row.cells["text"]) for row in found.rows] == [
        (row.id, row.domain, row.cells["text"]) for row in expected.rows
    ]
    assert str(found.rows[0].cells["audio"]).startswith("session1/")


def test_features_of_the_faces_are_a_modality_if_they_are_there(root: Path) -> None:
    write_array(root / "video_features" / "MSP-IMPROV-S01A-M01-R-FF02.npy", 5, 4)
    table = open_table("msp-improv")
    assert [row.id for row in table.rows if row.cells["video"]] == ["MSP-IMPROV-S01A-M01-R-FF02"]


def test_no_evaluation(root: Path) -> None:
    (root / "Evaluation.txt").unlink()
    with pytest.raises(DataError) as error:
        open_table("msp-improv")
    assert str(error.value).startswith(f"{root}: expected Evaluation.txt or Evalution.txt, but found neither. ")


def test_no_transcriptions(root: Path) -> None:
    for path in (root / "All_human_transcriptions").iterdir():
        path.unlink()
    with pytest.raises(DataError, match=r"All_human_transcriptions: expected one file MSP-IMPROV-\.\.\.txt a turn"):
        open_table("msp-improv")


def test_a_missing_sound_is_named_with_its_row(root: Path) -> None:
    name = "Audio/session3/S02N/S/MSP-IMPROV-S02N-M03-S-MF03.wav"
    (root / name).unlink()
    with pytest.raises(DataError) as error:
        open_table("msp-improv")
    assert str(error.value) == (
        f"{root}/Evaluation.txt, line 37, id 'MSP-IMPROV-S02N-M03-S-MF03', audio: expected a file, but found none at "
        f"{root / name}."
    )


@pytest.mark.parametrize(
    "line",
    [
        "UTD-IMPROV-S01A-F01-P-FM01.avi, A, A:2.4",
        "UTD-IMPROV-S01A-F09-P-FM01.avi; A; A:2.4; V:3.0; D:NaN ; N:4.2;",
        "UTD-IMPROV-S01A-F01-Q-FM01.avi; A; A:2.4; V:3.0; D:NaN ; N:4.2;",
    ],
)
def test_an_evaluation_of_another_form(root: Path, line: str) -> None:
    write_text(root / "Evaluation.txt", line)
    with pytest.raises(DataError) as error:
        open_table("msp-improv")
    assert str(error.value).startswith(
        f"{root}/Evaluation.txt, line 1: expected 'UTD-IMPROV-S01A-F01-P-FM01.avi; A; ...'"
    )
    assert line in str(error.value)


def test_an_evaluation_without_turns(root: Path) -> None:
    write_text(root / "Evaluation.txt", "w-1; Neutral;")
    with pytest.raises(DataError, match=r"expected lines 'UTD-IMPROV-\.\.\.avi; A; \.\.\.', but found none"):
        open_table("msp-improv")
