"""acclimate evaluate on an artefact and a table of real files, where there is no torch."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from xml.etree.ElementTree import parse

import numpy as np
import pytest
import soundfile
from PIL import Image

from .conftest import Exported
from .test_session import WITHOUT_TORCH

ROWS = 12
SUBSETS = [
    "audio+image+wrist-left",
    "audio+image",
    "audio+wrist-left",
    "image+wrist-left",
    "audio",
    "image",
    "wrist-left",
]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sounds, pictures and signals; every fourth row has no picture, and the last has a sound alone."""
    generator, folder = np.random.default_rng(0), tmp_path_factory.mktemp("table")
    rows = []
    for row in range(ROWS):
        soundfile.write(folder / f"{row}.wav", 0.3 * generator.standard_normal(350 + 10 * row), 8000)
        Image.fromarray(generator.integers(0, 256, (12, 10), dtype=np.uint8)).save(folder / f"{row}.png")
        np.save(folder / f"{row}.npy", generator.standard_normal((25, 2)))
        cells = {"audio": f"{row}.wav", "image": f"{row}.png" if row % 4 else "", "wrist-left": f"{row}.npy"}
        if row == ROWS - 1:
            cells |= {"image": "", "wrist-left": ""}
        label = ("one", "two", "three")[generator.integers(3)]
        rows.append({"id": row, "domain": "kitchen", "split": "test", "label.digit": label, **cells})
    with (folder / "table.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder / "table.csv"


BLOCKER = WITHOUT_TORCH.partition("from acclimate")[0]
EVALUATE = f"""
{BLOCKER}
from acclimate.__main__ import main

sys.exit(main())
"""


def test_an_artefact_is_evaluated_without_torch(recordings: Exported, table: Path, tmp_path: Path) -> None:
    scores, picture = tmp_path / "scores.json", tmp_path / "picture.svg"
    command = [sys.executable, "-c", EVALUATE, "evaluate", recordings.folder, "--data", table, "--batch-size", "5"]
    done = subprocess.run(
        [*command, "--json", scores, "--picture", picture], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(scores.read_text())
    assert found["runtime"] == "onnx"
    assert found["confidence"] == pytest.approx({"level": 0.95, "resamples": 1000, "seed": 0})
    assert list(found["drop"]["digit"]) == SUBSETS
    for name, row in found["drop"]["digit"].items():
        assert row["intervals"]["accuracy"]["low"] <= row["accuracy"] <= row["intervals"]["accuracy"]["high"]
        assert row["intervals"]["balanced_accuracy"]["low"] <= row["balanced_accuracy"]
        assert row["samples"] + row["excluded"] == ROWS
        assert (row["loss_interval"] is None) == (name == SUBSETS[0])
    assert found["drop"]["digit"]["image"]["excluded"] == 4
    timing = found["timing"]
    assert list(timing["subsets"]) == SUBSETS
    assert all(
        0 < row["median"] <= row["percentile_95"] and row["throughput"] > 0 for row in timing["subsets"].values()
    )
    assert timing["batch_size"] == 5
    assert timing["environment"]["provider"] == "CPUExecutionProvider"
    assert {"threads", "processor", "cores", "python", "packages"} <= set(timing["environment"])
    assert "numpy" in timing["environment"]["packages"]
    assert parse(picture).getroot().tag.endswith("svg")  # noqa: S314 - our own
    assert max(map(len, done.stdout.splitlines())) <= 80
    for words in ("balanced", "excluded", "ms, median", "batch of 5"):
        assert words in done.stdout
