"""Small tables, recipes and runs."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from acclimate.framework import Adapted, Builder, Method, Recipe, Schema, Task, adapt
from acclimate.framework.data import Table, read_table
from acclimate.framework.data.preprocessing import FeaturesPreprocessing
from acclimate.framework.experiments.experiment import Experiment
from acclimate.framework.recipes.recipe import parse_recipe
from acclimate.framework.runs.checkpoint import Checkpoint, read_checkpoint
from acclimate.framework.runs.run_folder import RunFolder
from acclimate.framework.training.display import Display
from acclimate.framework.training.domains import Domains
from acclimate.framework.training.run_options import RunOptions
from bits import same_bits
from numpy.typing import NDArray

CLASSES = ("cut", "stir", "wash")
SIZES = {"audio": 4, "video": 3}
SOURCE, VALIDATION, TARGET = 22, 9, 10
"""Rows; with batches of 4 the source has 6, the last of 2 rows, and the target 3, the last of 2: it cycles."""


def write_table(
    folder: Path, *, poison: bool = False, source: int = SOURCE, target: int = TARGET, test: int = 0
) -> Path:
    """A table of .npy files; every fifth row lacks a modality. Poisoned, the target's labels are wrong."""
    generator = np.random.default_rng(7)
    centres = {name: generator.normal(size=(len(CLASSES), size)) for name, size in SIZES.items()}
    rows: list[dict[str, str]] = []
    for domain, split, count in (
        ("here", "train", source),
        ("here", "validation", VALIDATION),
        ("there", "train", target),
        ("there", "test", test),
    ):
        for number in range(count):
            label = number % len(CLASSES)
            row = {"id": f"{domain}-{split}-{number}", "domain": domain, "split": split}
            for column, (name, size) in enumerate(SIZES.items()):
                vector = centres[name][label] + 0.4 * generator.normal(size=size) + (domain == "there") * 0.7
                row[name] = "" if number % 5 == 3 and number % 2 == column else _save(folder, row["id"], name, vector)
            wrong = poison and domain == "there"
            rows.append({**row, "label": CLASSES[(label + wrong) % len(CLASSES)]})
    path = folder / "table.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def _save(folder: Path, name: str, modality: str, vector: NDArray[np.float64]) -> str:
    np.save(folder / f"{name}-{modality}.npy", vector.astype(np.float32))
    return f"{name}-{modality}.npy"


def make_schema() -> Schema:
    """The schema of such a table, without statistics."""
    preprocessing = {name: FeaturesPreprocessing(mean=[0.0] * size, std=[1.0] * size) for name, size in SIZES.items()}
    return Schema(preprocessing, (Task("label", CLASSES),))


def class_spec(name: str, **init_args: object) -> dict[str, object]:
    """A class of ours, or one of `parts.py`."""
    folder = "loop.parts" if name[0] == "." else "acclimate.adapters"
    return {"class_path": f"{folder}.{name.removeprefix('.')}", "init_args": init_args}


def mlp(dropout: float = 0.0) -> dict[str, object]:
    """A small encoder of vectors."""
    init_args = {"hidden": [6], "out_features": 5, "dropout": dropout}
    return {"class_path": "acclimate.framework.encoders.MLP", "init_args": init_args}


def make_recipe(**changes: object) -> Recipe:
    """A small recipe that classifies, with changes by dotted key, in which `__` stands for the dot."""
    data: dict[str, Any] = {
        "schema": 1,
        "name": "small",
        "model": {"fusion": class_spec("LateSum"), "encoders": {"features": mlp()}},
        "aligners": {"classification": class_spec("Supervised")},
        "stages": [{"name": "only", "epochs": 2}],
        "training": {
            "optimizer": {"class_path": "torch.optim.Adam", "init_args": {"lr": 0.01}},
            "batch_size": 4,
        },
    }
    for key, value in changes.items():
        *parents, last = key.split("__")
        node = data
        for parent in parents:
            node = node[parent]
        node[last] = value
    return parse_recipe(data)


def make_experiment(table: Table, recipe: Recipe) -> Experiment:
    """From `here` to `there`."""
    return Experiment(recipe, table, ("here",), "there")


def prepare(table: Table | Path, recipe: Recipe, seed: int = 0) -> tuple[Method, Domains]:
    """A new Method, and its data."""
    experiment = make_experiment(read_table(table) if isinstance(table, Path) else table, recipe)
    schema, domains = experiment.open(seed)
    return experiment.build(recipe, schema, domains, seed), domains


def run(table: Table, recipe: Recipe, out: Path, **options: Any) -> Adapted:  # noqa: ANN401
    """Build and adapt."""
    method, domains = prepare(table, recipe)
    config = options.pop("config", None)
    return adapt(method, recipe, domains, out, RunOptions(**options), config=config)


def build(recipe: Recipe, seed: int = 0) -> Method:
    """A Method for a small table, without data."""
    return Builder(recipe).build(make_schema(), {"source": SOURCE, "target": TARGET}, seed)


class Interrupted(Exception):  # noqa: N818 - no error
    """Raised in the middle of training."""


class Interrupting(Display):
    """Ends a run after so many steps, with no more notice than a signal gives."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def step(self, epochs: float, loss: torch.Tensor) -> None:
        """Count."""
        self.left -= 1
        if self.left < 0:
            raise Interrupted


def metrics(out: Path) -> list[dict[str, Any]]:
    """Rows of metrics.jsonl without times."""
    times = {"seconds", "seconds_per_step"}
    return [{key: value for key, value in row.items() if key not in times} for row in RunFolder(out).metrics()]


def checkpoint(out: Path, name: str = "last") -> Checkpoint:
    """A run's checkpoint."""
    return read_checkpoint(out / "checkpoints" / f"{name}.safetensors")


def weights(out: Path, name: str = "last") -> dict[str, torch.Tensor]:
    """A run's weights."""
    return checkpoint(out, name).under("method.")


def assert_same_tensors(first: Mapping[str, torch.Tensor], second: Mapping[str, torch.Tensor]) -> None:
    """The same names, and bit-equal values."""
    assert first.keys() == second.keys()
    different = [name for name in first if not same_bits(first[name], second[name])]
    assert not different


def assert_same_runs(first: Path, second: Path) -> None:
    """All that two runs leave is equal, times apart."""
    assert metrics(first) == metrics(second)
    for name in ("last", "best"):
        one, other = checkpoint(first, name), checkpoint(second, name)
        assert_same_tensors(one.tensors, other.tensors)
        assert _timeless(one.state) == _timeless(other.state)


def _timeless(state: Mapping[str, Any]) -> dict[str, Any]:
    progress = {key: value for key, value in state["progress"].items() if key != "seconds"}
    # Rows with times are not equally long.
    return {**state, "progress": progress, "metrics_length": None}
