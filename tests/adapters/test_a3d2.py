"""A3D2: what each option changes, hand-sized cases, edges, and that the recipes train."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest
import torch
from acclimate.adapters.anchor_drag_drift import AnchorDragDrift, coordinate_cost, transport_objective
from acclimate.adapters.conditional_adversarial import ConditionalAdversarial, conditional_map, discrimination
from acclimate.adapters.domain_adversarial import domain_loss
from acclimate.adapters.modality_roles import ModalityRoles
from acclimate.adapters.transport import Transport, exact_plan
from acclimate.framework import read_recipe
from acclimate.framework.batch import Outputs, Term
from acclimate.framework.data import read_table
from acclimate.framework.interfaces import Aligner
from acclimate.framework.layout import Layout
from acclimate.framework.measures.separability import scatter, separability
from acclimate.framework.tensors.unit_norm import to_unit_norm
from acclimate.framework.testing import DIGIT, SCATTERED, VERB, Scene, drop, make_scene
from bits import same_bits
from loop.small import Interrupted, Interrupting, assert_same_runs, run, weights, write_table
from torch import Tensor, nn

DRIFTS = ("image", "text")


def bind(aligner: Aligner, layout: Layout, anchor: str = "audio") -> Aligner:
    roles = ModalityRoles(anchor)
    roles.bind(layout, {})
    with torch.random.fork_rng():
        torch.manual_seed(0)
        aligner.bind(layout, {"roles": roles})
    return aligner.double()


def terms_of(aligner: Aligner, scene: Scene, progress: float = 0.5) -> Mapping[str, Term]:
    found: Mapping[str, Term] = bind(aligner, scene.layout)(scene.step(progress=progress))
    return found


def gradients(term: Term, *tensors: Tensor) -> tuple[Tensor, ...]:
    return torch.autograd.grad(term.value, tensors, retain_graph=True, materialize_grads=True)


def adversarial_by_hand(scene: Scene, aligner: ConditionalAdversarial, drift: str) -> tuple[Tensor, Tensor]:
    """Logits of source and target, from the drift's own predictions."""
    discriminator = aligner.discriminators.get_submodule(f"digit.{drift}")
    logits = []
    for rows in (scene.source, scene.target):
        assert rows is not None
        features = rows.features[drift]
        probabilities = (features @ scene.heads["digit"][drift]).softmax(dim=1)
        outer = torch.einsum("nc,nd->ncd", probabilities, features).flatten(1)
        logits.append(discriminator(outer))
    return logits[0], logits[1]


def test_the_map_is_a_kronecker_product() -> None:
    probabilities, features = torch.rand(4, 3).double(), torch.rand(4, 5).double()
    expected = torch.stack([torch.kron(p, z) for p, z in zip(probabilities, features, strict=True)])
    torch.testing.assert_close(conditional_map(features, probabilities), expected)


def test_adversarial_terms_are_those_of_equation_6() -> None:
    scene = make_scene()
    aligner = ConditionalAdversarial()
    terms = terms_of(aligner, scene)
    assert tuple(terms) == DRIFTS
    for drift, term in terms.items():
        source, target = (logits.sigmoid() for logits in adversarial_by_hand(scene, aligner, drift))
        torch.testing.assert_close(term.value, -(target.log().mean() + (1 - source).log().mean()))
        assert term.weight == pytest.approx(20.0)


def test_the_authors_form_is_a_cross_entropy_over_all_rows() -> None:
    scene = make_scene(source=9, target=4)
    aligner = ConditionalAdversarial(form="authors")
    term = terms_of(aligner, scene)["image"]
    source, target = adversarial_by_hand(scene, aligner, "image")
    log_probabilities = torch.cat([source.log_softmax(dim=1)[:, 0], target.log_softmax(dim=1)[:, 1]])
    torch.testing.assert_close(term.value, -log_probabilities.mean())
    first, activation, last = aligner.discriminators.get_submodule("digit.image").children()
    assert isinstance(first, nn.Linear)
    assert isinstance(activation, nn.LeakyReLU)
    assert isinstance(last, nn.Linear)
    assert (first.in_features, first.out_features, last.out_features) == (15, 12, 2)
    assert activation.negative_slope == pytest.approx(0.2)


def test_one_logit_is_worth_two_whose_first_is_0() -> None:
    source, target = torch.randn(5, 1).double(), torch.randn(3, 1).double()
    two = [torch.cat([torch.zeros_like(logits), logits], dim=1) for logits in (source, target)]
    for average in ("samples", "sides"):
        torch.testing.assert_close(domain_loss(source, target, average=average), domain_loss(*two, average=average))


def test_features_learn_to_confuse_and_the_discriminator_to_tell_apart() -> None:
    scene = make_scene()
    aligner = ConditionalAdversarial()
    term = terms_of(aligner, scene)["image"]
    assert scene.source is not None
    weight = next(aligner.discriminators.get_submodule("digit.image").parameters())
    logits = adversarial_by_hand(scene, aligner, "image")
    plain = -discrimination(*logits)
    leaf = scene.source.features["image"]
    expected = torch.autograd.grad(plain, (leaf, weight))
    reversed_, trained = gradients(term, leaf, weight)
    torch.testing.assert_close(reversed_, -expected[0])
    torch.testing.assert_close(trained, expected[1])


@pytest.mark.parametrize(("schedule", "coefficient"), [("constant", 1.0), ("quadratic", 0.25), ("dann", 0.98661)])
def test_the_schedule_scales_the_reversed_gradient(schedule: Any, coefficient: float) -> None:  # noqa: ANN401
    scene = make_scene()
    assert scene.source is not None
    leaf = scene.source.features["image"]
    (found,) = gradients(terms_of(ConditionalAdversarial(schedule=schedule), scene)["image"], leaf)
    (full,) = gradients(terms_of(ConditionalAdversarial(), scene)["image"], leaf)
    torch.testing.assert_close(found, coefficient * full, rtol=1e-4, atol=1e-9)


def _reaching(term: Term, scene: Scene) -> set[tuple[str, str]]:
    leaves = scene.leaves
    found = gradients(term, *leaves.values())
    return {name for name, gradient in zip(leaves, found, strict=True) if gradient.abs().max() > 0}


def test_the_joint_head_conditions_by_all_modalities_and_detached_by_none() -> None:
    scene = make_scene()
    joint = terms_of(ConditionalAdversarial(head="joint"), scene)["image"]
    detached = terms_of(ConditionalAdversarial(head="joint", detach=True), scene)["image"]
    torch.testing.assert_close(joint.value, detached.value)
    assert _reaching(joint, scene) == joint.reaches == set(scene.leaves)
    assert _reaching(detached, scene) == detached.reaches == {("source", "image"), ("target", "image")}
    own = terms_of(ConditionalAdversarial(), scene)["image"]
    assert not torch.allclose(own.value, joint.value)


def test_detached_predictions_leave_the_gradient_by_the_features_alone() -> None:
    scene = make_scene()
    aligner = ConditionalAdversarial(detach=True)
    term = terms_of(aligner, scene)["image"]
    assert scene.source is not None
    leaf = scene.source.features["image"]
    constant = (leaf @ scene.heads["digit"]["image"]).softmax(dim=1).detach()
    logits = aligner.discriminators.get_submodule("digit.image")(conditional_map(leaf, constant))
    target = adversarial_by_hand(scene, aligner, "image")[1]
    (expected,) = torch.autograd.grad(-discrimination(logits, target), leaf)
    torch.testing.assert_close(gradients(term, leaf)[0], -expected)


def test_the_anchor_may_be_aligned_and_weights_may_differ() -> None:
    scene = make_scene()
    aligner = ConditionalAdversarial(2.0, include_anchor=True, modality_weights={"text": 0.5, "image": 0.0})
    aligner.bind(scene.layout, {})
    terms = aligner.double()(scene.step())
    assert {name: term.weight for name, term in terms.items()} == pytest.approx(
        {"audio": 2.0, "image": 0.0, "text": 1.0}
    )


def test_discriminators_are_made_for_the_drifts_of_each_task() -> None:
    aligner = ConditionalAdversarial(hidden=7)
    bind(aligner, make_scene(tasks=(DIGIT, VERB)).layout, "image")
    names = {name.rsplit(".", 2)[0] for name, _ in aligner.discriminators.named_parameters()}
    assert names == {"digit.audio", "digit.text", "verb.audio", "verb.text"}
    hidden = aligner.discriminators.get_submodule("verb.audio.0")
    assert isinstance(hidden, nn.Linear)
    assert (hidden.in_features, hidden.out_features) == (4 * 5, 7)


def test_transport_terms_are_those_of_equations_7_to_9() -> None:
    scene = make_scene()
    terms = terms_of(AnchorDragDrift(), scene)
    assert tuple(terms) == DRIFTS
    assert scene.target is not None
    anchor = scene.target.features["audio"]
    for drift, term in terms.items():
        cost = 1 - scene.target.features[drift].T @ anchor / len(scene.target)
        torch.testing.assert_close(term.value, (cost * exact_plan(cost)).sum())
        assert term.weight == pytest.approx(10.0)


def test_only_samples_with_both_modalities_count() -> None:
    scene = make_scene().change(drop(SCATTERED))
    assert scene.target is not None
    both = scene.target.present[:, 0] & scene.target.present[:, 2]
    assert 0 < int(both.sum()) < len(both)
    drift, anchor = (scene.target.features[name][both].detach() for name in ("text", "audio"))
    cost = coordinate_cost(drift, anchor)
    expected = transport_objective(cost, exact_plan(cost))
    torch.testing.assert_close(terms_of(AnchorDragDrift(), scene)["text"].value, expected)


def test_without_a_sample_that_has_both_the_term_is_0_and_the_moving_plan_stays() -> None:
    scene = make_scene(2).change(drop(torch.tensor([[True, False], [False, True]])))
    aligner = AnchorDragDrift(plan_momentum=0.5)
    bind(aligner, scene.layout).observe(scene.step())
    term = aligner(scene.step())["image"]
    assert term.value.item() == pytest.approx(0.0)
    assert all(gradient.abs().max() == 0 for gradient in gradients(term, *scene.leaves.values()))
    torch.testing.assert_close(aligner.state_dict()["plans.image.plan"], torch.eye(5).double() / 5)


def test_a_detached_anchor_gets_no_gradient() -> None:
    scene = make_scene()
    term = terms_of(AnchorDragDrift(detach_anchor=True), scene)["image"]
    assert _reaching(term, scene) == term.reaches == {("target", "image")}
    dragged = terms_of(AnchorDragDrift(), scene)["image"]
    assert _reaching(dragged, scene) == dragged.reaches == {("target", "image"), ("target", "audio")}
    torch.testing.assert_close(term.value, dragged.value)


def test_the_plan_moves_with_each_step_that_is_observed_alone() -> None:
    scene = make_scene(2)
    aligner = AnchorDragDrift(plan_momentum=0.75)
    bind(aligner, scene.layout)
    assert scene.target is not None
    cost = coordinate_cost(scene.target.features["image"], scene.target.features["audio"]).detach()
    best, average = exact_plan(cost), torch.eye(5).double() / 5
    assert not same_bits(best, average)
    for _ in range(3):
        average = 0.75 * average + 0.25 * best
        aligner.observe(scene.step())
        for _ in ("one update", "another"):
            torch.testing.assert_close(aligner(scene.step())["image"].value, (cost * average).sum())
            torch.testing.assert_close(aligner.state_dict()["plans.image.plan"], average)


def test_two_steps_may_be_differentiated_together() -> None:
    scene = make_scene(2)
    aligner = bind(AnchorDragDrift(plan_momentum=0.5), scene.layout)
    values = []
    for _ in range(2):
        aligner.observe(scene.step())
        values.append(aligner(scene.step())["image"].value)
    assert scene.target is not None
    (gradient,) = torch.autograd.grad(torch.stack(values).sum(), scene.target.features["image"])
    assert gradient.abs().max() > 0


def test_predictions_are_matched_by_class() -> None:
    scene = make_scene(2)
    terms = terms_of(AnchorDragDrift(prediction_weight=0.5), scene)
    assert {name: term.weight for name, term in terms.items()} == pytest.approx(
        {"image": 10.0, "predictions/image": 0.5}
    )
    assert scene.target is not None
    drift, anchor = (
        (scene.target.features[name] @ scene.heads["digit"][name]).softmax(dim=1) for name in ("image", "audio")
    )
    cost = 1 - drift.T @ anchor / len(drift)
    assert cost.shape == (3, 3)
    torch.testing.assert_close(terms["predictions/image"].value, (cost * exact_plan(cost)).sum())


def test_the_terms_wait_for_their_share_of_training() -> None:
    scene = make_scene(2)
    aligner = AnchorDragDrift(warm_up=0.25)
    assert not terms_of(aligner, scene, progress=0.2)
    assert terms_of(aligner, scene, progress=0.25).keys() == {"image"}


@pytest.mark.parametrize("kind", ["exact", "entropic", "unbalanced"])
def test_features_may_differ_in_size(kind: Any) -> None:  # noqa: ANN401
    scene = make_scene(2)
    wide = {"audio": 5, "image": 8}
    layout = attrs.evolve(scene.layout, feature_sizes=wide, task_feature_sizes=wide)
    assert scene.target is not None
    generator = torch.Generator().manual_seed(3)
    image = torch.randn(len(scene.target), 8, generator=generator).double().requires_grad_()
    step = scene.step()
    assert step.target is not None
    outputs = Outputs({**step.target.outputs.features, "image": image}, step.target.outputs.logits, {})
    transport = Transport(kind, regularisation=0.1)
    term = bind(AnchorDragDrift(transport=transport), layout)(
        attrs.evolve(step, target=attrs.evolve(step.target, outputs=outputs))
    )["image"]
    cost = coordinate_cost(image, scene.target.features["audio"])
    assert cost.shape == (8, 5)
    torch.testing.assert_close(term.value, (cost * transport.plan(cost)).sum())
    with pytest.raises(ValueError, match="momentum needs features of one size, but got"):
        bind(AnchorDragDrift(plan_momentum=0.9), layout)


def test_adversarial_training_makes_the_domains_alike() -> None:
    generator = torch.Generator().manual_seed(0)
    scene = make_scene(2, source=40, target=40)
    source = torch.randn(40, 5, generator=generator).double()
    target = torch.randn(40, 5, generator=generator).double() + 1.0
    shift = torch.zeros(5, dtype=torch.float64, requires_grad=True)
    aligner = ConditionalAdversarial(1.0, schedule="constant")
    bind(aligner, scene.layout)
    optimizer = torch.optim.SGD([{"params": [shift], "lr": 0.1}, {"params": list(aligner.parameters()), "lr": 0.5}])
    assert scene.source is not None
    assert scene.target is not None
    before = separability(scatter(source, target)).item()
    for _ in range(60):
        optimizer.zero_grad()
        moved = attrs.evolve(
            scene,
            source=attrs.evolve(scene.source, features={**scene.source.features, "image": source}),
            target=attrs.evolve(scene.target, features={**scene.target.features, "image": target + shift}),
        )
        torch.autograd.backward(aligner(moved.step())["image"].value)
        optimizer.step()
    after = separability(scatter(source, (target + shift).detach())).item()
    assert before > 0.4
    assert after < 0.1


def test_the_anchor_drags_the_drift() -> None:
    """Minimising L_OT brings coordinates of the drift to those of the anchor, each to one."""
    generator = torch.Generator().manual_seed(0)
    anchor = to_unit_norm(torch.randn(32, 6, generator=generator).relu())
    drift = torch.randn(32, 6, generator=generator).requires_grad_()
    optimizer = torch.optim.Adam([drift], 0.05)

    def loss() -> Tensor:
        cost = coordinate_cost(to_unit_norm(drift), anchor)
        return transport_objective(cost, exact_plan(cost))

    before = loss().item()
    for _ in range(100):
        optimizer.zero_grad()
        torch.autograd.backward(loss())
        optimizer.step()
    after = loss().item()
    # The least possible: each row of the drift is the anchor's, coordinates exchanged. (1/p)(1/N) sum of squares = 1/p.
    assert before > 0.95
    assert after == pytest.approx(1 - 1 / 6, abs=1e-3)


@pytest.mark.parametrize(
    ("part", "arguments", "message"),
    [
        (ConditionalAdversarial, {"gamma2": -1.0}, "gamma2 must not be negative, but got -1.0"),
        (ConditionalAdversarial, {"gamma2": math.nan}, "gamma2 must not be negative, but got nan"),
        (ConditionalAdversarial, {"modality_weights": {"a": -2.0}}, "a must not be negative, but got -2.0"),
        (ConditionalAdversarial, {"head": "all"}, "head must be one of own, joint, but got 'all'"),
        (ConditionalAdversarial, {"schedule": "step"}, "schedule must be one of dann, quadratic, constant, but got"),
        (ConditionalAdversarial, {"form": "own"}, "form must be one of paper, authors, but got 'own'"),
        (ConditionalAdversarial, {"hidden": 0}, "hidden must be positive, but got 0"),
        (AnchorDragDrift, {"gamma1": -1.0}, "gamma1 must not be negative, but got -1.0"),
        (AnchorDragDrift, {"prediction_weight": -1.0}, "prediction_weight must not be negative, but got -1.0"),
        (AnchorDragDrift, {"plan_momentum": 1.0}, r"plan_momentum must be within \[0, 1\), but got 1.0"),
        (AnchorDragDrift, {"warm_up": -0.1}, r"warm_up must be within \[0, 1\), but got -0.1"),
        (AnchorDragDrift, {"side": "both"}, "side must be one of source, target, but got 'both'"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_refuses(part: type[Aligner], arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        part(**arguments)


def test_refuses_weights_of_unknown_modalities() -> None:
    with pytest.raises(ValueError, match="modality_weights must name audio, image, text, but got 'smell'"):
        bind(ConditionalAdversarial(modality_weights={"smell": 1.0}), make_scene().layout)


SMALL = {
    "stages": [{"name": "only", "epochs": 2}],
    "training.batch_size": 4,
}
"""12 steps in all."""


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a3d2", {"adversarial", "transport"}),
        ("a3d2-aa", {"adversarial"}),
        ("a3d2-add", {"transport"}),
        ("a3d2-authors", {"adversarial", "transport"}),
    ],
)
def test_recipes_train(name: str, found: set[str], tmp_path: Path) -> None:
    table = read_table(write_table(tmp_path))
    recipe = read_recipe(name, {**SMALL, "parts.roles.init_args.steps": 2})
    adapted = run(table, recipe, tmp_path / "run")
    measures = adapted.history[-1].measures
    assert {f"roles/domain_distance/{m}" for m in ("audio", "video")} <= measures.keys()
    assert sum(measures[f"roles/anchor/{m}"] for m in ("audio", "video")) == pytest.approx(1.0)
    assert all(value.isfinite().all() for value in weights(tmp_path / "run").values())
    terms = adapted.method.aligners.keys()
    assert found == terms - {"classification", "information"}


def test_a_resumed_run_has_the_same_anchor_and_moving_plans(tmp_path: Path) -> None:
    table = read_table(write_table(tmp_path))
    # The anchor is found in the third step, the run broken off before and after it.
    recipe = read_recipe(
        "a3d2-authors", {**SMALL, "parts.roles.init_args.steps": 3, "aligners.transport.init_args.warm_up": 0.0}
    )
    run(table, recipe, tmp_path / "whole")
    for steps in (2, 5):
        out = tmp_path / f"after-{steps}"
        with pytest.raises(Interrupted):
            run(table, recipe, out, display=Interrupting(steps), checkpoint_every=1)
        run(table, recipe, out, resume=True)
        assert_same_runs(tmp_path / "whole", out)
    names = weights(tmp_path / "whole")
    assert int(names["parts.roles.chosen"]) >= 0
    for plan in ("audio", "video", "predictions/audio", "predictions/video"):
        assert f"aligners.transport.plans.{plan}.plan" in names
