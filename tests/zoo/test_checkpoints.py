"""The project's own checkpoints: each opens, answers in ONNX Runtime as in torch, and the docs name its scores."""

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from acclimate.exporters import Session
from acclimate.framework.layout import modality_subsets
from acclimate.zoo.adapted_model import AdaptedModel
from acclimate.zoo.metrics import Score
from acclimate.zoo.registry import builtin_registry

ROOT = Path(__file__).parents[2]
CHECKPOINTS = ROOT / "zoo" / "checkpoints"
ENTRIES = builtin_registry().entries
METHODS = ("source-only", "rna-uda", "osan", "a3d2", "boomda", "modfinity")
TAGS = ("wrist", "avdigits-accent", "avdigits-synthetic", "spsw-har-a-c")
MACHINE_PATH = re.compile(r"(?<![\w./:-])/(home|root|tmp|work|usr|opt|mnt|Users)/|[A-Z]:\\\\")

needs_all = pytest.mark.skipif(not CHECKPOINTS.is_dir(), reason="only a checkout holds all checkpoints")


@cache
def opened(name: str) -> AdaptedModel:
    """One of them, which nobody changes."""
    return AdaptedModel.from_folder(CHECKPOINTS / name)


def documented_table() -> str:
    """The table of docs/zoo.md, from the registry."""
    lines = ["| checkpoint | source | target (oracle) | source-only on the target (oracle) |", "|---|---|---|---|"]
    for tag in TAGS:
        for method in METHODS:
            (task,) = ENTRIES[f"{method}.{tag}"].tasks.values()
            lines.append(
                f"| `{method}.{tag}` | {_cell(task.source)} | {_cell(task.target)} | {_cell(task.source_only)} |"
            )
    return "\n".join(lines)


def _cell(score: Score | None) -> str:
    assert score is not None
    assert score.std is not None
    return f"{score.value:.3f} ({score.mean:.3f} ± {score.std:.3f})"


def test_every_method_is_there_on_every_shift() -> None:
    assert set(ENTRIES) == {f"{method}.{tag}" for method in METHODS for tag in TAGS}
    assert {name for name, entry in ENTRIES.items() if entry.embedded} == {f"{method}.wrist" for method in METHODS}


@needs_all
def test_the_docs_name_their_scores() -> None:
    assert documented_table() in (ROOT / "docs" / "zoo.md").read_text(encoding="utf-8")


@needs_all
@pytest.mark.parametrize("name", ENTRIES)
def test_its_artefact_answers_as_its_model(name: str) -> None:
    adapted, session = opened(name), Session(CHECKPOINTS / name)
    generator = np.random.default_rng(0)
    schema = adapted.config.schema
    inputs = {
        modality: generator.normal(size=(3, *part.shape)).astype(np.float32)
        for modality, part in schema.preprocessing.items()
    }
    present = np.ones((3, len(inputs)), dtype=bool)
    present[1, 0], present[2, 1:] = False, False
    with torch.no_grad():
        outputs = adapted.model(
            {modality: torch.from_numpy(values) for modality, values in inputs.items()},
            torch.from_numpy(present),
        )
    found = session.run(inputs, present=present)
    (task,) = schema.tasks
    expected = outputs.logits[task.name]["joint"].numpy()
    np.testing.assert_allclose(found["logits"], expected, atol=1e-4, rtol=1e-3)
    assert (found["logits"].argmax(1) == expected.argmax(1)).all()


@needs_all
@pytest.mark.parametrize("name", ENTRIES)
def test_its_card_is_whole_and_tells_nothing_of_the_machine_but_what_it_should(name: str) -> None:
    folder, adapted = CHECKPOINTS / name, opened(name)
    config, (task,) = adapted.config, adapted.metrics.tasks.values()
    modalities = config.schema.modalities
    assert list(task.drop) == ["+".join(subset) for subset in modality_subsets(modalities)]
    assert set(task.source) == set(task.target) == {"fused", *modalities}
    assert task.drop["+".join(modalities)] == task.target["fused"]
    assert task.target["fused"].seeds == 5
    assert task.source_only is not None
    assert config.machine.threads == 1
    assert config.trained_on.digest is not None
    for file in ("README.md", "config.json", "metrics.json"):
        assert MACHINE_PATH.search((folder / file).read_text(encoding="utf-8")) is None


@needs_all
@pytest.mark.parametrize("name", ENTRIES)
def test_no_row_of_the_data_is_in_it(name: str) -> None:
    """Points are two rounded coordinates, a side and a class, of which there are 400 at most."""
    metrics = json.loads((CHECKPOINTS / name / "metrics.json").read_text(encoding="utf-8"))
    (task,) = opened(name).config.schema.tasks
    assert 5 <= len(metrics["points"]) <= 400
    for point in metrics["points"]:
        assert set(point) == {"x", "y", "side", "label"}
        assert point["label"] in (task.classes or ())
        assert round(point["x"], 2) == point["x"]
