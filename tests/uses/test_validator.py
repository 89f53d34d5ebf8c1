"""Validators from outside the package: one that sees both sides, and one that compares candidates (change 4)."""

import json
from collections.abc import Sequence
from pathlib import Path

import attrs
import pytest
import torch
from acclimate.framework import (
    JOINT,
    Builder,
    Candidate,
    RecipeError,
    RunError,
    Selection,
    Task,
    Validator,
    read_recipe,
)
from acclimate.framework.data import Table, read_table
from acclimate.framework.experiments.comparison import adapt_table
from acclimate.framework.recipes.class_paths import TRUSTED, check_trusted
from acclimate.framework.testing import check_validator
from acclimate.framework.training.monitor import observe_candidate
from bits import same_bits
from loop.small import make_experiment, metrics, prepare, run, weights, write_table
from torch import nn

ROOM = "acclimate.framework.validators"
SHARPER = {"init_args": {"temperature": 0.01}}
SMALL = {
    "model.encoders": {"features": {"class_path": "acclimate.framework.encoders.MLP"}},
    "stages.0.epochs": 3,
    "training.batch_size": 4,
}


class ImportanceWeighted(Validator):
    """Source accuracy weighted by p(target | features) / p(source | features) of a logistic regression.

    Sugiyama et al., "Covariate shift adaptation by importance weighted cross validation" (JMLR 2007,
    https://jmlr.org/papers/v8/sugiyama07a.html).
    """

    def __init__(self, steps: int = 50) -> None:
        self.steps = steps

    def score(self, candidates: Sequence[Candidate], task: Task) -> list[float]:
        """Of each by itself."""
        return [self._score(candidate, task) for candidate in candidates]

    def _score(self, candidate: Candidate, task: Task) -> float:
        source, target = candidate.both
        features = torch.cat([side.outputs.features[JOINT] for side in (source, target)]).double()
        domain = torch.arange(len(features)) >= len(source.batch)
        regression = nn.Linear(features.shape[1], 1).double()
        optimizer = torch.optim.LBFGS(regression.parameters(), max_iter=self.steps)

        def loss() -> torch.Tensor:
            optimizer.zero_grad()
            value = nn.functional.binary_cross_entropy_with_logits(regression(features)[:, 0], domain.double())
            penalised = value + 0.1 * regression.weight.square().sum()
            torch.autograd.backward(penalised)
            return penalised

        optimizer.step(loss)
        weight = regression(features[~domain])[:, 0].exp()
        right = source.outputs.joint_logits(task.name).argmax(dim=1) == (source.batch.labels or {})[task.name]
        return ((weight * right).sum() / weight.sum()).item()


class Consensus(Validator):
    """Agreement with the mean prediction of all candidates."""

    comparable = True
    least_candidates = 2

    def score(self, candidates: Sequence[Candidate], task: Task) -> list[float]:
        """Of all together."""
        targets = [target for _, target in (candidate.both for candidate in candidates)]
        found = torch.stack([target.outputs.joint_logits(task.name).softmax(dim=1) for target in targets])
        model = found.mean(dim=0).argmax(dim=1)
        return [(one.argmax(dim=1) == model).double().mean().item() for one in found]


class Sureness(Validator):
    """The mean probability of what is predicted on the target."""

    comparable = True

    def score(self, candidates: Sequence[Candidate], task: Task) -> list[float]:
        """Of each by itself."""
        targets = [target for _, target in (candidate.both for candidate in candidates)]
        return [target.outputs.joint_logits(task.name).softmax(dim=1).amax(dim=1).mean().item() for target in targets]


class Teaching(Validator):
    """The share of the target that the selector keeps: a score of lessons."""

    needs_lessons = True

    def score(self, candidates: Sequence[Candidate], task: Task) -> list[float]:
        """Of each by itself."""
        targets = [target for _, target in (candidate.both for candidate in candidates)]
        return [target.lessons[task.name].keep.double().mean().item() for target in targets]


class Broken(Validator):
    """Gives no number."""

    def score(self, candidates: Sequence[Candidate], task: Task) -> list[float]:
        """Of each, none."""
        return [float("nan")] * len(candidates)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    return read_table(write_table(tmp_path_factory.mktemp("table")))


def own(validator: type[Validator], **arguments: object) -> dict[str, object]:
    """As a recipe names it."""
    return {"class_path": f"uses.test_validator.{validator.__name__}", "init_args": arguments}


@pytest.mark.parametrize("score", ["uses.test_validator.ImportanceWeighted", own(ImportanceWeighted, steps=20)])
def test_a_recipe_chooses_by_a_validator_that_sees_both_sides(table: Table, tmp_path: Path, score: object) -> None:
    name = "uses.test_validator.ImportanceWeighted"
    recipe = read_recipe("coral", {**SMALL, "selection.score": score, "selection.tolerance": 1.0})
    comparison = adapt_table(make_experiment(table, recipe), tmp_path / "own", reference=None)
    plain = read_recipe("coral", {**SMALL, "selection.score": "source_accuracy"})
    run(table, plain, tmp_path / "plain")
    rows = [row for row in metrics(tmp_path / "own") if row["kind"] == "epoch"]
    scores = [row["target"].pop(name) for row in rows]
    assert comparison.adapted.best.target[name] == max(scores)
    assert 0 < min(scores) <= max(scores) <= 1
    # Today's scores stand beside it, and neither they nor training see that it drew numbers.
    assert rows == [row for row in metrics(tmp_path / "plain") if row["kind"] == "epoch"]
    assert all(same_bits(value, weights(tmp_path / "plain")[key]) for key, value in weights(tmp_path / "own").items())
    assert "sources" in json.dumps((tmp_path / "own" / "config.yaml").read_text())


def test_two_methods_are_candidates_of_one_that_compares(table: Table) -> None:
    """By hand, on the same rows."""
    recipe = read_recipe("coral", SMALL)
    methods = [prepare(table, recipe, seed)[0] for seed in range(2)]
    _, domains = prepare(table, recipe)
    candidates = [observe_candidate(method, domains, torch.device("cpu")) for method in methods]
    (task,) = methods[0].model.tasks
    same = [*candidates, candidates[0], candidates[0]]
    assert Consensus().score(same, task)[0] == 1
    assert Consensus().score(same, task)[1] < 1
    assert ImportanceWeighted().score(candidates, task)[0] <= 1
    with pytest.raises(RecipeError, match="Consensus compares at least 2 models, but an epoch of a run is one"):
        run(table, read_recipe("coral", {**SMALL, "selection.score": own(Consensus)}), Path("unused"))


def test_lessons_are_seen_where_the_stage_teaches(table: Table, tmp_path: Path) -> None:
    selector = {"class_path": "acclimate.adapters.FusedArgmax", "init_args": {"threshold": 0.5}}
    recipe = read_recipe("coral", {**SMALL, "selector": selector, "selection.score": own(Teaching)})
    adapted = run(table, recipe, tmp_path / "run")
    assert all(0 <= record.target[recipe.selection.name] <= 1 for record in adapted.history)


def test_source_only_is_asked_the_same_so_that_a_fall_is_seen(table: Table, tmp_path: Path) -> None:
    """Of what can be compared between runs; source-only teaches nothing, and is not asked of lessons."""
    selector = {"class_path": "acclimate.adapters.FusedArgmax", "init_args": {"threshold": 0.5}}
    also = [own(Teaching), "uses.test_validator.Sureness"]
    recipe = read_recipe("coral", {**SMALL, "stages.0.epochs": 1, "selector": selector, "selection.also": also})
    compared = adapt_table(make_experiment(table, recipe), tmp_path / "run")
    assert {"uses.test_validator.Teaching", "uses.test_validator.Sureness"} < compared.adapted.best.target.keys()
    assert "uses.test_validator.Teaching" not in compared.reference
    worse = attrs.evolve(compared, reference={"uses.test_validator.Sureness": 1.0})
    assert [*worse.falls_below] == ["uses.test_validator.Sureness"]
    assert "uses.test_validator.Sureness" in compared.reference


def test_a_score_that_is_no_number_ends_the_run(table: Table, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"selection: uses.test_validator.Broken must be a finite number"):
        run(table, read_recipe("coral", {**SMALL, "selection.score": own(Broken)}), tmp_path / "run")


@pytest.mark.parametrize("validator", [ImportanceWeighted, Consensus, Teaching])
def test_they_keep_what_validators_promise(validator: type[Validator]) -> None:
    check_validator(validator)


def test_a_recipe_from_strangers_may_name_ours_alone() -> None:
    ours = Selection(f"{ROOM}.ModalityAgreement")
    assert ours.name == "modality_agreement"
    with_ours = read_recipe("coral", {"selection.also": [f"{ROOM}.SoftNeighbourhoodDensity"]})
    assert not with_ours.selection.own
    sharper = read_recipe("coral", {"selection.score": {"class_path": f"{ROOM}.SoftNeighbourhoodDensity", **SHARPER}})
    for key, spec in sharper.class_specs():
        check_trusted(spec, TRUSTED, key)
    for place in ("selection.score", "selection.also"):
        named = own(Consensus) if place.endswith("score") else [own(Consensus)]
        recipe = read_recipe("coral", {place: named})
        with pytest.raises(RecipeError, match="to be trusted, a class_path must begin with one of"):
            Builder(recipe, trusted=TRUSTED)
