"""SynROD and ROD on a made-up tree."""

from collections import Counter
from pathlib import Path

import pytest
from acclimate.framework import DataError
from acclimate.framework.data import Samples, Schema, check_table, default_domains, open_table

from .trees import write_picture, write_text

CATEGORIES = ("apple", "ball", "cap")


def write_synthetic(root: Path) -> None:
    """Two pictures of each category to train on, one to test."""
    lines: dict[str, list[str]] = {"train": [], "test": []}
    for number, category in enumerate(CATEGORIES):
        for index in range(3):
            name = f"{category}/***/{category}_{index:05d}.png"
            lines["test" if index == 2 else "train"].append(f"{name} {number}")
            for word in ("rgb", "depth"):
                write_picture(root / "synROD" / name.replace("***", word), number)
    for split, entries in lines.items():
        write_text(root / "synROD" / f"synARID_50k-split_sync_{split}1.txt", *entries)


def write_real(root: Path, folders: str = "???-washington", prefix: str = "") -> None:
    """Two pictures of one object of each category."""
    lines = []
    for number, category in enumerate(CATEGORIES):
        for index in (1, 36):
            name = f"{category}/{category}_2/{category}_2_1_{index}_***.png"
            lines.append(f"{prefix}{name} {number}")
            for kind, part in (("rgb", "crop"), ("surfnorm", "depthcrop")):
                write_picture(root / "ROD" / folders.replace("???", kind) / name.replace("***", part), number)
    write_text(root / "ROD" / "wrgbd_40k-split_sync.txt", *lines)


@pytest.fixture
def root(data: Path) -> Path:
    """Both data sets."""
    root = data / "ROD-synROD"
    write_synthetic(root)
    write_real(root)
    return root


@pytest.mark.usefixtures("root")
def test_the_real_pictures_are_adapted_to_and_scored() -> None:
    table = open_table("synrod-rod")
    assert Counter((row.domain, row.split) for row in table.rows) == {
        ("synrod", "train"): 6,
        ("synrod", "test"): 3,
        ("rod", "train"): 6,
        ("rod", "test"): 6,
    }
    assert len({row.id for row in table.rows}) == len(table)
    real = {split: table.select("rod", split).rows for split in ("train", "test")}
    assert [row.cells for row in real["train"]] == [row.cells for row in real["test"]]
    first = real["train"][0]
    assert (first.line, first.id, first.labels) == (1, "rod/apple_2_1_1.png/train", {"label": "apple"})
    assert first.cells == {
        "rgb": "ROD/rgb-washington/apple/apple_2/apple_2_1_1_crop.png",
        "depth": "ROD/surfnorm-washington/apple/apple_2/apple_2_1_1_depthcrop.png",
    }
    assert table.select("synrod", "test").rows[1].cells == {
        "rgb": "synROD/ball/rgb/ball_00002.png",
        "depth": "synROD/ball/depth/ball_00002.png",
    }


@pytest.mark.usefixtures("root")
def test_it_can_be_trained_on() -> None:
    table = open_table("synrod-rod")
    assert check_table(table).problems == ()
    source, target = default_domains("synrod-rod")
    schema = Schema.fit(table.select(source, "train"))
    assert schema.tasks[0].classes == CATEGORIES
    sample = Samples(table.select(target, "test"), schema, labelled=True)[5]
    assert {name: array.shape for name, array in sample.inputs.items()} == {"depth": (3, 8, 8), "rgb": (3, 8, 8)}
    assert sample.labels == {"label": 2}


@pytest.mark.parametrize(
    ("folders", "prefix"), [("ROD_???", ""), ("ROD_???", "ROD_???/"), ("???-washington", "???-washington/")]
)
def test_all_packings_are_read(data: Path, folders: str, prefix: str) -> None:
    root = data / "ROD-synROD"
    write_synthetic(root)
    write_real(root, folders, prefix)
    table = open_table("synrod-rod")
    row = table.select("rod", "test").rows[-1]
    assert row.labels == {"label": "cap"}
    assert row.cells["rgb"] == f"ROD/{folders.replace('???', 'rgb')}/cap/cap_2/cap_2_1_36_crop.png"
    assert row.cells["depth"] == f"ROD/{folders.replace('???', 'surfnorm')}/cap/cap_2/cap_2_1_36_depthcrop.png"


def test_a_missing_list(root: Path) -> None:
    (root / "ROD" / "wrgbd_40k-split_sync.txt").unlink()
    with pytest.raises(DataError, match=r"did not find ROD/wrgbd_40k-split_sync\.txt\. The files come from https://"):
        open_table("synrod-rod")


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (
            "synROD/ball/depth/ball_00001.png",
            "synROD/synARID_50k-split_sync_train1.txt, line 4, id 'synrod/ball/ball_00001.png', depth",
        ),
        (
            "ROD/rgb-washington/ball/ball_2/ball_2_1_1_crop.png",
            "ROD/wrgbd_40k-split_sync.txt, line 3, id 'rod/ball_2_1_1.png/train', rgb",
        ),
    ],
)
def test_a_missing_picture_is_named_with_its_row(root: Path, picture: str, message: str) -> None:
    (root / picture).unlink()
    with pytest.raises(DataError) as error:
        open_table("synrod-rod")
    assert str(error.value).startswith(f"{root}/{message}: expected a file, but found none at {root / picture}")


def test_folders_of_the_real_pictures(root: Path) -> None:
    (root / "ROD" / "rgb-washington").rename(root / "ROD" / "pictures")
    with pytest.raises(DataError, match="expected ROD/rgb-washington or ROD/ROD_rgb, but found neither"):
        open_table("synrod-rod")


@pytest.mark.parametrize(
    "line",
    ["apple/rgb/apple_1.png 0", "***.png 0", "apple/***/apple_1.png", "apple/***/apple_1.pcd 0", "apple/***/a.png x"],
)
def test_a_line_of_another_form(root: Path, line: str) -> None:
    path = write_text(root / "synROD" / "synARID_50k-split_sync_test1.txt", "apple/***/apple_00002.png 0", line)
    with pytest.raises(DataError) as error:
        open_table("synrod-rod")
    assert str(error.value) == (
        f"{path}, line 2: expected a picture's path with *** in it, and the number of its class, such as "
        f"'apple/apple_1/apple_1_1_1_***.png 0', but found {line!r}."
    )


def test_an_empty_list(root: Path) -> None:
    path = write_text(root / "ROD" / "wrgbd_40k-split_sync.txt", "")
    with pytest.raises(DataError) as error:
        open_table("synrod-rod")
    assert str(error.value) == f"{path}: expected a list of pictures, but found none."


def test_a_number_of_two_categories(root: Path) -> None:
    path = write_text(root / "ROD" / "wrgbd_40k-split_sync.txt", "apple/a/b_***.png 0", "ball/a/b_***.png 0")
    with pytest.raises(DataError) as error:
        open_table("synrod-rod")
    assert (
        str(error.value) == f"{path}, line 2: expected class 0 to be 'apple' as in the lines before, but found 'ball'."
    )
