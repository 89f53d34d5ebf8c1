"""An Aligner runs the model's heads and fusion on features that it made itself (change 7)."""

from pathlib import Path

import pytest
import torch
from acclimate.framework import Batch, Method, Side, Step
from acclimate.framework.data import Table
from acclimate.framework.testing import check_aligner
from loop.small import make_recipe, prepare, run
from torch import Tensor

from .nuclear_discrepancy import NuclearDiscrepancy

MIXUP = {"class_path": "uses.feature_mixup.FeatureMixup", "init_args": {"share": 1.0}}
DALN = {"class_path": "uses.nuclear_discrepancy.NuclearDiscrepancy"}


def open_first(table: Table, aligner: dict[str, object]) -> tuple[Method, Batch, Batch]:
    method, domains = prepare(table, make_recipe(aligners={"own": aligner}))
    assert domains.target is not None
    return method, next(domains.source.epoch()), next(domains.target.epoch())


def test_mixup_with_nothing_but_oneself_is_the_cross_entropy(table: Table) -> None:
    method, source, target = open_first(table, MIXUP)
    whole = source.present.all(dim=1)
    assert source.labels is not None
    side = method.look(source, "source")
    losses = method.step(source, target, generator=torch.Generator().manual_seed(0))
    order = torch.randperm(len(source), generator=torch.Generator().manual_seed(0))
    rows = (source.present & source.present[order]).any(dim=1)
    assert whole[rows].all()
    expected = torch.nn.functional.cross_entropy(side.outputs.joint_logits("label")[rows], source.labels["label"][rows])
    torch.testing.assert_close(losses.total, expected)


def test_mixtures_train_encoders_heads_and_fusion(table: Table, tmp_path: Path) -> None:
    mixup = {**MIXUP, "init_args": {"share": 0.7}}
    recipe = make_recipe(aligners={"mixup": mixup}, stages=[{"name": "only", "epochs": 12}])
    history = run(table, recipe, tmp_path / "run").history
    assert history[-1].source_score > max(0.8, history[0].source_score)


def gradients(method: Method, loss: Tensor) -> dict[str, Tensor]:
    names = [name for name, _ in method.model.named_parameters()]
    found = torch.autograd.grad(loss, list(method.model.parameters()), materialize_grads=True)
    return dict(zip(names, found, strict=True))


def test_heads_sharpen_the_discrepancy_that_features_dull(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the reversal, heads have the same gradient and encoders the opposite one."""
    method, source, target = open_first(table, DALN)
    found = gradients(method, method.step(source, target).total)
    monkeypatch.setattr("uses.nuclear_discrepancy.reverse_gradient", lambda values, _: values)
    plain = gradients(method, method.step(source, target).total)
    assert all(gradient.any() for gradient in plain.values())
    for name, gradient in plain.items():
        torch.testing.assert_close(found[name], -gradient if name.startswith("encoders.") else gradient)


def test_a_step_made_by_hand_says_what_is_missing(table: Table) -> None:
    method, source, target = open_first(table, DALN)
    aligner = NuclearDiscrepancy()
    aligner.tasks = ["label"]
    step = Step(source=method.look(source, "source"), target=method.look(target, "target"))
    with pytest.raises(ValueError, match="a step that is made by hand must be given model, but has none"):
        aligner(step)
    with pytest.raises(ValueError, match="a side that is made by hand must be given run, but has none"):
        Side(source, method.look(source, "source").outputs).ask(method.model)


def test_the_kit_has_heads_for_them() -> None:
    check_aligner(NuclearDiscrepancy, gradient_sign=-1.0)
