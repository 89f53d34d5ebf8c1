"""Boomda's recipes on a small table: each trains, and the balance is measured and resumed."""

from itertools import islice
from pathlib import Path

import pytest
import torch
from acclimate.framework import read_recipe
from acclimate.framework.data import Table
from acclimate.framework.recipes.recipe import Recipe
from loop.small import Interrupted, Interrupting, assert_same_runs, metrics, prepare, run

ALL = ("classification", "bottleneck", "pseudo_labels", "coral")
RECIPES = {
    "boomda": ALL,
    "boomda-qp": ALL,
    "boomda-normalised": ALL,
    "boomda-unit-norm": ALL,
    "boomda-equal": ALL,
    "boomda-ca": ("classification", "bottleneck", "coral"),
    "boomda-pl": ("classification", "bottleneck", "pseudo_labels"),
    "boomda-dt": ("classification", "bottleneck"),
    "coral": ("classification", "coral"),
}
MEASURES = ["balance/audio", "balance/video", "balance/joint", "interaction"]


def small(name: str) -> Recipe:
    """The recipe, with batches as small as the table."""
    stage = read_recipe(name).stages[0]
    stages = [{"name": stage.name, "epochs": 1, "target": stage.target}]
    return read_recipe(name, {"stages": stages, "training.batch_size": 8})


@pytest.mark.parametrize("name", RECIPES)
def test_steps(name: str, table: Table) -> None:
    method, domains = prepare(table, small(name))
    assert domains.source is not None
    assert domains.target is not None
    assert tuple(method.aligners) == RECIPES[name]
    optimizer = torch.optim.SGD(method.parameters(), 0.01)
    target = next(iter(domains.target)) if read_recipe(name).uses_target else None
    for source in islice(domains.source, 2):
        losses = method.step(source, target)
        optimizer.zero_grad()
        torch.autograd.backward(losses.total)
        optimizer.step()
    assert losses.total.isfinite()
    assert list(losses.balanced) == (["alignment"] if "boomda" in name and "coral" in RECIPES[name] else [])
    assert all(weight.grad is not None and weight.grad.abs().max() > 0 for weight in method.model.encoders.parameters())


@pytest.mark.parametrize("name", ["boomda", "coral"])
def test_trains(name: str, table: Table, tmp_path: Path) -> None:
    measures = run(table, small(name), tmp_path / "run").best.measures
    expected = [f"alignment/{key}" for key in MEASURES] if name == "boomda" else []
    assert [key for key in measures if key.startswith("alignment/")] == expected
    if expected:
        assert sum(measures[key] for key in expected[:3]) == pytest.approx(1.0)
        assert measures["alignment/interaction"] > 0


def test_terms_are_those_of_equation_14(table: Table) -> None:
    method, domains = prepare(table, small("boomda"))
    assert domains.source is not None
    batch = next(iter(domains.source))
    losses = method.step(batch, batch)
    weights = {name: term.weight for name, term in losses.terms.items()}
    heads = ("joint", "audio", "video")
    expected = {f"classification/source/{head}": 1.0 for head in heads}
    expected |= {f"bottleneck/{head}": 5e-4 for head in heads} | {f"coral/{head}": 1.0 for head in heads}
    assert weights == pytest.approx(expected | {"pseudo_labels/target/joint": 0.5})
    assert method.groups["alignment"].weight == pytest.approx(0.1)
    free = sum(term.weighted for name, term in losses.terms.items() if not name.startswith("coral/"))
    torch.testing.assert_close(losses.total, free + losses.balanced["alignment"])


def test_a_broken_run_measures_the_same(table: Table, tmp_path: Path) -> None:
    recipe = small("boomda-qp")
    run(table, recipe, tmp_path / "whole", checkpoint_every=1)
    with pytest.raises(Interrupted):
        run(table, recipe, tmp_path / "broken", checkpoint_every=1, display=Interrupting(1))
    run(table, recipe, tmp_path / "broken", resume=True, checkpoint_every=1)
    assert_same_runs(tmp_path / "whole", tmp_path / "broken")
    assert "alignment/interaction" in str(metrics(tmp_path / "whole"))
