"""What a term says of the features that it reaches is compared with its gradient when it first comes."""

from pathlib import Path

import pytest
import torch
from acclimate.framework import Aligner, RecipeError, Representation, Step, Term
from acclimate.framework.data import Table
from acclimate.framework.reach import check_reach

from .small import assert_same_runs, class_spec, make_recipe, mlp, prepare, run

AUDIO: Representation = ("source", "audio")


class Claiming(Aligner):
    """The size of the source's audio, with a claim of what it reaches."""

    def __init__(self, claim: list[str] | None) -> None:
        super().__init__()
        self.claim: frozenset[Representation] | None = None
        if claim is not None:
            self.claim = frozenset(("source", name) for name in claim)

    def forward(self, step: Step) -> dict[str, Term]:
        """One term."""
        return {"size": Term(step.representations[AUDIO].square().sum(), reaches=self.claim)}


def claiming(claim: list[str] | None) -> dict[str, object]:
    return {"class_path": "loop.test_reach.Claiming", "init_args": {"claim": claim}}


def test_a_wrong_claim_ends_a_run_in_one_line(table: Table, tmp_path: Path) -> None:
    recipe = make_recipe(aligners={"classification": class_spec("Supervised"), "own": claiming(["video"])})
    with pytest.raises(RecipeError) as caught:
        run(table, recipe, tmp_path / "run")
    assert str(caught.value) == (
        "small: own/size: Term.reaches must name all features that its gradient reaches, but it reaches "
        "(source, audio) as well, which a Balancer would leave out."
    )


def test_a_missing_claim_is_said_once(table: Table, tmp_path: Path) -> None:
    recipe = make_recipe(aligners={"classification": class_spec("Supervised"), "own": claiming(None)})
    with pytest.warns(
        RuntimeWarning, match=r"own/size: .* does not reach \(source, video\), \(target, audio\)"
    ) as said:
        run(table, recipe, tmp_path / "run")
    assert len([warning for warning in said if "own/size" in str(warning.message)]) == 1


@pytest.mark.parametrize("claim", [["audio"], ["audio", "video"]])
def test_claims_may_name_more_than_a_step_reaches(claim: list[str], table: Table) -> None:
    built, domains = prepare(table, make_recipe(aligners={"own": claiming(claim)}))
    built.step(next(domains.source.epoch()))


def test_nothing_is_claimed_in_evaluation(table: Table) -> None:
    built, domains = prepare(table, make_recipe(aligners={"own": claiming([])}))
    built.eval().step(next(domains.source.epoch()))
    with pytest.raises(RecipeError, match="own/size"):
        built.train().step(next(domains.source.epoch()))


def test_a_gradient_of_zero_reaches_nothing() -> None:
    values = torch.ones(2, 3, requires_grad=True)
    check_reach("own/size", Term(torch.relu(-values).sum(), reaches=frozenset()), {AUDIO: values})
    with pytest.raises(RecipeError, match=r"it reaches \(source, audio\) as well"):
        check_reach("own/size", Term(torch.relu(values).sum(), reaches=frozenset()), {AUDIO: values})
    assert values.grad is None


def test_it_changes_no_bit_of_a_run(table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = make_recipe(
        aligners={
            "classification": class_spec("Supervised"),
            "rna": class_spec("RelativeNormAlignment"),
            "domain": class_spec("DomainAdversarial", hidden=4),
            "osan": class_spec("DynamicDomainAdversarial", domains=4, drawn=2, hidden=4, pairing="random"),
        },
        model__encoders={"features": mlp(dropout=0.3)},
    )
    asked: list[str] = []
    run(table, recipe, tmp_path / "with")
    monkeypatch.setattr("acclimate.framework.method.check_reach", lambda name, *_: asked.append(name))
    run(table, recipe, tmp_path / "without")
    assert_same_runs(tmp_path / "with", tmp_path / "without")
    assert len(asked) == len(set(asked)) > 4
