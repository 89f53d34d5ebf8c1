"""AVE on made-up trees: pictures and sound, and the authors' features."""

import importlib.util
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import Samples, Schema, check_table, open_table, read_cell
from bits import assert_same_bits

from .trees import write_picture, write_sound, write_text

HEADER = "Category&VideoID&Quality&StartTime&EndTime"
CATEGORIES = ("Church bell", "Male speech, man speaking")
SETS = {"train": "train", "val": "validation", "test": "test"}


@pytest.fixture
def root(data: Path) -> Path:
    """Four clips in each split, every second one of the target, with events of one, two, three and no seconds."""
    root = data / "AVE"
    domains = ["VideoID,domain"]
    for name in SETS:
        lines = []
        for clip in range(4):
            video = f"-{name}_{clip}"
            lines.append(f"{CATEGORIES[clip // 2]}&{video}&good&{clip}&{clip + (clip + 1) % 4}")
            domains.append(f"{video},{'target' if clip % 2 else 'source'}")
            for second in range(10):
                write_picture(root / f"frames/{video}/{second}.jpg", second)
                write_sound(root / f"audio/{video}/{second}.wav", second)
        write_text(root / f"{name}Set.txt", *([HEADER] if name == "val" else []), *lines)
    write_text(root / "domains.csv", *domains)
    return root


@pytest.mark.usefixtures("root")
def test_each_second_of_an_event_is_a_row() -> None:
    table = open_table("ave")
    assert table.modalities == ("audio", "image")
    assert Counter((row.domain, row.split) for row in table.rows) == {
        (domain, split): count for domain, count in (("source", 4), ("target", 2)) for split in SETS.values()
    }
    seconds = [row for row in table.rows if row.group == "-val_2"]
    assert [row.cells["image"] for row in seconds] == [f"frames/-val_2/{second}.jpg" for second in (2, 3, 4)]
    assert {(row.labels["label"], row.line) for row in seconds} == {("Male speech, man speaking", 4)}
    assert check_table(table, ("source",)).problems == ()


@pytest.mark.usefixtures("root")
def test_seconds_can_be_trained_on() -> None:
    table = open_table("ave")
    schema = Schema.fit(table.select("source", "train"))
    assert {name: part.kind for name, part in schema.preprocessing.items()} == {"audio": "audio", "image": "image"}
    assert schema.tasks[0].classes == CATEGORIES
    assert Samples(table.select("target", "test"), schema, labelled=True)[0].present.all()


def test_a_second_without_its_picture_is_named(root: Path) -> None:
    (root / "frames/-test_2/3.jpg").unlink()
    with pytest.raises(DataError) as error:
        open_table("ave")
    assert str(error.value) == (
        f"{root}/testSet.txt, line 3, id 'testSet/3/-test_2/3', image: expected a file, but found none at "
        f"{root}/frames/-test_2/3.jpg."
    )


@pytest.mark.parametrize("line", ["Bark&x&good&0", "Bark&x&good&0&11", "Bark&x&good&a&3", "Bark, x, good, 0, 10"])
def test_an_annotation_that_cannot_be_read(root: Path, line: str) -> None:
    write_text(root / "valSet.txt", HEADER, line)
    with pytest.raises(DataError) as error:
        open_table("ave")
    assert str(error.value) == (
        f"{root}/valSet.txt, line 2: expected {HEADER}, with times from 0 to 10, but found {line!r}."
    )


def test_domains_are_the_users_to_say(root: Path) -> None:
    path = root / "domains.csv"
    path.write_text(path.read_text().replace("-val_1,target", "-val_1,"))
    with pytest.raises(DataError, match=r"valSet\.txt, line 3, id '-val_1': expected its domain in domains\.csv"):
        open_table("ave")
    path.unlink()
    with pytest.raises(DataError, match=r"domains\.csv: expected a table of the columns VideoID and domain"):
        open_table("ave")


def write_hdf5(path: Path, **arrays: object) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file[name] = values


@pytest.fixture
def features(data: Path) -> Path:
    """The authors' arrays of eight clips."""
    root = data / "AVE"
    lines = [f"{CATEGORIES[clip % 2]}&clip{clip}&good&0&10" for clip in range(8)]
    write_text(root / "Annotations.txt", *lines)
    write_text(root / "domains.csv", "VideoID,domain", *(f"clip{clip},{'st'[clip // 4]}" for clip in range(8)))
    clips = np.arange(8, dtype=np.float32)[:, np.newaxis, np.newaxis]
    write_hdf5(root / "audio_feature.h5", avadataset=clips + np.zeros((8, 10, 128), np.float32))
    write_hdf5(root / "visual_feature_vec.h5", avadataset=clips - np.zeros((8, 10, 512), np.float32))
    for name, order in {"train": [5, 1, 0, 4], "val": [2], "test": [3, 7]}.items():
        write_hdf5(root / f"{name}_order.h5", order=np.array(order))
    return root


@pytest.mark.usefixtures("features")
def test_each_clip_is_a_row_of_the_authors_features() -> None:
    table = open_table("ave-features")
    assert {row.group: row.split for row in table.rows} == {
        **dict.fromkeys(("clip0", "clip1", "clip4", "clip5"), "train"),
        "clip2": "validation",
        "clip3": "test",
        "clip7": "test",
    }
    row = table.rows[5]
    assert (row.id, row.domain, row.labels) == ("5/clip5", "t", {"label": CATEGORIES[1]})
    assert read_cell(str(row.cells["video"]), table.root).array().shape == (10, 512)
    assert_same_bits(read_cell(str(row.cells["audio"]), table.root).array(), np.full((10, 128), 5))
    schema = Schema.fit(table.select("s", "train"))
    assert Samples(table.select("t", "test"), schema, labelled=True)[0].present.all()


@pytest.mark.parametrize(
    ("name", "arrays", "message"),
    [
        ("audio_feature.h5", {"avadataset": np.zeros((8, 9, 128))}, "of shape (8, 10, features), as there are 8 anno"),
        ("visual_feature_vec.h5", {"avadataset": np.zeros((8, 10, 7, 7, 512))}, "but found (8, 10, 7, 7, 512)."),
        ("audio_feature.h5", {"data": np.zeros((8, 10, 128))}, "expected an array avadataset of shape (8, 10, featu"),
        ("val_order.h5", {"order": np.array([8])}, "expected positions of 8 clips, but found int64 of shape (1,)."),
        ("val_order.h5", {"rows": np.array([1])}, "expected one of the arrays rows, but found 'order'."),
    ],
)
def test_arrays_that_do_not_fit(features: Path, name: str, arrays: dict[str, object], message: str) -> None:
    (features / name).unlink()
    write_hdf5(features / name, **arrays)
    with pytest.raises(DataError) as error:
        open_table("ave-features")
    assert str(error.value).startswith(f"{features / name}: ")
    assert message in str(error.value)


def test_without_h5py_the_error_says_what_to_install(features: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "h5py" else find_spec(name))
    with pytest.raises(DataError) as error:
        open_table("ave-features")
    assert str(error.value) == f"{features}/audio_feature.h5: HDF5 needs h5py: pip install acclimate[hdf5]"


def test_missing_features_are_listed(features: Path) -> None:
    for name in ("audio_feature.h5", "val_order.h5"):
        (features / name).unlink()
    with pytest.raises(DataError, match=r"but did not find audio_feature\.h5, val_order\.h5\. The files come from"):
        open_table("ave-features")
