"""Two views of the target's samples: what the weak one says surely teaches the strong one (change 6)."""

from pathlib import Path

import attrs
import pytest
import torch
from acclimate.framework import Batch, RunOptions, Step, Table, adapt, read_recipe
from acclimate.framework.experiments.comparison import adapt_table
from acclimate.framework.experiments.experiment import Experiment
from acclimate.framework.training.own_batches import OwnBatches
from loop.small import Interrupted, Interrupting, assert_same_runs, assert_same_tensors, weights

from .fix_match import FixMatch

FIX_MATCH = {"class_path": "uses.fix_match.FixMatch", "init_args": {"threshold": 0.2}}
CHANGES = {
    "aligners.fix_match": FIX_MATCH,
    "stages": [{"name": "adaptation", "epochs": 1}],
    "training.optimizer": {"class_path": "torch.optim.SGD", "init_args": {"lr": 0.01}},
    "training.learning_rate": None,
    "training.gradient_clip": None,
    "training.batch_size": 16,
}
OWN_LOOP = read_recipe("source-only", CHANGES)
NOISE = {"accelerometer": ["gaussian_noise(std=1)"], "gyroscope": ["gaussian_noise(std=1)"]}
VIEWS = {"strong": {"side": "target", "augment": NOISE}, "weak": {"side": "target"}}
OUR_LOOP = read_recipe("source-only", {**CHANGES, "training.views": VIEWS})


@pytest.fixture(scope="module")
def experiment(arms: Table) -> Experiment:
    """From the right to the left arm."""
    return Experiment(OUR_LOOP, arms, "right_arm", "left_arm")


@pytest.fixture(scope="module")
def pairs(experiment: Experiment) -> list[tuple[Batch, Batch]]:
    """Batches of source and target, whose views a loop of one's own has made."""
    _, domains = attrs.evolve(experiment, recipe=OWN_LOOP).open()
    assert domains.target is not None
    return [
        (source, add_views(target))
        for source, target in zip(domains.source.epoch(0), domains.target.epoch(1), strict=False)
    ]


def add_views(target: Batch) -> Batch:
    """The batch itself teaches, and one with noise learns."""
    noisy = {name: values + torch.randn_like(values) for name, values in target.inputs.items()}
    return attrs.evolve(target, views={"weak": target, "strong": attrs.evolve(target, inputs=noisy)})


def test_a_loop_of_ones_own(experiment: Experiment, pairs: list[tuple[Batch, Batch]]) -> None:
    method, (source, target) = experiment.build(OWN_LOOP, *experiment.open()), pairs[0]
    losses = method.step(source, target)
    sides = {name: method.look(view, "target") for name, view in target.views.items()}
    fix_match = FixMatch(threshold=0.2)
    fix_match.task = "label"
    expected = fix_match(Step(target=sides["weak"], views=sides))["consistency"].value
    assert expected > 0
    torch.testing.assert_close(losses.terms["fix_match/consistency"].value, expected)


def test_our_loop_ends_with_the_weights_of_ones_own(
    experiment: Experiment, pairs: list[tuple[Batch, Batch]], tmp_path: Path
) -> None:
    schema, domains = experiment.open()
    ours, own = (experiment.build(OWN_LOOP, schema, domains) for _ in range(2))
    optimizer = torch.optim.SGD(own.train().parameters(), lr=0.01)
    for source, target in pairs:
        optimizer.zero_grad()
        own.step(source, target).total.backward()
        optimizer.step()
    sources, targets = ([pair[side] for pair in pairs] for side in (0, 1))
    loaders = (OwnBatches(batches, size=16 * len(batches), batch_size=16) for batches in (sources, targets))
    source_loader, target_loader = loaders
    adapt(ours, OWN_LOOP, attrs.evolve(domains, source=source_loader, target=target_loader), tmp_path / "run")
    assert_same_tensors(weights(tmp_path / "run"), own.state_dict())


def test_our_loop_draws_them_as_a_recipe_says(experiment: Experiment, tmp_path: Path) -> None:
    adapt_table(experiment, tmp_path / "whole", reference=None)
    with pytest.raises(Interrupted):
        adapt_table(
            experiment, tmp_path / "broken", RunOptions(display=Interrupting(3), checkpoint_every=2), reference=None
        )
    adapt_table(experiment, tmp_path / "broken", RunOptions(resume=True, checkpoint_every=2), reference=None)
    assert_same_runs(tmp_path / "broken", tmp_path / "whole")
