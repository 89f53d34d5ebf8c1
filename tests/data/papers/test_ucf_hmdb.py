"""UCF-HMDB on a made-up tree."""

from collections import Counter
from pathlib import Path

import pytest
from acclimate.framework import DataError
from acclimate.framework.data import Samples, Schema, open_table, paper_shifts
from acclimate.framework.data.papers.ucf_hmdb import ACTIONS

from acclimate.__main__ import main

from .trees import write_array, write_text

LISTS = {
    ("ucf", "train"): "list_ucf101_train_hmdb_ucf-feature.txt",
    ("ucf", "test"): "list_ucf101_val_hmdb_ucf-feature.txt",
    ("hmdb", "train"): "list_hmdb51_train_hmdb_ucf-feature.txt",
    ("hmdb", "test"): "list_hmdb51_val_hmdb_ucf-feature.txt",
}


def clip_name(domain: str, split: str, action: int) -> str:
    if domain == "ucf":
        return f"v_RockClimbing_g{action:02d}_c0{1 if split == 'train' else 2}"
    return f"50_FIRST_{split}_{action}_climb_f_cm_np1_ba_med_7"


@pytest.fixture
def root(data: Path) -> Path:
    """A clip of each action in each list."""
    root = data / "UCF-HMDB"
    for number, ((domain, split), name) in enumerate(LISTS.items()):
        lines = []
        for action in range(len(ACTIONS)):
            clip = clip_name(domain, split, action)
            # Some lists end folders with a slash, and their author's folders may hold spaces.
            lines.append(f"my data/{domain}/RGB-feature/{clip}{'/' if number % 2 else ''} {40 + action} {action}")
            write_array(root / f"rgb/{clip}.npy", 3 + action % 2, 5)
            write_array(root / f"flow/{clip}.npy", 4, 5)
        write_text(root / name, *lines, "")
    return root


@pytest.mark.usefixtures("root")
def test_corpora_are_domains() -> None:
    table = open_table("ucf-hmdb")
    assert Counter((row.domain, row.split) for row in table.rows) == dict.fromkeys(LISTS, 12)
    assert table.modalities == ("flow", "rgb")
    first = table.select("hmdb", "train").rows[0]
    assert (first.id, first.group) == ("50_FIRST_train_0_climb_f_cm_np1_ba_med_7", "50_FIRST_train_0_climb")
    assert table.select("ucf", "test").rows[3].group == "v_RockClimbing_g03"
    assert [row.labels["label"] for row in table.select("ucf", "train").rows] == list(ACTIONS)
    assert paper_shifts("ucf-hmdb") == (("ucf", "hmdb"), ("hmdb", "ucf"))


@pytest.mark.usefixtures("root")
def test_it_can_be_trained_on() -> None:
    table = open_table("ucf-hmdb")
    schema = Schema.fit(table.select("ucf", "train"))
    assert schema.tasks[0].classes == ACTIONS
    sample = Samples(table.select("hmdb", "test"), schema, labelled=True)[7]
    assert sample.present.all()
    assert sample.labels == {"label": 7}


@pytest.mark.usefixtures("root")
def test_a_corrupted_copy_says_that_it_loses_the_classes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "noisy.csv"
    command = ["data", "corrupt", "ucf-hmdb", "--domain", "hmdb", "--corrupt", "rgb=gaussian_noise(std=1.0)"]
    assert main([*command, "--out", str(out)]) == 0
    assert f"{out}: a file cannot name the 12 classes of task 'label'" in capsys.readouterr().out
    assert open_table(str(out)).classes == {}


def test_one_modality_will_do(root: Path) -> None:
    (root / "flow").rename(root / "other")
    assert open_table("ucf-hmdb").modalities == ("rgb",)
    (root / "rgb").rename(root / "another")
    with pytest.raises(DataError, match="expected flow or rgb, but found neither"):
        open_table("ucf-hmdb")


@pytest.mark.parametrize("line", ["data/v_Punch_g01_c01 40 12", "data/v_Punch_g01_c01 five", "v_Punch 40 -1"])
def test_a_line_that_cannot_be_read(root: Path, line: str) -> None:
    path = write_text(root / LISTS["hmdb", "train"], "data/a 40 3", "", line)
    write_array(root / "rgb/a.npy", 3, 5)
    with pytest.raises(DataError) as error:
        open_table("ucf-hmdb")
    assert str(error.value) == (
        f"{path}, line 3: expected `folder frames class`, with a class from 0 to 11, but found {line!r}."
    )


def test_a_list_that_is_no_text_or_empty(root: Path) -> None:
    path = root / LISTS["ucf", "train"]
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="expected UTF-8, but found "):
        open_table("ucf-hmdb")
    path.write_text("\n")
    with pytest.raises(DataError, match="expected lines of text, but found none"):
        open_table("ucf-hmdb")


def test_a_clip_without_features_is_named(root: Path) -> None:
    clips = [clip_name("hmdb", "test", action) for action in (2, 3)]
    for clip in clips:
        (root / f"flow/{clip}.npy").unlink()
    with pytest.raises(DataError) as error:
        open_table("ucf-hmdb")
    assert str(error.value) == (
        f"{root / LISTS['hmdb', 'test']}, line 3, id '{clips[0]}', flow: expected a file, but found none at "
        f"{root}/flow/{clips[0]}.npy (the first of 2 such cells)."
    )


def test_a_missing_list_says_where_it_comes_from(root: Path) -> None:
    (root / LISTS["hmdb", "test"]).unlink()
    with pytest.raises(DataError, match=r"did not find list_hmdb51_val_hmdb_ucf-feature\.txt\. The files come"):
        open_table("ucf-hmdb")
