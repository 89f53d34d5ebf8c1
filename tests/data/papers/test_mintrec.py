"""MIntRec on a made-up tree."""

import pickle
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import open_table, read_cell
from acclimate.framework.data.papers.mintrec import INTENTS
from acclimate.framework.data.pickles import convert
from bits import assert_same_bits

from .trees import write_sound, write_text

HEADER = "season\tepisode\tclip\ttext\tlabel"
CLIPS = {"train": 8, "dev": 2, "test": 4}


@pytest.fixture
def root(data: Path) -> Path:
    """Three splits of clips, with sound and with features of the speaker as they were pickled."""
    root = data / "MIntRec"
    features = {}
    for number, (split, count) in enumerate(CLIPS.items()):
        lines = [HEADER]
        for clip in range(count):
            name = f"S0{number + 4}_E12_{clip}"
            text = 'he said "we\'re out of juice."' if clip == 0 else f"guys, {clip} of us."
            cell = '"' + text.replace('"', '""') + '"' if '"' in text else text
            lines.append(f"S0{number + 4}\tE12\t{clip}\t{cell}\t{INTENTS[clip]}")
            frames = np.random.default_rng(clip).normal(size=(clip + 1, 1, 256)).astype(np.float32)
            features[name] = list(frames)
            write_sound(root / f"audio_data/raw_audio/S0{number + 4}/E12/{clip}.wav", clip)
        write_text(root / f"{split}.tsv", *lines)
    (root / "video_data").mkdir()
    (root / "video_data/video_feats.pkl").write_bytes(pickle.dumps(features))
    return root


@pytest.fixture
def converted(root: Path) -> Path:
    """The same after `acclimate data convert`."""
    convert(root / "video_data/video_feats.pkl", root / "video_data/video_feats.npz")
    return root


@pytest.mark.usefixtures("converted")
def test_clips_of_twenty_intents() -> None:
    table = open_table("mintrec")
    assert (table.modalities, table.text) == (("audio", "text", "video"), {"text"})
    assert len(set(INTENTS)) == 20
    assert Counter((row.domain, row.split) for row in table.rows) == {
        ("source", "train"): 4,
        ("target", "train"): 4,
        ("source", "validation"): 1,
        ("target", "validation"): 1,
        ("source", "test"): 2,
        ("target", "test"): 2,
    }
    row = table.rows[0]
    assert (row.line, row.id, row.group, row.labels) == (2, "S04_E12_0", "S04_E12", {"label": "Advise"})
    assert row.cells["text"] == 'he said "we\'re out of juice."'
    assert read_cell(str(row.cells["audio"]), table.root).array().shape == (160,)


@pytest.mark.usefixtures("converted")
def test_features_have_one_row_a_frame() -> None:
    table = open_table("mintrec")
    for clip in (0, 3):
        values = read_cell(str(table.rows[clip].cells["video"]), table.root).array()
        expected = np.random.default_rng(clip).normal(size=(clip + 1, 1, 256)).astype(np.float32)
        assert_same_bits(values, expected[:, 0])


def test_a_pickle_is_not_read(root: Path) -> None:
    with pytest.raises(DataError) as error:
        open_table("mintrec")
    path = root / "video_data/video_feats"
    assert str(error.value) == (
        f"{path}.pkl: a pickle can run anything when it is read, so training never reads one. Convert it once: "
        f"acclimate data convert {path}.pkl {path}.npz"
    )


def test_neither_features_nor_their_pickle(root: Path) -> None:
    (root / "video_data/video_feats.pkl").unlink()
    with pytest.raises(
        DataError, match=r"did not find video_data/video_feats\.pkl|expected video_data/video_feats\.pkl"
    ):
        open_table("mintrec")


def test_missing_parts(converted: Path) -> None:
    (converted / "dev.tsv").unlink()
    (converted / "audio_data/raw_audio").rename(converted / "sound")
    with pytest.raises(DataError, match=r"did not find dev\.tsv, audio_data/raw_audio\. The files come from"):
        open_table("mintrec")


def test_a_missing_sound_is_named_with_its_row(converted: Path) -> None:
    path = converted / "audio_data/raw_audio/S06/E12/3.wav"
    path.unlink()
    with pytest.raises(DataError) as error:
        open_table("mintrec")
    assert str(error.value) == (
        f"{converted}/test.tsv, line 5, id 'S06_E12_3', audio: expected a file, but found none at {path}."
    )


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["season\tepisode\tclip\ttext\tintent", "S04\tE12\t0\tyes\tAgree"], "but did not find label among season"),
        ([HEADER], "expected annotations below the header, but found none."),
        ([HEADER, "S04\tE12\t0\tyes"], "line 2: expected 5 cells, but found 4."),
        ([HEADER, "S04\tE12\t0\tyes\tNod"], "line 2: expected one of Advise, Agree, Apologise"),
        ([HEADER, "S04\tE12\t99\tyes\tAgree"], "line 2: expected features of clip 'S04_E12_99' in video_data"),
    ],
)
def test_annotations_of_another_form(converted: Path, lines: list[str], message: str) -> None:
    path = write_text(converted / "train.tsv", *lines)
    with pytest.raises(DataError) as error:
        open_table("mintrec")
    assert str(error.value).startswith(str(path))
    assert message in str(error.value)


def test_features_of_another_size(converted: Path) -> None:
    np.savez(converted / "video_data/video_feats.npz", S04_E12_0=np.zeros((5, 1, 128), dtype=np.float32))
    with pytest.raises(
        DataError, match=r"expected features \(frames, 1, 256\) of each clip, but found \(5, 1, 128\) for"
    ):
        open_table("mintrec")


def test_an_archive_that_is_none(converted: Path) -> None:
    (converted / "video_data/video_feats.npz").write_text("x", encoding="utf-8")
    with pytest.raises(DataError, match=r"video_feats\.npz: expected an archive of arrays \(\.npz\), but found: "):
        open_table("mintrec")
    np.save(converted / "video_data/array.npy", np.zeros(3))
    (converted / "video_data/array.npy").rename(converted / "video_data/video_feats.npz")
    with pytest.raises(DataError, match=r"expected an archive of arrays \(\.npz\), but found one array\."):
        open_table("mintrec")
