"""A Method: which terms count, how they are summed, and its use in a loop of one's own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from acclimate.adapters import LateSum
from acclimate.framework import (
    Aligner,
    Balancer,
    Batch,
    Builder,
    Layout,
    Method,
    RecipeError,
    Representation,
    Step,
    Term,
    Update,
    read_recipe,
)
from acclimate.framework.batch import Outputs
from acclimate.framework.data import Table
from acclimate.framework.interfaces import Fused, Fusion
from acclimate.framework.layout import DomainSide
from acclimate.framework.method import BalancedGroup
from acclimate.framework.recipes.patterns import matches
from acclimate.framework.runs.run_folder import RunFolder
from acclimate.framework.training.loop import LOG_EVERY
from torch import Tensor, nn

from .parts import SpySelector
from .small import build, class_spec, make_experiment, make_recipe, make_schema, prepare, run


class Constant(Aligner):
    """Terms of known values."""

    def __init__(self, **values: float) -> None:
        super().__init__()
        self.values = values

    def forward(self, step: Step) -> dict[str, Term]:
        """The terms."""
        return {name: Term(torch.tensor(value), weight=2.0) for name, value in self.values.items()}


class Narrow(LateSum):
    """Joint features of length 2."""

    def forward(self, outputs: Outputs, present: Tensor, domain_side: DomainSide) -> Fused:
        """Fuse."""
        fused = super().forward(outputs, present, domain_side)
        return Fused(fused.features[:, :2], fused.logits)


class Bound(Constant):
    """Remembers the layout."""

    layout: Layout

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Remember."""
        self.layout = layout


def make_batch(size: int = 3, *, labels: bool = True) -> Batch:
    generator = torch.Generator().manual_seed(1)
    return Batch(
        inputs={"audio": torch.randn(size, 4, generator=generator), "video": torch.randn(size, 3, generator=generator)},
        present=torch.ones(size, 2, dtype=torch.bool),
        domain=torch.zeros(size, dtype=torch.int64),
        index=torch.arange(size),
        ids=tuple(map(str, range(size))),
        labels={"label": torch.arange(size) % 3} if labels else None,
    )


def by_hand(groups: dict[str, BalancedGroup] | None = None) -> Method:
    model = build(make_recipe()).model
    return Method(model, {"one": Constant(a=1.0, b=2.0), "two": Constant(a=4.0)}, groups=groups)


@pytest.mark.parametrize(("fusion", "size"), [(LateSum, 10), (Narrow, 2)])
def test_losses_are_told_how_long_the_fusion_makes_joint_features(fusion: type[Fusion], size: int) -> None:
    model = build(make_recipe()).model.train()
    model.fusion = fusion()
    aligner = Bound(a=1.0)
    modes = [module.training for module in model.modules()]
    Method(model, {"one": aligner}).bind(Layout(model.modalities, model.tasks, model.feature_sizes))
    assert aligner.layout.joint_size == size
    assert [module.training for module in model.modules()] == modes


@pytest.mark.parametrize(
    ("patterns", "total"),
    [(("*",), 14.0), (("one/*",), 6.0), (("*/a",), 10.0), (("one/b", "two/?"), 12.0), (("three/*",), 0.0), ((), 0.0)],
)
def test_an_update_chooses_terms_by_pattern_and_weighs_them(patterns: tuple[str, ...], total: float) -> None:
    losses = by_hand().step(make_batch(), update=Update(terms=patterns))
    assert losses.total.item() == pytest.approx(total)


def test_a_step_without_terms_can_be_differentiated() -> None:
    method = by_hand()
    torch.autograd.backward(method.step(make_batch(), update=Update(terms=())).total)
    assert all(not parameter.grad.any() for parameter in method.parameters() if parameter.grad is not None)
    assert any(parameter.grad is not None for parameter in method.parameters())


class Largest(Balancer):
    """The largest term."""

    def forward(self, terms: Mapping[str, Term], representations: Mapping[Representation, Tensor]) -> Tensor:
        """Take one."""
        assert set(representations) == {("source", "audio"), ("source", "video")}
        return torch.stack([term.value for term in terms.values()]).max()


def test_a_group_is_balanced_and_the_other_terms_are_summed() -> None:
    method = by_hand({"big": BalancedGroup(("one/*",), Largest(), weight=10.0)})
    losses = method.step(make_batch())
    assert losses.balanced["big"].item() == pytest.approx(20.0)
    assert losses.total.item() == pytest.approx(28.0)
    assert losses.values() == pytest.approx({"total": 28.0, "big": 20.0, "one/a": 1.0, "one/b": 2.0, "two/a": 4.0})


def test_a_term_goes_to_the_first_group_that_it_fits() -> None:
    groups = {name: BalancedGroup(("*/a",), Largest()) for name in ("first", "second")}
    losses = by_hand(groups).step(make_batch())
    assert losses.balanced["first"].item() == pytest.approx(4.0)
    assert "second" not in losses.balanced


def test_a_step_does_not_look_at_the_targets_labels() -> None:
    recipe = make_recipe(selector=class_spec(".SpySelector"))
    method = build(recipe)
    target = make_batch()
    method.step(make_batch(), target)
    assert isinstance(method.selector, SpySelector)
    assert method.selector.target_labels == [None]
    assert target.labels is not None


def test_lessons_carry_no_gradient_and_are_there_only_with_a_selector() -> None:
    method = build(make_recipe(selector=class_spec("FusedArgmax")))
    side = method.look(make_batch(labels=False), "target")
    assert side.outputs.joint_logits("label").requires_grad
    assert not method.teach(side).lessons["label"].confidence.requires_grad
    assert not build(make_recipe()).teach(side).lessons


def test_outputs_are_float32_under_autocast() -> None:
    method = build(make_recipe())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs = method.look(make_batch(), "source").outputs
    assert {value.dtype for value in outputs.features.values()} == {torch.float32}
    assert outputs.joint_logits("label").dtype == torch.float32


def test_logits_hang_on_the_features_under_autocast_too() -> None:
    """Balancers differentiate by features; those of float32 are no copies beside the ones that heads take."""
    method = build(make_recipe())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs = method.look(make_batch(), "source").outputs
    features = [outputs.features[name] for name in ("audio", "video")]
    assert all(gradient.any() for gradient in torch.autograd.grad(outputs.joint_logits("label").sum(), features))


def test_a_loop_of_ones_own_lowers_the_loss(table: Table) -> None:
    method, domains = prepare(table, read_recipe("rna-uda", {"training.batch_size": 22}))
    assert domains.target is not None
    source, target = next(domains.source.epoch()), next(domains.target.epoch())
    optimizer = torch.optim.Adam(method.parameters(), lr=1e-2)
    generator = torch.Generator().manual_seed(0)
    totals = []
    for step in range(20):
        losses = method.step(source, target, progress=step / 20, generator=generator)
        optimizer.zero_grad()
        torch.autograd.backward(losses.total)
        optimizer.step()
        totals.append(losses.terms["classification/source/joint"].value.item())
    assert totals[-1] < 0.5 * totals[0]


def test_the_first_losses_of_ones_own_loop_are_those_of_adapt(table: Table, tmp_path: Path) -> None:
    """All of an epoch in one batch, and one step before the row that is logged."""
    recipe = make_recipe(
        training__batch_size=22,
        training__optimizer={"class_path": "torch.optim.SGD", "init_args": {"lr": 0.0}},
        stages=[{"name": "only", "epochs": LOG_EVERY}],
        aligners={"classification": class_spec("Supervised"), "rna": class_spec("RelativeNormAlignment")},
        selector=class_spec("FusedArgmax"),
    )
    run(table, recipe, tmp_path / "run")
    (logged,) = [row["losses"] for row in RunFolder(tmp_path / "run").metrics() if row["kind"] == "step"]
    experiment = make_experiment(table, recipe)
    schema, domains = experiment.open()
    assert domains.target is not None
    method = experiment.build(recipe, schema, domains)
    losses = method.step(next(domains.source.epoch()), next(domains.target.epoch()), progress=0.9)
    assert losses.values() == pytest.approx(logged, rel=1e-5, abs=1e-6)


def test_a_part_that_cannot_be_bound_is_named() -> None:
    recipe = read_recipe("rna-uda", {"aligners.classification.init_args": {"heads": ["smell"]}})
    with pytest.raises(RecipeError, match="rna-uda: classification: a head must be one of"):
        Builder(recipe).build(make_schema())


def test_no_part_may_have_the_name_of_the_model() -> None:
    with pytest.raises(RecipeError, match="no part may be called 'model'"):
        build(make_recipe(parts={"model": class_spec(".ClassEncoder")}))


def test_measures_bear_the_name_of_their_part() -> None:
    method = build(read_recipe("rna-uda"))
    side = method.look(make_batch(), "source")
    found = method.measure(Step(source=side))
    assert set(found) == {"rna/mean_norm/source/audio", "rna/mean_norm/source/video"}


def test_patterns_tell_capitals_apart() -> None:
    assert matches("coral/Audio", ("coral/[A-Z]*",))
    assert not matches("coral/audio", ("CORAL/*",))


class Careless(Aligner):
    """Returns whatever it is given."""

    def __init__(self, answer: Any) -> None:  # noqa: ANN401
        super().__init__()
        self.answer = answer

    def forward(self, step: Step) -> dict[str, Term]:
        """The answer."""
        answer: dict[str, Term] = self.answer
        return answer


@pytest.mark.parametrize(
    ("answer", "found"),
    [(torch.zeros(()), "own returns a Tensor"), ({"first": torch.zeros(())}, "own/first is a Tensor")],
)
def test_an_aligner_that_returns_no_terms_is_named(answer: object, found: str) -> None:
    method = Method(build(make_recipe()).model, {"own": Careless(answer)})
    with pytest.raises(RecipeError, match=f"must return a dict of Terms, but {found}"):
        method.step(make_batch(), make_batch())
