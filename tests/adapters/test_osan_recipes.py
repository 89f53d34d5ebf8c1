"""OSAN's recipes and MMD's on a small table: each trains, and the projections are resumed and shipped."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from acclimate.exporters import Session, export_onnx
from acclimate.framework import read_recipe
from acclimate.framework.data import Table
from acclimate.framework.recipes.recipe import Recipe
from bits import same_bits
from loop.small import (
    Interrupted,
    Interrupting,
    assert_same_runs,
    make_schema,
    metrics,
    prepare,
    run,
    weights,
)

CLASSIFICATION = {"classification/source/joint", "classification/source/audio", "classification/source/video"}
RAW, GENERATED, DISCREPANCY = {"adversarial/raw"}, {"adversarial/generated"}, {"discrepancy/joint"}
ALL = CLASSIFICATION | RAW | GENERATED | DISCREPANCY
RECIPES = {
    "osan": ALL,
    "osan-random": ALL,
    "osan-nearest": ALL,
    "osan-mixup": ALL,
    "osan-no-ddg": CLASSIFICATION | RAW | DISCREPANCY,
    "osan-no-tal": ALL,
    "osan-no-both": CLASSIFICATION | RAW | DISCREPANCY,
    "osan-cls": CLASSIFICATION,
    "osan-adv": CLASSIFICATION | RAW | GENERATED,
    "osan-dis": CLASSIFICATION | DISCREPANCY,
    "mmd": {"classification/source/joint"} | DISCREPANCY,
}


def small(name: str, epochs: int = 1) -> Recipe:
    """The recipe, with batches as small as the table."""
    return read_recipe(name, {"stages.0.epochs": epochs, "training.batch_size": 8, "training.modality_dropout": 0.2})


@pytest.mark.parametrize("name", RECIPES)
def test_steps(name: str, table: Table) -> None:
    method, domains = prepare(table, small(name))
    assert domains.source is not None
    assert domains.target is not None
    optimizer = torch.optim.SGD(method.parameters(), 0.01)
    generator = torch.Generator().manual_seed(0)
    method.train()
    for source, target in islice(zip(domains.source, domains.target, strict=False), 3):
        losses = method.step(source, target, progress=0.5, generator=generator)
        assert losses.terms.keys() == RECIPES[name]
        optimizer.zero_grad()
        losses.total.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        assert losses.total.isfinite()


def test_an_interrupted_run_goes_on_to_the_same_projections(table: Table, tmp_path: Path) -> None:
    recipe = small("osan", 3)
    run(table, recipe, tmp_path / "whole")
    with pytest.raises(Interrupted):
        run(table, recipe, tmp_path / "broken", display=Interrupting(5), checkpoint_every=2)
    run(table, recipe, tmp_path / "broken", resume=True)
    assert_same_runs(tmp_path / "whole", tmp_path / "broken")
    shared = [value for name, value in weights(tmp_path / "whole").items() if name.endswith("modes.audio.source")]
    assert len(shared) == 3
    assert all(same_bits(value, shared[0]) for value in shared)
    measured = [row for row in metrics(tmp_path / "whole") if row["kind"] == "epoch"][-1]["measures"]
    assert 0.0 < measured["tensor/correlation/audio"] <= 1.0


@pytest.mark.usefixtures("exports")
def test_an_artefact_projects_as_the_target_does(table: Table, tmp_path: Path) -> None:
    method = run(table, small("osan", 2), tmp_path / "run").method.eval()
    export_onnx(method.model, tmp_path / "artefact", make_schema())
    session = Session(tmp_path / "artefact")
    features = {"audio": np.linspace(-1, 1, 4, dtype=np.float32), "video": np.linspace(0, 1, 3, dtype=np.float32)}
    for subset in (("audio", "video"), ("audio",), ("video",)):
        found = session.predict({name: features[name] for name in subset}).probabilities["label"]
        inputs = {
            name: torch.from_numpy(values)[None] if name in subset else torch.full((1, len(values)), torch.nan)
            for name, values in features.items()
        }
        present = torch.tensor([[name in subset for name in features]])
        with torch.no_grad():
            sides = [
                method.model(inputs, present, side).joint_logits("label").softmax(dim=1)
                for side in ("target", "source")
            ]
        np.testing.assert_allclose(np.array([*found.values()]), sides[0][0].numpy(), atol=1e-5)
        assert (sides[0] - sides[1]).abs().max() > 1e-4
