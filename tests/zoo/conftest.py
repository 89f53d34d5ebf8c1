"""A small adapted model, and the checkpoint that was saved of it."""

import shutil
from pathlib import Path

import pytest
import torch
from acclimate.framework import Builder, Task, read_recipe
from acclimate.framework.data.preprocessing import FeaturesPreprocessing
from acclimate.framework.data.schema import Schema
from acclimate.zoo.adapted_model import AdaptedModel
from acclimate.zoo.config import CheckpointConfig, Machine, TrainedOn
from acclimate.zoo.folder import open_folder
from acclimate.zoo.metrics import CheckpointMetrics, Point, Score, TaskMetrics
from acclimate.zoo.registry import REGISTRY_FILE, Registry
from acclimate.zoo.registry_entry import RegistryEntry

# A program of its own, which finds its modules beside it.
collect_ignore = ["fuzz_child.py"]


def make_model(recipe: str = "modfinity") -> AdaptedModel:
    """MODfinity shares its class encoder between fusion, aligner and selector: its weights must be there once."""
    schema = Schema(
        {
            "face": FeaturesPreprocessing(mean=[0.0, 1.0, 2.0], std=[1.0, 2.0, 1.0]),
            "voice": FeaturesPreprocessing(mean=[0.0] * 5, std=[1.0] * 5),
        },
        (Task("mood", ("bad", "good", "none")),),
    )
    parsed = read_recipe(recipe)
    model = Builder(parsed).build(schema, {"source": 20, "target": 30}, seed=3).model
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.01)
    score, other = Score(0.5, 0.45, 0.05, 3), Score(0.6, 0.6, None, 1)
    task = TaskMetrics(
        measure="accuracy",
        higher_is_better=True,
        source={"fused": other, "face": other},
        target={"fused": score, "face": score, "voice": other},
        drop={"face+voice": score, "face": score, "voice": other},
        source_only=other,
    )
    return AdaptedModel(
        model.eval(),
        CheckpointConfig(
            name=f"{recipe}.moods",
            licence="Apache-2.0",
            recipe=parsed,
            schema=schema,
            samples={"source": 20, "target": 30},
            trained_on=TrainedOn("moods.csv", ("day",), "night", 0, "rounds", 7, "CC0-1.0"),
            machine=Machine("3.11.7", "Linux", "some processor", 1, {"torch": "2.14.1"}),
        ),
        CheckpointMetrics(
            tasks={"mood": task},
            selection={"modality_agreement": 0.7},
            selected_by="modality_agreement",
            chosen_among="Of 3 seeds, the first.",
            points=(Point(0.0, 1.5, "source", "bad"),),
        ),
    )


@pytest.fixture(scope="session")
def adapted() -> AdaptedModel:
    """With weights of its own."""
    torch.manual_seed(0)
    return make_model()


@pytest.fixture(scope="session")
def saved(adapted: AdaptedModel, tmp_path_factory: pytest.TempPathFactory, graphs: None) -> Path:
    """Its checkpoint, which no test may change."""
    return adapted.save_pretrained(tmp_path_factory.mktemp("zoo") / "modfinity.moods").path


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy, to be harmed."""
    return Path(shutil.copytree(saved, tmp_path / "copy"))


@pytest.fixture(scope="session")
def entry(saved: Path) -> RegistryEntry:
    """What a registry says of it."""
    return RegistryEntry.from_folder(open_folder(saved))


@pytest.fixture(scope="session")
def mirror(saved: Path, entry: RegistryEntry) -> Path:
    """A folder that holds it, with a registry; no test may change it."""
    registry = Registry({entry.name: entry}, {"modfinity.faces": entry.name})
    (saved.parent / REGISTRY_FILE).write_text(registry.to_json(), encoding="utf-8")
    return saved.parent


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, graphs: None) -> None:
    """No test sees what the user has pulled, or asks the user's mirrors."""
    monkeypatch.setenv("ACCLIMATE_CACHE", str(tmp_path / "cache"))
    for name in ("ACCLIMATE_OFFLINE", "ACCLIMATE_ZOO_MIRRORS"):
        monkeypatch.delenv(name, raising=False)
