"""CogBeacon on a made-up tree."""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import Samples, Schema, check_table, open_table, paper_shifts, read_cell

from .trees import write_text

USERS = range(5)
ROUNDS = 3


def write_eeg(path: Path, *, bands: bool = True, seed: int = 0) -> Path:
    """One round, as the headset's recorder writes it: other tags stand between."""
    generator = np.random.default_rng(seed)
    lines = []
    for _ in range(4):
        tags = ["eeg", "Aa", "h", *(("d", "t", "a", "b", "g") if bands else ())]
        lines += [f"{tag} {' '.join(f'{value:.4f}' for value in generator.uniform(size=4))}" for tag in tags]
    return write_text(path, *lines)


def write_frame(path: Path, values: int = 140, seed: int = 0) -> Path:
    """One frame of the face."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, np.random.default_rng(seed).integers(0, 640, values))
    return path


@pytest.fixture
def root(data: Path) -> Path:
    """Five people in each version of the test: three rounds, the button pressed in the second one."""
    root = data / "CogBeacon"
    for user in USERS:
        for session in (f"user_{user}_v_m", f"user_{user}b_t_m", f"user_{user}_a_o"):
            for number in range(1, ROUNDS + 1):
                write_eeg(root / "eeg" / session / f"{number}_{number}", seed=user * 10 + number)
                for frame in range(2):
                    name = f"{number}_{number}_{frame}.npz"
                    write_frame(root / "face_keypoints" / session / name, seed=user + frame)
            write_text(root / "fatigue_self_report" / f"{session}.csv", "0", "1", "1")
    write_text(root / "eeg" / "__MACOSX" / "._1_1", "left by another system")
    return root


@pytest.mark.usefixtures("root")
def test_versions_are_domains_and_presses_are_labels() -> None:
    table = open_table("cogbeacon")
    assert Counter(row.domain for row in table.rows) == {"V1": 15, "V2": 15, "V3": 15}
    first = table.rows[:ROUNDS]
    assert [row.id for row in first] == [f"user_0_a_o/{number}" for number in (1, 2, 3)]
    assert [row.labels["label"] for row in first] == ["no_fatigue", "fatigue", "fatigue"]
    assert {row.domain for row in table.rows if "b_t_m" in row.id} == {"V2"}
    splits = {row.group: row.split for row in table.rows}
    assert Counter(splits.values()) == {"train": 4, "test": 1}
    assert all(splits[row.group] == row.split for row in table.rows)
    assert len(set(paper_shifts("cogbeacon"))) == 6


def test_features_are_those_of_the_papers_sizes(root: Path) -> None:
    table = open_table("cogbeacon")
    row = next(row for row in table.rows if row.id == "user_2_v_m/3")
    eeg, face = (read_cell(str(row.cells[name]), table.root).array() for name in ("eeg", "face"))
    assert (eeg.shape, face.shape) == ((24,), (280,))
    lines = (root / "eeg/user_2_v_m/3_3").read_text().splitlines()
    values = {
        tag: np.array([line.split()[1:] for line in lines if line.split()[0] == tag], float) for tag in ("eeg", "d")
    }
    np.testing.assert_allclose(eeg[:4], values["d"].mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(eeg[20:], values["eeg"].std(axis=0), rtol=1e-6)
    frames = [np.load(root / f"face_keypoints/user_2_v_m/3_3_{frame}.npz")["arr_0"] for frame in range(2)]
    np.testing.assert_allclose(face, np.concatenate([np.mean(frames, axis=0), np.std(frames, axis=0)]), rtol=1e-6)


@pytest.mark.usefixtures("root")
def test_it_can_be_trained_on() -> None:
    table = open_table("cogbeacon")
    assert check_table(table).problems == ()
    schema = Schema.fit(table.select("V1", "train"))
    sample = Samples(table.select("V2", "test"), schema, labelled=True)[0]
    assert sample.present.all()
    assert {name: part.kind for name, part in schema.preprocessing.items()} == {"eeg": "features", "face": "features"}


def test_what_was_not_measured_is_a_missing_modality(root: Path) -> None:
    write_eeg(root / "eeg/user_0_v_m/1_1", bands=False)
    for frame in range(2):
        write_frame(root / f"face_keypoints/user_0_v_m/2_2_{frame}.npz", values=4)
    (root / "eeg/user_0_v_m/3_3").write_text("", encoding="utf-8")
    for frame in range(2):
        (root / f"face_keypoints/user_0_v_m/3_3_{frame}.npz").unlink()
    table = open_table("cogbeacon")
    present = {row.id: row.present for row in table.rows if row.id.startswith("user_0_v_m")}
    assert present == {"user_0_v_m/1": ("face",), "user_0_v_m/2": ("eeg",)}


def test_rounds_without_a_report_are_left_out(root: Path) -> None:
    write_text(root / "fatigue_self_report/user_1_v_m.csv", "0", "0")
    table = open_table("cogbeacon")
    assert [row.id for row in table.rows if row.id.startswith("user_1_v_m")] == ["user_1_v_m/1", "user_1_v_m/2"]


@pytest.mark.usefixtures("root")
def test_features_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    table = open_table("cogbeacon")
    monkeypatch.setattr("acclimate.framework.data.papers.cogbeacon.read_face", None)
    assert open_table("cogbeacon") == table


def test_features_are_computed_anew_from_changed_files(root: Path) -> None:
    before = open_table("cogbeacon")
    path = write_eeg(root / "eeg/user_0_a_o/1_1", seed=77)
    os.utime(path, ns=(1, 1))
    after = open_table("cogbeacon")
    assert after.root != before.root
    values = [read_cell(str(table.rows[0].cells["eeg"]), table.root).array() for table in (before, after)]
    assert not np.allclose(*values)


def test_the_folder_of_the_eeg_may_be_written_in_capitals(root: Path) -> None:
    (root / "eeg").rename(root / "EEG")
    assert len(open_table("cogbeacon")) == 45


def test_missing_parts(root: Path) -> None:
    (root / "eeg").rename(root / "signals")
    with pytest.raises(DataError, match="expected eeg or EEG, but found neither"):
        open_table("cogbeacon")
    (root / "face_keypoints").rename(root / "faces")
    with pytest.raises(DataError, match=r"did not find face_keypoints\. The files come from"):
        open_table("cogbeacon")


def test_a_missing_report(root: Path) -> None:
    path = root / "fatigue_self_report/user_3b_t_m.csv"
    path.unlink()
    with pytest.raises(DataError) as error:
        open_table("cogbeacon")
    assert str(error.value) == f"{path}: expected the reports of a session, one number a round, but found no such file."


def test_a_session_without_a_face(root: Path) -> None:
    (root / "face_keypoints/user_3b_t_m").rename(root / "elsewhere")
    with pytest.raises(DataError, match="user_3b_t_m: expected the folder of a session's face, but found none"):
        open_table("cogbeacon")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("fatigue_self_report/user_0_v_m.csv", "0\nyes\n1\n", "line 2: expected a number of presses, but found 'yes'."),
        ("eeg/user_0_v_m/2_2", "eeg 1 2 3\n", "line 1: expected 'eeg' and 4 numbers, but found 'eeg 1 2 3'."),
        ("eeg/user_0_v_m/2_2", "eeg 1 2 3 x\n", "line 1: expected 'eeg' and 4 numbers, but found 'eeg 1 2 3 x'."),
        ("eeg/user_0_v_m/2_2", "812.1,830.4\n", "which start with a tag, but found '812.1,830.4'."),
        ("face_keypoints/user_0_v_m/2_2_0.npz", "x", "expected an archive of one array of numbers (.npz), but found"),
    ],
)
def test_files_of_another_form(root: Path, name: str, text: str, message: str) -> None:
    (root / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as error:
        open_table("cogbeacon")
    assert str(error.value).startswith(str(root / name))
    assert message in str(error.value)


def test_a_session_of_another_name(root: Path) -> None:
    (root / "eeg/user_4_v_m").rename(root / "eeg/user4")
    with pytest.raises(DataError, match="expected sessions that are called user_<number>"):
        open_table("cogbeacon")


def test_a_session_without_rounds(root: Path) -> None:
    for number in range(1, ROUNDS + 1):
        (root / f"eeg/user_4_v_m/{number}_{number}").unlink()
    with pytest.raises(DataError, match="user_4_v_m: expected files such as 3_17, the EEG of round 17, but found none"):
        open_table("cogbeacon")


@pytest.mark.usefixtures("root")
def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    with pytest.raises(DataError, match=r"expected a cache that can be written, but found: .*XDG_CACHE_HOME"):
        open_table("cogbeacon")
