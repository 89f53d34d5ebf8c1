"""Features of frames, the whole road: from a table to an artefact that takes clips of any length."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from acclimate.exporters import Session
from acclimate.framework import Recipe, load_run, read_recipe
from acclimate.framework.data import SequencePreprocessing, SignalPreprocessing, read_table
from acclimate.framework.encoders import LSTM, FrameMLP, SequenceCNN
from acclimate.framework.experiments.comparison import adapt_table
from acclimate.framework.experiments.experiment import Experiment
from numpy.typing import NDArray

from acclimate.__main__ import main

# As MMSA has CMU-MOSI, and as AVE's features are, less wide.
SENTIMENT = {"audio": 74, "video": 20}
EVENTS = {"audio": 128, "visual": 256}


def clip(label: int, steps: int, features: int, shift: float, generator: np.random.Generator) -> NDArray[np.float32]:
    """Frames in which one class rises and the other falls."""
    course = (1 - 2 * label) * np.linspace(-1, 1, steps)[:, np.newaxis] + shift
    return (course + 0.1 * generator.standard_normal((steps, features))).astype(np.float32)


def write_table(folder: Path, sizes: Mapping[str, int], steps: tuple[int, ...]) -> Path:
    """Two domains, 12 clips each, of one of the lengths; every fourth lacks its first modality."""
    generator, rows = np.random.default_rng(0), []
    for domain, number in ((domain, number) for domain in ("here", "there") for number in range(12)):
        row = {"id": f"{domain}{number}", "domain": domain, "split": "validation" if number > 7 else "train"}
        for column, (name, features) in enumerate(sizes.items()):
            row[name] = "" if number % 4 == 3 and column == 0 else f"{row['id']}-{name}.npy"
            values = clip(number % 2, steps[number % len(steps)], features, 0.5 * (domain == "there"), generator)
            np.save(folder / f"{row['id']}-{name}.npy", values)
        rows.append({**row, "label": ("up", "down")[number % 2]})
    with (folder / "table.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder / "table.csv"


def make_recipe(**changes: object) -> Recipe:
    return read_recipe("rna-uda", {"stages.0.epochs": 1, "training.batch_size": 8, **changes})


@pytest.mark.usefixtures("exports")
def test_clips_of_any_length_go_from_a_table_to_an_artefact(tmp_path: Path) -> None:
    table = write_table(tmp_path, SENTIMENT, (1, 7, 30, 12))
    spec = {"class_path": "acclimate.framework.encoders.LSTM", "init_args": {"hidden": 8}}
    recipe = make_recipe(**{"data.preprocessing.video.kind": "sequence", "model.encoders.video": spec})
    adapt_table(Experiment(recipe, read_table(table), "here", "there"), tmp_path / "run", reference=None)
    method, schema, _ = load_run(tmp_path / "run")
    assert {name: preprocessing.shape for name, preprocessing in schema.preprocessing.items()} == {
        "audio": (30, 74),
        "video": (30, 20),
    }
    assert isinstance(method.model.encoders["audio"], SequenceCNN)
    assert isinstance(method.model.encoders["video"], LSTM)
    main(["export", str(tmp_path / "run"), "--out", str(tmp_path / "artefact")])
    session, generator = Session(tmp_path / "artefact"), np.random.default_rng(1)
    assert session.config.inputs == ("audio", "video", "present", "audio_length", "video_length")
    for steps in (1, 5, 80):
        files = {name: clip(0, steps, features, 0.5, generator) for name, features in SENTIMENT.items()}
        found = session.predict(cast("dict[str, Any]", files)).probabilities["label"]
        assert sum(found.values()) == pytest.approx(1, abs=1e-5)


def test_frames_of_a_network_are_sequences_without_being_named(tmp_path: Path) -> None:
    table = write_table(tmp_path, EVENTS, (10,))
    spec = {"class_path": "acclimate.framework.encoders.FrameMLP"}
    experiment = Experiment(make_recipe(**{"model.encoders.visual": spec}), read_table(table), "here", "there")
    schema, domains = experiment.open()
    assert [type(preprocessing) for preprocessing in schema.preprocessing.values()] == [SequencePreprocessing] * 2
    encoders = experiment.build(experiment.recipe, schema, domains).model.encoders
    assert isinstance(encoders["audio"], SequenceCNN)
    assert isinstance(encoders["visual"], FrameMLP)


def test_a_recipe_reads_signals_by_an_lstm_and_up_to_their_own_end(tmp_path: Path) -> None:
    table = write_table(tmp_path, {"phone": 3, "watch": 6}, (8, 20))
    encoders = {
        "phone": {"class_path": "acclimate.framework.encoders.SignalLSTM", "init_args": {"hidden": 8}},
        "signal": {"class_path": "acclimate.framework.encoders.SignalResNet", "init_args": {"masked": True}},
    }
    recipe = make_recipe(**{"model.encoders": encoders})
    adapt_table(Experiment(recipe, read_table(table), "here", "there"), tmp_path / "run", reference=None)
    method, schema, _ = load_run(tmp_path / "run")
    assert [type(preprocessing) for preprocessing in schema.preprocessing.values()] == [SignalPreprocessing] * 2
    assert all(encoder.time_axis is not None for encoder in method.model.encoders.values())
