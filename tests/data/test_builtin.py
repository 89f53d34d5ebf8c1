"""Built-in data sets as tables, on their real files."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import (
    Samples,
    Schema,
    Table,
    builtin_names,
    check_table,
    default_domains,
    open_table,
    paper_shifts,
    read_cell,
)
from bits import assert_same_bits
from PIL import Image

from .data_files import write_multimodal_table

SHARED: dict[str, dict[str, tuple[int, ...] | None]] = {
    "avdigits-accent": {"audio": None, "image": (1, 28, 28)},
    "avdigits-synthetic": {"audio": None, "image": (1, 28, 28)},
    "mosi": {"audio": (73,), "text": None},
    "mosi-features": {"audio": (73,), "text": (100,), "video": (100,)},
    "spsw-har": {"phone_acc": (3, 100), "phone_gyro": (3, 100), "watch_acc": (3, 100), "watch_gyro": (3, 100)},
}


@pytest.fixture
def data(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of the shared data sets, made known."""
    monkeypatch.setenv("ACCLIMATE_DATA", str(shared_data))
    return shared_data


def parts(table: Table) -> Counter[tuple[str, str]]:
    """How many rows each domain and split has."""
    return Counter((row.domain, row.split) for row in table.rows)


@pytest.mark.parametrize("name", SHARED)
def test_a_shared_data_set_has_no_problems(data: Path, name: str) -> None:
    table = open_table(name)
    assert table.root.is_relative_to(data)
    assert table.text == ({"text"} if name == "mosi" else frozenset())
    assert len({row.id for row in table.rows}) == len(table)
    assert check_table(table).problems == ()


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("name", SHARED)
def test_a_shared_data_set_can_be_trained_on(name: str) -> None:
    table = open_table(name)
    source, target = default_domains(name)
    schema = Schema.fit(table.select(source, "train"))
    assert schema.modalities == tuple(SHARED[name])
    for split in ("train", "test"):
        sample = Samples(table.select(target, split), schema, labelled=True)[0]
        assert sample.present.all()
        for modality, shape in SHARED[name].items():
            assert np.isfinite(sample.inputs[modality]).all()
            assert shape in {None, sample.inputs[modality].shape}


@pytest.mark.parametrize(
    ("name", "manifest", "counts"),
    [
        (
            "avdigits-accent",
            "manifest.csv",
            {("us_mnist", "train"): 800, ("us_mnist", "test"): 200}
            | {("foreign_optdigits", "train"): 1600, ("foreign_optdigits", "test"): 400},
        ),
        (
            "avdigits-synthetic",
            "manifest_syn2real.csv",
            {("synthetic", "train"): 1600, ("synthetic", "test"): 400, ("real", "train"): 2400, ("real", "test"): 600},
        ),
    ],
)
def test_digits_are_as_packed(data: Path, name: str, manifest: str, counts: dict[tuple[str, str], int]) -> None:
    table = open_table(name)
    assert parts(table) == counts
    with (data / "avdigits" / manifest).open(encoding="utf-8") as file:
        records = list(csv.DictReader(file))
    archive = np.load(data / "avdigits" / ("images.npz" if name == "avdigits-accent" else "images_syn2real.npz"))
    images = archive["images"]
    for index in (0, 1234, len(records) - 1):
        row, record = table.rows[index], records[index]
        assert (row.line, row.labels, row.split) == (index + 2, {"label": record["label"]}, record["split"])
        assert read_cell(str(row.cells["audio"]), table.root).sampling_rate == 8000
        assert str(row.cells["audio"]).endswith(f"!{record['wav']}")
        image = read_cell(str(row.cells["image"]), table.root).array()
        assert_same_bits(image, images[int(record["image_index"])])
        assert image.shape == Image.fromarray(image).size


def test_activities_are_as_packed(data: Path) -> None:
    table = open_table("spsw-har")
    packed = np.load(data / "spsw_har" / "spsw_windows.npz")
    assert parts(table) == Counter(zip(packed["domain"].tolist(), packed["split"].tolist(), strict=True))
    assert [row.group for row in table.rows] == list(packed["execution"])
    assert [row.labels["label"] for row in table.rows] == list(packed["classes"][packed["label"]])
    for name in table.modalities:
        cell = str(table.rows[2000].cells[name])
        assert_same_bits(read_cell(cell, table.root).array(), packed[name][2000])


@pytest.mark.usefixtures("data")
def test_opinions_are_split_by_video() -> None:
    table = open_table("mosi")
    assert Counter(row.domain for row in table.rows) == {"known": 1447, "unseen": 752}
    assert Counter(row.labels["label"] for row in table.rows) == {"negative": 1023, "positive": 1176}
    videos = {(row.domain, row.split): set[str | None]() for row in table.rows}
    for row in table.rows:
        videos[row.domain, row.split].add(row.group)
    assert {part: len(names) for part, names in videos.items()} == {
        ("known", "train"): 50,
        ("known", "test"): 12,
        ("unseen", "train"): 25,
        ("unseen", "test"): 6,
    }
    assert not videos["known", "train"] & videos["known", "test"]
    assert open_table("mosi") == table
    assert open_table("mosi", seed=1) != table
    assert table.rows[0].cells["text"] == "ANYHOW IT WAS REALLY GOOD"
    features = open_table("mosi-features")
    assert [(row.id, row.domain, row.split) for row in features.rows] == [
        (row.id, row.domain, row.split) for row in table.rows
    ]


@pytest.mark.parametrize("variable", [True, False])
@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("avdigits-accent", "avdigits/manifest.csv"),
        ("avdigits-synthetic", "avdigits/manifest_syn2real.csv"),
        ("mosi", "mosi/mosi_utterance_features.npz"),
        ("mosi-features", "mosi/mosi_utterance_features.npz"),
        ("spsw-har", "spsw_har/spsw_windows.npz"),
    ],
)
def test_a_missing_data_set_says_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, file: str, *, variable: bool
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv("ACCLIMATE_DATA", raising=False)
    folder = tmp_path / "shared" / "data"
    if variable:
        folder = tmp_path / "elsewhere"
        monkeypatch.setenv("ACCLIMATE_DATA", str(folder))
    with pytest.raises(DataError) as error:
        open_table(name)
    assert str(error.value) == (
        f"{folder}/{file}: expected the data set's file, but found none: "
        f"set ACCLIMATE_DATA to the folder that holds {file.split('/', maxsplit=1)[0]}/."
    )


def test_data_beside_the_current_folder_are_found(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "data").symlink_to(shared_data)
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv("ACCLIMATE_DATA", raising=False)
    table = open_table("mosi")
    monkeypatch.chdir(tmp_path)
    assert read_cell(str(table.rows[0].cells["audio"]), table.root).array().shape == (73,)


def test_all_names_have_domains() -> None:
    assert {*SHARED, "wrist"} <= set(builtin_names())
    for name in builtin_names():
        assert len(set(default_domains(name))) == 2
        assert default_domains(name) in paper_shifts(name)
        assert len(set(paper_shifts(name))) == len(paper_shifts(name))


def test_a_table_is_opened_by_its_path(tmp_path: Path) -> None:
    path = write_multimodal_table(tmp_path)
    assert len(open_table(str(path))) == 24


def test_names_that_are_not_known() -> None:
    names = ", ".join(builtin_names())
    with pytest.raises(DataError) as error:
        open_table("wrists")
    assert (
        str(error.value)
        == f"data must be the path of a table (.csv, .tsv, .jsonl, .parquet) or one of {names}, but got 'wrists'."
    )
    for function in (default_domains, paper_shifts):
        with pytest.raises(DataError) as error:
            function("wrists")
        assert str(error.value) == f"a built-in data set must be one of {names}, but got 'wrists'."
