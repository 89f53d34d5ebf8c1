"""EPIC-Kitchens 55, as MM-SADA divides it, on a made-up tree."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import Samples, Schema, default_domains, open_table, paper_shifts, read_cell
from acclimate.framework.data.papers.epic_kitchens_55 import KITCHENS, VERBS
from acclimate.framework.data.pickles import convert
from bits import assert_same_bits

from acclimate.__main__ import main

from .trees import write_text

HEADER = "uid,video_id,narration,start_timestamp,stop_timestamp,start_frame,stop_frame,participant_id,verb,verb_class"
PARTS = [(domain, split) for domain in KITCHENS for split in ("train", "test")]
FEATURES = 6


def write_features(path: Path, uids: list[int], **changes: Any) -> None:  # noqa: ANN401
    """Features of five clips a segment, pickled as RNA's authors pack them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    segments = [
        {
            "uid": uid,
            "video_name": "P08_01",
            "features_RGB": np.full((5, FEATURES), uid, np.float32),
            "features_Spec": np.full((5, FEATURES), -uid, np.float32),
            **changes,
        }
        for uid in uids
    ]
    path.write_bytes(pickle.dumps({"features": segments}))


def write_part(root: Path, domain: str, split: str, start: int) -> None:
    """The annotations of nine segments, as converted, and their features."""
    participant = KITCHENS[domain]
    lines = [
        f"{start + number},{participant}_{number % 3:02d},do it,00:00:01,00:00:02,60,120,{participant},do,{number % 8}"
        for number in range(9)
    ]
    write_text(root / f"annotations/{domain}_{split}.csv", HEADER, *lines)
    write_features(root / f"features/{domain}_{split}.pkl", list(range(start + 8, start - 1, -1)))


@pytest.fixture
def pickled(data: Path) -> Path:
    """Three kitchens, whose features were not converted."""
    root = data / "EPIC-KITCHENS-55"
    for number, (domain, split) in enumerate(PARTS):
        write_part(root, domain, split, 100 * number)
    return root


@pytest.fixture
def root(pickled: Path) -> Path:
    """The same after `acclimate data convert`."""
    for path in (pickled / "features").glob("*.pkl"):
        convert(path, path.with_suffix(".npz"))
    return pickled


@pytest.mark.usefixtures("root")
def test_kitchens_are_domains() -> None:
    table = open_table("epic-kitchens-55")
    assert (table.domains, table.splits, table.modalities) == (tuple(KITCHENS), ("test", "train"), ("audio", "rgb"))
    assert len(table) == 54
    row = table.rows[12]
    assert (row.id, row.domain, row.split, row.group, row.line) == ("P08_00_103", "D1", "test", "P08_00", 5)
    assert row.labels == {"label": "close"}
    assert_same_bits(read_cell(str(row.cells["rgb"]), table.root).array(), np.full((5, FEATURES), 103))
    assert_same_bits(read_cell(str(row.cells["audio"]), table.root).array(), np.full((5, FEATURES), -103))
    assert default_domains("epic-kitchens-55") == ("D1", "D2")
    assert set(paper_shifts("epic-kitchens-55")) == {(a, b) for a in KITCHENS for b in KITCHENS if a != b}


@pytest.mark.usefixtures("root")
def test_all_eight_verbs_are_classes_whatever_the_source_has() -> None:
    table = open_table("epic-kitchens-55")
    few = table.with_rows(row for row in table.select("D1", "train").rows if row.labels["label"] in {"take", "cut"})
    schema = Schema.fit(few)
    assert schema.tasks[0].classes == VERBS
    samples = Samples(table.select("D2", "test"), schema, labelled=True)
    assert [sample.labels for sample in samples][:3] == [{"label": 0}, {"label": 1}, {"label": 2}]
    assert samples[0].inputs.keys() == {"audio", "rgb"}


def test_features_that_were_not_converted(pickled: Path) -> None:
    with pytest.raises(DataError) as error:
        open_table("epic-kitchens-55")
    path = pickled / "features/D1_train"
    assert str(error.value).endswith(f"Convert it once: acclimate data convert {path}.pkl {path}.npz")


def test_annotations_that_were_not_converted(root: Path) -> None:
    path = root / "annotations/D1_train"
    path.with_suffix(".csv").rename(path.with_suffix(".pkl"))
    with pytest.raises(DataError) as error:
        open_table("epic-kitchens-55")
    assert str(error.value).endswith(f"Convert it once: acclimate data convert {path}.pkl {path}.csv")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("P08,do,3", "P01,do,3", "line 5, id '103': expected participant P08 in D1, but found 'P01'."),
        ("P08,do,3", "P08,do,8", "line 5, id '103': expected a verb_class from 0 to 7, but found '8'."),
        ("103,P08_00", "999,P08_00", "line 5, id '999': expected features of '999' in "),
        (
            ",verb_class",
            ",verb_number",
            "expected the columns uid, video_id, participant_id, verb_class, but did not",
        ),
    ],
)
def test_annotations_that_do_not_fit(root: Path, old: str, new: str, message: str) -> None:
    path = root / "annotations/D1_test.csv"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(DataError) as error:
        open_table("epic-kitchens-55")
    assert str(error.value).startswith(str(path))
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"uid": 7}, "expected a name of its own for each clip, but found '7' twice."),
        ({"uid": [1, 2]}, "expected features/uid of one axis, but found (3, 2)."),
        ({"features_rgb": np.zeros(3)}, "expected one array uid and one or more of features_spec or features_audio"),
        ({"features_RGB": 1.0}, "with 3 clips as there are names, but found (3,)."),
    ],
)
def test_features_that_do_not_fit(root: Path, changes: dict[str, Any], message: str) -> None:
    path = root / "features/D1_train.npz"
    path.unlink()
    write_features(path.with_suffix(".pkl"), [1, 2, 3], **changes)
    convert(path.with_suffix(".pkl"), path)
    with pytest.raises(DataError) as error:
        open_table("epic-kitchens-55")
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)


def test_missing_folders(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = data / "EPIC-KITCHENS-55"
    assert main(["data", "check", "epic-kitchens-55"]) == 2
    assert capsys.readouterr().err == (
        f"acclimate data: {root}: expected the folder of EPIC-Kitchens 55, but found none: set ACCLIMATE_DATA to the "
        "folder that holds EPIC-KITCHENS-55/. The files come from "
        "https://github.com/jonmun/MM-SADA_Domain_Adaptation_Splits; docs/datasets.md shows the layout.\n"
    )
    (root / "features").mkdir(parents=True)
    with pytest.raises(DataError, match="expected annotations, features, but did not find annotations"):
        open_table("epic-kitchens-55")
