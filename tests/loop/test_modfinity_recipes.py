"""MODfinity's recipes through the loop: rounds, breaks, artefacts, and what does not fit together."""

from pathlib import Path

import numpy as np
import pytest
import torch
from acclimate.adapters.affinity_fusion import Affinity
from acclimate.exporters import Session, export_onnx
from acclimate.framework import Builder, RecipeError, read_recipe
from acclimate.framework.data import Table
from acclimate.framework.recipes.recipe import Recipe

from .small import (
    SIZES,
    TARGET,
    Interrupted,
    Interrupting,
    assert_same_runs,
    assert_same_tensors,
    build,
    make_schema,
    metrics,
    mlp,
    run,
    weights,
)

NAMES = [f"modfinity{variant}" for variant in ("", "-logits", "-unlock", "-ratio", "-authors", "-replay")]
ROUNDS = 3
CLASS_VECTORS = "parts.classes."


def small(name: str = "modfinity", **changes: object) -> Recipe:
    """A recipe with encoders and stages for a small table."""
    settings: dict[str, object] = {
        "model.encoders": {"features": mlp(dropout=0.2)},
        "stages.0.epochs": 2,
        "stages.1.epochs": 2,
        "stages.1.rounds": ROUNDS,
        "training.batch_size": 4,
        "training.modality_dropout": 0.2,
    }
    return read_recipe(name, settings | {key.replace("__", "."): value for key, value in changes.items()})


@pytest.fixture(scope="module")
def unbroken(table: Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of rounds."""
    out = tmp_path_factory.mktemp("unbroken") / "run"
    run(table, small(), out, checkpoint_every=1)
    return out


@pytest.mark.parametrize("name", NAMES)
def test_each_recipe_trains(name: str, table: Table, tmp_path: Path) -> None:
    run(table, small(name, training__batch_size=2), tmp_path / "run")
    rows = metrics(tmp_path / "run")
    assert [(row["stage"], row["round"]) for row in rows if row["kind"] == "epoch"] == [
        *(("source", 0),) * 2,
        *(("rounds", number) for number in range(ROUNDS) for _ in range(2)),
    ]
    terms = set().union(*(row["losses"] for row in rows if row["kind"] == "step"))
    assert {"metric/source/audio", "metric/target/video", "distillation/audio", "classification/target/audio"} <= terms
    assert "classification/target/joint" not in terms


def test_alpha_rises_by_rounds_and_stays_within_each(unbroken: Path) -> None:
    kept = [row["measures"]["selector/kept"] for row in metrics(unbroken) if row["kind"] == "epoch"]
    # .15, .3 and .45 of 10 samples, rounded up.
    assert kept == pytest.approx([0.0, 0.0, 0.2, 0.2, 0.3, 0.3, 0.5, 0.5])
    assert weights(unbroken)["selector.studies"] == ROUNDS
    assert weights(unbroken)["selector.material.label.labels"].shape == (TARGET,)


# 12 steps on the source, then rounds of 2, 2 and 4 steps.
@pytest.mark.parametrize("stops", [[5, 7], [12, 1, 1], [13], [16, 2]])
def test_what_was_decided_for_a_round_survives_a_break(
    stops: list[int], unbroken: Path, table: Table, tmp_path: Path
) -> None:
    for stop in stops:
        with pytest.raises(Interrupted):
            run(table, small(), tmp_path / "run", checkpoint_every=1, resume=True, display=Interrupting(stop))
    run(table, small(), tmp_path / "run", checkpoint_every=1, resume=True)
    assert_same_runs(unbroken, tmp_path / "run")


def test_judging_by_logits_trains_the_same(unbroken: Path, table: Table, tmp_path: Path) -> None:
    run(table, small("modfinity-logits"), tmp_path / "run", checkpoint_every=1)
    first, second = (
        {_shared(name): value for name, value in weights(out).items()} for out in (unbroken, tmp_path / "run")
    )
    assert_same_tensors(first, second)


def _shared(name: str) -> str:
    """The class encoder under one name, whichever part it is stored with."""
    return CLASS_VECTORS + name.split(".layers.")[1] if ".layers.label." in name else name


@pytest.mark.usefixtures("exports")
def test_the_artefact_answers_as_the_model_does_without_a_modality(table: Table, tmp_path: Path) -> None:
    model = run(table, small(), tmp_path / "run").method.model
    assert isinstance(model.fusion, Affinity)
    schema = make_schema()
    report = export_onnx(model, tmp_path / "artefact", schema, recipe="modfinity")
    assert report.argmax_agreement == pytest.approx(1.0)
    assert report.max_abs < 1e-4
    inputs = {name: torch.randn(5, size) for name, size in SIZES.items()}
    present = torch.tensor([[True, False]]).expand(5, 2)
    with torch.no_grad():
        expected = model(inputs, present).joint_logits("label").softmax(dim=1)
    logits = Session(tmp_path / "artefact").run({"audio": inputs["audio"].numpy()})["logits"]
    np.testing.assert_allclose(np.exp(logits), expected.numpy(), atol=1e-5)


def test_features_of_different_sizes_need_a_projection() -> None:
    encoders = {"audio": mlp(), "video": {**mlp(), "init_args": {"hidden": [6], "out_features": 7}}}
    with pytest.raises(RecipeError, match=r"classes: affinity compares features of one size, .*set model.projection"):
        build(small(model__encoders=encoders))
    projected = build(small(model__encoders=encoders, model__projection=4))
    assert projected.parts["classes"].get_submodule("layers.label").get_parameter("weight").shape == (4, 3)


def test_a_target_of_unknown_size_is_refused() -> None:
    with pytest.raises(RecipeError, match="modfinity: selector: samples of the target must be known"):
        Builder(small()).build(make_schema())
