"""MISA: a Fusion hands on private and shared parts, and an Aligner reads them (change 5)."""

from pathlib import Path

import numpy as np
import pytest
import torch
from acclimate.exporters import Session, export_onnx
from acclimate.framework import JOINT, Batch, Table, Update, read_table
from acclimate.framework.testing import check_fusion
from bits import assert_same_bits
from loop.small import class_spec, make_recipe, make_schema, prepare, run, write_table

from .misa import PrivateAndShared, moment_discrepancy

RECIPE = make_recipe(
    model__fusion={"class_path": "uses.misa.PrivateAndShared"},
    aligners={"classification": class_spec("Supervised"), "misa": {"class_path": "uses.misa.PartLosses"}},
    training__batch_size=8,
)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """Vectors of audio and video, some of which are missing."""
    return read_table(write_table(tmp_path_factory.mktemp("table"), source=26))


@pytest.fixture(scope="module")
def batch(table: Table) -> Batch:
    """All of the target."""
    target = prepare(table, make_recipe(training__batch_size=10))[1].target_in_order
    assert target is not None
    return next(iter(target))


def test_it_is_a_fusion() -> None:
    check_fusion(PrivateAndShared)


def test_parts_of_absent_modalities_are_zero(table: Table, batch: Batch) -> None:
    parts = prepare(table, RECIPE)[0].look(batch, "target").outputs.intermediate[JOINT]
    assert [*parts] == ["private/audio", "shared/audio", "private/video", "shared/video"]
    for name, part in parts.items():
        assert_same_bits(part.values.any(dim=1), batch.has(name.partition("/")[2]))


def test_training_makes_them_unlike_and_alike(table: Table) -> None:
    """In a loop of one's own, on one pair of batches."""
    method, domains = prepare(table, RECIPE)
    source, target = next(domains.source.epoch(0)), next(iter(domains.target_in_order or ()))
    optimizer = torch.optim.Adam(method.parameters(), lr=0.01)
    history = []
    for _ in range(20):
        losses = method.step(source, target, update=Update(terms=("misa/*",)))
        history.append(losses.total.item())
        optimizer.zero_grad()
        losses.total.backward()
        optimizer.step()
    assert history[-1] < 0.8 * history[0]


def test_moments_by_hand() -> None:
    """Means 0.5 and 0.25, variances 0.25 and 0; higher moments of 0 and 1 are 0, 1/16 and 0."""
    first, second = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.25], [0.25]])
    assert moment_discrepancy(first, second).item() == pytest.approx(0.25 + 0.25 + 0.0625)


@pytest.mark.usefixtures("exports")
def test_an_artefact_needs_features_alone(table: Table, batch: Batch, tmp_path: Path) -> None:
    model = run(table, RECIPE, tmp_path / "run").method.model
    export_onnx(model, tmp_path / "artefact", make_schema())
    session = Session(tmp_path / "artefact")
    inputs = {name: values.numpy() for name, values in batch.inputs.items()}
    with torch.no_grad():
        expected = model(batch.inputs, batch.present).joint_logits("label").numpy()
    found = session.run(inputs, batch.present.numpy())
    np.testing.assert_allclose(found["logits"], expected, atol=1e-5)
