"""EPIC-Kitchens 100, as its challenge divides it, on a made-up tree."""

import pickle
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import Samples, Schema, check_table, open_table, read_cell
from acclimate.framework.data.pickles import convert
from bits import assert_same_bits

from acclimate.__main__ import main

from .trees import write_text

TIMES = "uid,narration_id,participant_id,video_id,narration_timestamp,start_timestamp,stop_timestamp,start_frame,"
TRAIN = f"{TIMES}stop_frame,narration,verb,verb_class,noun,noun_class,all_nouns,all_noun_classes"
LISTS = {
    "source_train": ("source_train", TRAIN),
    "target_train": ("target_train_timestamps", f"{TIMES}stop_frame"),
    "target_val": ("target_val", TRAIN.removeprefix("uid,")),
}
SHAPE = (25, 4)


def write_part(root: Path, part: str, name: str, header: str, count: int = 6) -> None:
    """Annotations of some segments, and their features as the challenge packs them, in another order."""
    ids = [f"P01_1{number % 3}_{len(part)}{number}" for number in range(count)]
    lines = []
    for number, narration in enumerate(ids):
        values = {"narration_id": narration, "video_id": narration[:6], "verb_class": number, "noun_class": 10 * number}
        values["all_nouns"] = "\"['tap', 'pan']\""
        lines.append(",".join(str(values.get(column, "x")) for column in header.split(",")))
    write_text(root / f"UDA_annotations/EPIC_100_uda_{name}.csv", header, *lines)
    numbers = np.arange(count)[::-1, np.newaxis, np.newaxis] * np.ones(SHAPE)
    features = {"RGB": numbers.astype(np.float32), "Flow": -numbers, "Audio": numbers / 2}
    path = root / f"features/{part}.pkl"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(pickle.dumps({"narration_ids": ids[::-1], "features": features}))
    convert(path, path.with_suffix(".npz"))


@pytest.fixture
def root(data: Path) -> Path:
    """What is needed."""
    root = data / "EPIC-KITCHENS-100"
    for part, (name, header) in LISTS.items():
        write_part(root, part, name, header)
    return root


@pytest.mark.usefixtures("root")
def test_verbs_and_nouns_are_tasks() -> None:
    table = open_table("epic-kitchens-100")
    assert (table.tasks, table.modalities) == (("verb", "noun"), ("audio", "flow", "rgb"))
    assert Counter((row.domain, row.split) for row in table.rows) == {
        ("source", "train"): 6,
        ("target", "train"): 6,
        ("target", "test"): 6,
    }
    row = table.rows[14]
    assert (row.id, row.group, row.labels) == ("P01_12_102", "P01_12", {"verb": "2", "noun": "20"})
    cells = {name: read_cell(str(cell), table.root).array() for name, cell in row.cells.items()}
    for name, value in {"rgb": 2, "flow": -2, "audio": 1}.items():
        assert_same_bits(cells[name], np.full(SHAPE, value))
    assert check_table(table, ("source",)).problems == ()


@pytest.mark.usefixtures("root")
def test_the_target_is_trained_on_without_labels_and_scored_on_all_classes() -> None:
    table = open_table("epic-kitchens-100")
    schema = Schema.fit(table.select("source", "train"))
    assert [task.outputs for task in schema.tasks] == [97, 300]
    assert {row.labels["verb"] for row in table.select("target", "train").rows} == {None}
    samples = Samples(table.select("target", "test"), schema, labelled=True)
    assert [sample.labels for sample in samples][5] == {"verb": 5, "noun": 50}


@pytest.mark.usefixtures("root")
def test_a_run_learns_verbs_and_nouns(tmp_path: Path) -> None:
    settings = ["--set", "training.batch_size=4", "--set", "stages.0.epochs=1", "--device", "cpu"]
    assert main(["adapt", "rna-uda", "--data", "epic-kitchens-100", "--out", str(tmp_path / "run"), *settings]) == 0
    assert main(["evaluate", str(tmp_path / "run"), "--data", "epic-kitchens-100", "--domain", "target"]) == 0


def test_the_source_is_tested_if_there_are_features_for_it(root: Path) -> None:
    write_part(root, "source_val", "source_val", TRAIN, count=4)
    table = open_table("epic-kitchens-100")
    assert len(table.select("source", "test")) == 4


def test_a_part_that_is_not_needed_must_be_whole(root: Path) -> None:
    (root / "features/source_val.pkl").write_bytes(b"")
    assert len(open_table("epic-kitchens-100")) == 18
    write_text(root / "UDA_annotations/EPIC_100_uda_source_val.csv", TRAIN)
    with pytest.raises(DataError, match=r"acclimate data convert .*/features/source_val\.pkl"):
        open_table("epic-kitchens-100")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("P01_12_102", "P01_12_9", "line 4, id 'P01_12_9': expected features of 'P01_12_9' in "),
        (",verb_class,", ",verb_number,", "expected the columns narration_id, video_id, verb_class, noun_class, but "),
        (",x,2,x,20,", ",x,97,x,20,", "line 4, id 'P01_12_102': expected a verb_class from 0 to 96, but found '97'."),
        (",x,2,x,20,", ",x,2,x,,", "line 4, id 'P01_12_102': expected a noun_class from 0 to 299, but found ''."),
    ],
)
def test_annotations_that_do_not_fit(root: Path, old: str, new: str, message: str) -> None:
    path = root / "UDA_annotations/EPIC_100_uda_target_val.csv"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(DataError) as error:
        open_table("epic-kitchens-100")
    assert str(error.value).startswith(str(path))
    assert message in str(error.value)


def test_missing_files(root: Path) -> None:
    (root / "features/target_val.npz").unlink()
    (root / "features/target_val.pkl").unlink()
    with pytest.raises(DataError, match=r"expected features/target_val\.pkl or features/target_val, but found nei"):
        open_table("epic-kitchens-100")
    (root / "UDA_annotations/EPIC_100_uda_source_train.csv").unlink()
    with pytest.raises(DataError, match=r"did not find UDA_annotations/EPIC_100_uda_source_train\.csv\. The files"):
        open_table("epic-kitchens-100")
