"""CMU-MOSI and CMU-MOSEI on made-up files in MMSA's layout."""

import pickle
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import Samples, Schema, check_table, open_table, paper_shifts, read_cell
from acclimate.framework.data.pickles import convert
from bits import assert_same_bits

SIZES = {"MOSI": (768, 5, 20), "MOSEI": (768, 74, 35)}
COUNTS = {"train": 8, "valid": 2, "test": 4}


def make_split(count: int, seed: int, sizes: tuple[int, int, int]) -> dict[str, Any]:
    """One split, with the fields that MMSA's files have."""
    generator = np.random.default_rng(seed)
    labels = np.linspace(-3, 3, count).astype(np.float32)
    return {
        "raw_text": [f"it was {index}." for index in range(count)],
        "audio": generator.normal(size=(count, 6, sizes[1])).astype(np.float32),
        "vision": generator.normal(size=(count, 6, sizes[2])).astype(np.float32),
        "id": [f"video{seed}{index // 2}$_${index}" for index in range(count)],
        "text": generator.normal(size=(count, 6, sizes[0])).astype(np.float32),
        "text_bert": generator.integers(0, 9, (count, 3, 6)).astype(np.float32),
        "audio_lengths": [6] * count,
        "vision_lengths": [6] * count,
        "annotations": ["Positive" if label > 0 else "Negative" for label in labels],
        "classification_labels": np.sign(labels) + 1,
        "regression_labels": labels,
    }


def make_corpus(sizes: tuple[int, int, int]) -> dict[str, dict[str, Any]]:
    """Three splits."""
    return {split: make_split(count, seed, sizes) for seed, (split, count) in enumerate(COUNTS.items())}


def write_corpus(data: Path, name: str, corpus: Mapping[str, object], file: str = "aligned_50") -> Path:
    """Pickle a corpus, and convert it as the command does."""
    path = data / name / "Processed" / f"{file}.pkl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(corpus))
    convert(path, path.with_suffix(".npz"))
    return path.with_suffix(".npz")


@pytest.mark.parametrize("name", SIZES)
def test_utterances_and_their_sentiment(data: Path, name: str) -> None:
    corpus = make_corpus(SIZES[name])
    write_corpus(data, name, corpus)
    table = open_table(f"cmu-{name.lower()}")
    assert (table.modalities, table.kind("label")) == (("audio", "text", "vision"), "regression")
    assert Counter((row.domain, row.split) for row in table.rows) == {
        ("source", "train"): 4,
        ("target", "train"): 4,
        ("source", "validation"): 1,
        ("target", "validation"): 1,
        ("source", "test"): 2,
        ("target", "test"): 2,
    }
    row = table.rows[3]
    assert (row.line, row.id, row.group) == (4, "video01$_$3", "video01")
    assert float(str(row.labels["label"])) == pytest.approx(corpus["train"]["regression_labels"][3], abs=1e-5)
    for modality in table.modalities:
        values = read_cell(str(row.cells[modality]), table.root).array()
        assert_same_bits(values, corpus["train"][modality][3])


def test_it_can_be_trained_on(data: Path) -> None:
    write_corpus(data, "MOSI", make_corpus(SIZES["MOSI"]))
    table = open_table("cmu-mosi")
    assert check_table(table).problems == ()
    schema = Schema.fit(table.select("source", "train"))
    assert schema.tasks[0].classes is None
    assert {name: set(part.shape) for name, part in schema.preprocessing.items()} == {
        "audio": {5, 6},
        "text": {768, 6},
        "vision": {20, 6},
    }
    assert len(Samples(table.select("target", "test"), schema, labelled=True)) == 2


def test_aligned_features_come_first(data: Path) -> None:
    write_corpus(data, "MOSI", make_corpus(SIZES["MOSI"]), "unaligned_50")
    assert "unaligned_50.npz" in str(open_table("cmu-mosi").rows[0].cells["text"])
    write_corpus(data, "MOSI", make_corpus(SIZES["MOSI"]))
    assert "/aligned_50.npz" in str(open_table("cmu-mosi").rows[0].cells["text"])


def test_values_that_are_not_finite_are_0_as_in_the_authors_loader(data: Path) -> None:
    corpus = make_corpus(SIZES["MOSI"])
    corpus["train"]["audio"][3, 2, 1] = -np.inf
    corpus["test"]["vision"][0, 0, 0] = np.nan
    write_corpus(data, "MOSI", corpus)
    table = open_table("cmu-mosi")
    assert check_table(table).problems == ()
    found = read_cell(str(table.rows[3].cells["audio"]), table.root).array()
    assert found[2, 1] == 0
    corpus["train"]["audio"][3, 2, 1] = 0
    assert_same_bits(found, corpus["train"]["audio"][3])
    assert "/MOSI/Processed/" in str(table.rows[3].cells["text"])


def test_a_pickle_is_not_read(data: Path) -> None:
    path = write_corpus(data, "MOSI", make_corpus(SIZES["MOSI"]))
    path.unlink()
    with pytest.raises(DataError) as error:
        open_table("cmu-mosi")
    assert str(error.value).endswith(f"acclimate data convert {path.with_suffix('.pkl')} {path}")


def test_no_files(data: Path) -> None:
    with pytest.raises(DataError, match="expected the folder of CMU-MOSEI, but found none: set ACCLIMATE_DATA"):
        open_table("cmu-mosei")
    (data / "MOSEI").mkdir()
    with pytest.raises(
        DataError, match=r"expected Processed/aligned_50\.pkl or Processed/unaligned_50\.pkl, but found"
    ):
        open_table("cmu-mosei")


@pytest.mark.parametrize(
    ("sizes", "release"),
    [
        ((768, 74, 35), "MMSA's MOSEI, or MOSEI as MAG-BERT and MISA packed it"),
        ((768, 33, 709), "MMSA's CH-SIMS"),
        ((300, 74, 35), "MOSEI of CMU's SDK, or as Multimodal Transformer packed it (GloVe text)"),
        ((12, 3, 4), "no release that is known here"),
    ],
)
def test_another_corpus_is_named(data: Path, sizes: tuple[int, int, int], release: str) -> None:
    path = write_corpus(data, "MOSI", make_corpus(sizes))
    with pytest.raises(DataError) as error:
        open_table("cmu-mosi")
    message = str(error.value)
    assert message.startswith(f"{path}: expected 768 features of text, 5 of audio and 20 of vision (MMSA's MOSI), or ")
    assert message.endswith(
        f"but found {sizes[0]} features of text, {sizes[1]} of audio and {sizes[2]} of vision ({release})."
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": None}, r"train/text \(utterances, steps, features\), as MMSA's files have, but found none"),
        ({"regression_labels": None}, r"train/regression_labels \(utterances,\), as MMSA's files have, but found none"),
        ({"audio": np.zeros((8, 5))}, r"train/audio .* but found the shape \(8, 5\)"),
        ({"vision": np.zeros((7, 6, 20))}, r"train/vision .* but found the shape \(7, 6, 20\)"),
        (
            {"regression_labels": np.array([0.5] * 7 + [3.5])},
            r"train/regression_labels\[7\]: expected a sentiment .* 3\.5",
        ),
        ({"regression_labels": np.array([0.5] * 7 + [np.nan])}, r"train/regression_labels\[7\]: .* but found nan"),
    ],
)
def test_files_of_another_layout(data: Path, change: dict[str, Any], message: str) -> None:
    corpus = make_corpus(SIZES["MOSI"])
    corpus["train"] = {name: value for name, value in (corpus["train"] | change).items() if value is not None}
    write_corpus(data, "MOSI", corpus)
    with pytest.raises(DataError, match=message):
        open_table("cmu-mosi")


def test_a_corpus_without_a_split(data: Path) -> None:
    corpus = make_corpus(SIZES["MOSI"])
    del corpus["valid"]
    write_corpus(data, "MOSI", corpus)
    with pytest.raises(DataError, match="expected an array valid/text"):
        open_table("cmu-mosi")


def test_an_archive_that_is_none(data: Path) -> None:
    path = write_corpus(data, "MOSI", make_corpus(SIZES["MOSI"]))
    path.write_text("x", encoding="utf-8")
    with pytest.raises(DataError, match=r"aligned_50\.npz: expected an archive of arrays \(\.npz\), but found: "):
        open_table("cmu-mosi")


def test_one_corpus_is_adapted_to_the_other(data: Path) -> None:
    for name in SIZES:
        write_corpus(data, name, make_corpus((768, 7, 9)))
    table = open_table("cmu-mosei-mosi")
    assert Counter(row.domain for row in table.rows) == {"mosei": 14, "mosi": 14}
    assert paper_shifts("cmu-mosei-mosi") == (("mosei", "mosi"), ("mosi", "mosei"))
    assert check_table(table).problems == ()


def test_corpora_with_other_features_are_named(data: Path) -> None:
    paths = [write_corpus(data, name, make_corpus(SIZES[name])) for name in ("MOSEI", "MOSI")]
    with pytest.raises(DataError) as error:
        open_table("cmu-mosei-mosi")
    assert str(error.value) == (
        f"{paths[0]} and {paths[1]}: expected the same numbers of features, but found 768 features of text, 74 of "
        "audio and 35 of vision (MMSA's MOSEI, or MOSEI as MAG-BERT and MISA packed it) and 768 features of text, 5 of "
        "audio and 20 of vision (MMSA's MOSI): extract the features of both alike, such as by MMSA-FET."
    )
