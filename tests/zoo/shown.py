"""Checkpoints to show in a gallery: true configurations, scores and hashes, but no weights. Needs no torch."""

import hashlib
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import attrs
import numpy as np
from acclimate.exporters.artefact import ArtefactConfig
from acclimate.framework import Task, read_recipe
from acclimate.framework.data.preprocessing import FeaturesPreprocessing
from acclimate.framework.data.schema import Schema
from acclimate.zoo.config import CheckpointConfig, Machine, TrainedOn
from acclimate.zoo.folder import format_hashes, open_folder
from acclimate.zoo.metrics import CheckpointMetrics, Point, Score, TaskMetrics
from acclimate.zoo.names import CARD_FILE, CONFIG_FILE, GRAPH_FILE, HASHES_FILE, METRICS_FILE, WEIGHTS_FILE
from acclimate.zoo.registry import Registry, RegistryEntry


@attrs.frozen(kw_only=True)
class Words:
    """All that strangers may choose freely in a checkpoint."""

    description: str = "A method"
    data: str = "moods"
    domains: tuple[str, str] = ("day", "night")
    modalities: tuple[str, ...] = ("face", "voice")
    task: str = "mood"
    classes: tuple[str, ...] = ("bad", "good", "none")
    measure: str = "accuracy"
    licence: str = "Apache-2.0"
    chosen_among: str = "Of 3 seeds, the first."


def make_metrics(words: Words, target: float, source_only: float, *, higher_is_better: bool) -> CheckpointMetrics:
    """Scores that fall with each modality that is lost, and a point of each class and side."""
    floor, own = Score(source_only, source_only, None, 1), Score(target, target - 0.02, 0.05, 3)
    subsets = [
        subset for size in range(len(words.modalities), 0, -1) for subset in combinations(words.modalities, size)
    ]
    drop = {
        "+".join(subset): own if number == 0 else Score(target - 0.01 * number, target, 0.01, 3)
        for number, subset in enumerate(subsets)
    }
    task = TaskMetrics(
        measure=words.measure,
        higher_is_better=higher_is_better,
        source={"fused": Score(0.9, 0.9, None, 1)},
        target={"fused": own},
        drop=drop,
        source_only=floor,
    )
    generator = np.random.default_rng(0)
    points = tuple(
        Point(*generator.normal(10 * number, 1, 2).tolist(), side, label)
        for number, label in enumerate(words.classes)
        for side in ("source", "target")
        for _ in range(5)
    )
    return CheckpointMetrics(
        tasks={words.task: task},
        selection={"modality_agreement": 0.7},
        selected_by="modality_agreement",
        chosen_among=words.chosen_among,
        points=points,
    )


def write_checkpoint(
    mirror: Path,
    name: str,
    words: Words = Words(),
    *,
    target: float = 0.5,
    source_only: float = 0.4,
    higher_is_better: bool = True,
) -> RegistryEntry:
    """Write one into a mirror's folder, and describe it."""
    modalities = {modality: FeaturesPreprocessing(mean=[0.0], std=[1.0]) for modality in words.modalities}
    schema = Schema(modalities, (Task(words.task, words.classes),))
    source, other = words.domains
    config = CheckpointConfig(
        name=name,
        licence=words.licence,
        recipe=attrs.evolve(read_recipe("rna-uda"), name=name.partition(".")[0], description=words.description),
        schema=schema,
        samples={"source": 20, "target": 30},
        trained_on=TrainedOn(words.data, (source,), other, 0, "adaptation", 7, words.licence),
        machine=Machine("3.11.7", "Linux", "some processor", 1, {"torch": "2.14.1"}),
    )
    artefact = ArtefactConfig(schema=schema, opset=20, recipe="rna-uda", versions={}, metadata={})
    metrics = make_metrics(words, target, source_only, higher_is_better=higher_is_better)
    contents = {
        CARD_FILE: "# A card\n",
        CONFIG_FILE: config.to_json(artefact.to_document()),
        GRAPH_FILE: "a graph",
        METRICS_FILE: metrics.to_json(),
        WEIGHTS_FILE: "weights",
    }
    folder = mirror / name
    folder.mkdir(parents=True)
    for file, content in contents.items():
        (folder / file).write_text(content, encoding="utf-8")
    hashes = {file: hashlib.sha256(content.encode()).hexdigest() for file, content in contents.items()}
    (folder / HASHES_FILE).write_text(format_hashes(hashes), encoding="ascii")
    return RegistryEntry.from_folder(open_folder(folder))


def write_registry(mirror: Path, entries: Sequence[RegistryEntry]) -> None:
    """Make a mirror say what it has."""
    registry = Registry({entry.name: entry for entry in entries})
    (mirror / "registry.json").write_text(registry.to_json(), encoding="utf-8")
