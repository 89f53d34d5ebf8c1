"""Which modality moved least: the measure, the anchor that is found, and the paper's distance D_m."""

from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import attrs
import pytest
import torch
from acclimate.adapters.anchor_drag_drift import AnchorDragDrift
from acclimate.adapters.class_distances import class_distances, domain_distance
from acclimate.adapters.conditional_adversarial import ConditionalAdversarial
from acclimate.adapters.modality_roles import ModalityRoles
from acclimate.framework import read_recipe
from acclimate.framework.data import open_table
from acclimate.framework.experiments.experiment import Experiment
from acclimate.framework.layout import Layout
from acclimate.framework.measures.separability import modality_shifts, scatter, separability
from acclimate.framework.testing import DIGIT, SCATTERED, SCORE, VERB, Rows, Scene, drop, make_scene
from bits import assert_same_bits
from torch import Tensor

STEPS = 3
"""Of training, before the anchor is found on real data."""


def draw(rows: int, width: int, shift: float = 0.0, seed: int = 0) -> Tensor:
    return torch.randn(rows, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + shift


def bound(layout: Layout, anchor: str | None = None, steps: int = 1) -> ModalityRoles:
    roles = ModalityRoles(anchor, steps)
    roles.bind(layout, {})
    return roles.double()


def shift(rows: Rows, by: float, modalities: tuple[str, ...]) -> Rows:
    features = {
        name: (values.detach() + by * (name in modalities)).requires_grad_() for name, values in rows.features.items()
    }
    return attrs.evolve(rows, features=features)


def moved(*modalities: str, seed: int = 0) -> Scene:
    """A scene in which both sides have the same distribution, but for these modalities."""
    scene = make_scene(source=128, target=None, seed=seed)
    assert scene.source is not None
    halves = [scene.source.take(torch.arange(64) + start) for start in (0, 64)]
    return attrs.evolve(scene, source=halves[0], target=shift(halves[1], 4.0, modalities))


def test_separability_by_hand() -> None:
    # One coordinate, equal to the domain label but for noise: R^2 = b^2 / ((A + ridge) c).
    source, target = torch.tensor([[0.0], [0.5]]).double(), torch.tensor([[1.0], [1.5]]).double()
    sums = scatter(source, target)
    assert sums.features.item() == pytest.approx(1.25)
    assert sums.domain.item() == pytest.approx(1.0)
    assert sums.total.item() == pytest.approx(1.0)
    assert sums.freedom.item() == pytest.approx(3.0)
    share, chance = 1.0 / (1.25 * 1.1), 1 / 1.1 / 3
    assert separability(sums, ridge=0.1).item() == pytest.approx((share - chance) / (1 - chance))


def test_separability_is_about_0_for_one_distribution_and_about_1_far_apart() -> None:
    same = torch.stack([separability(scatter(draw(60, 20, seed=s), draw(60, 20, seed=s + 100))) for s in range(40)])
    assert same.mean().item() == pytest.approx(0.0, abs=0.02)
    assert separability(scatter(draw(60, 20), draw(60, 20, shift=10.0, seed=1))).item() > 0.95


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_separability_does_not_depend_on_scale_or_rotation(scale: float) -> None:
    source, target = draw(50, 6), draw(40, 6, shift=0.3, seed=1)
    rotation = torch.linalg.qr(draw(6, 6, seed=2)).Q
    expected = separability(scatter(source, target))
    torch.testing.assert_close(separability(scatter(scale * source @ rotation, scale * target @ rotation)), expected)


def test_rows_that_do_not_count_change_nothing() -> None:
    source, target = draw(6, 3), draw(5, 3, seed=1)
    rows = torch.tensor([True, False, True, True, False, True])
    filled = torch.where(rows.unsqueeze(1), source, torch.nan)
    found, expected = scatter(filled, target, rows), scatter(source[rows], target)
    for name in ("features", "domain", "total", "freedom"):
        torch.testing.assert_close(getattr(found, name), getattr(expected, name))


def test_a_side_without_rows_gives_nothing() -> None:
    sums = scatter(draw(3, 2), draw(4, 2), torch.zeros(3, dtype=torch.bool))
    assert not sums.features.any()
    assert [sums.total.item(), sums.freedom.item()] == pytest.approx([0.0, 0.0])
    assert separability(sums).isnan()


def test_features_without_variance_do_not_separate() -> None:
    assert separability(scatter(torch.ones(4, 3), torch.ones(5, 3))).item() == pytest.approx(0.0)


def test_shifts_by_hand_name_the_one_that_did_not_move_first() -> None:
    source = {name: draw(80, 5, seed=seed) for seed, name in enumerate("abc")}
    target = {
        name: draw(60, 5, shift, seed=9 + seed) for seed, (name, shift) in enumerate(zip("abc", (1, 0, 2), strict=True))
    }
    shifts = modality_shifts(source, target)
    assert list(shifts) == ["b", "a", "c"]
    assert shifts["b"] == pytest.approx(separability(scatter(source["b"], target["b"])).item())
    # Samples of any shape.
    wider = modality_shifts({"b": source["b"].view(80, 5, 1)}, {"b": target["b"].view(60, 5, 1)})
    assert wider["b"] == pytest.approx(shifts["b"])


@pytest.mark.parametrize(("drifting", "anchor"), [(("image", "text"), "audio"), (("audio", "text"), "image")])
def test_the_anchor_is_the_modality_that_did_not_move(drifting: tuple[str, ...], anchor: str) -> None:
    scene = moved(*drifting)
    roles = bound(scene.layout, steps=3)
    for number in range(3):
        assert (roles.anchor, roles.drifts) == (None, ())
        roles.observe(moved(*drifting, seed=number).step())
    assert (roles.anchor, roles.drifts) == (anchor, drifting)
    # For good.
    roles.observe(moved(anchor, seed=5).step())
    assert roles.anchor == anchor


def test_steps_are_centred_one_by_one() -> None:
    """What moves both domains from step to step is not spread within them."""
    layout = moved().layout
    still, drifting = bound(layout, steps=4), bound(layout, steps=4)
    for number in range(4):
        scene = moved("image", seed=number)
        still.observe(scene.step())
        drifting.observe(scene.change(partial(shift, by=10.0 * number, modalities=layout.modalities)).step())
    torch.testing.assert_close(drifting.shifts, still.shifts)


def test_nothing_is_seen_on_one_side() -> None:
    scene = moved("image")
    roles = bound(scene.layout)
    roles.observe(attrs.evolve(scene.step(), target=None))
    roles.observe(attrs.evolve(scene.step(), source=None))
    assert roles.anchor is None
    roles.observe(scene.step())
    assert roles.anchor is not None


def test_a_modality_that_a_side_lacks_is_no_anchor() -> None:
    scene = moved("image", "text").change(drop(torch.tensor([[False, True, True]])))
    roles = bound(scene.layout)
    roles.observe(scene.step())
    assert roles.anchor in {"image", "text"}


def test_nothing_is_found_while_no_modality_is_on_both_sides() -> None:
    scene = moved()
    assert scene.source is not None
    assert scene.target is not None
    scene = attrs.evolve(
        scene,
        source=drop(torch.tensor([[True, False, False]]))(scene.source),
        target=drop(torch.tensor([[False, True, True]]))(scene.target),
    )
    roles = bound(scene.layout)
    roles.observe(scene.step())
    assert roles.anchor is None
    roles.observe(moved("image", "text").step())
    assert roles.anchor == "audio"


def test_an_anchor_that_was_found_is_loaded_and_an_older_one_forgotten() -> None:
    scene, other = moved("image", "text"), moved("audio", "text")
    first, second = bound(scene.layout), bound(scene.layout)
    first.observe(scene.step())
    second.observe(other.step())
    assert (first.anchor, second.anchor) == ("audio", "image")
    second.load_state_dict(first.state_dict())
    assert second.anchor == "audio"
    second.load_state_dict(bound(scene.layout).state_dict())
    assert second.anchor is None


def test_an_anchor_with_a_name_needs_no_buffers() -> None:
    scene = moved("image")
    roles = bound(scene.layout, "text")
    roles.observe(scene.step())
    assert (roles.anchor, roles.drifts) == ("text", ("audio", "image"))
    assert not roles.state_dict()


def test_parts_that_share_the_roles_agree() -> None:
    scene = moved("image", "text")
    roles = bound(scene.layout)
    adversarial, transport = ConditionalAdversarial(), AnchorDragDrift()
    for aligner in (adversarial, transport):
        aligner.bind(scene.layout, {"roles": roles})
        aligner.double()
    assert (dict(adversarial(scene.step())), dict(transport(scene.step()))) == ({}, {})
    roles.observe(scene.step())
    assert adversarial(scene.step()).keys() == transport(scene.step()).keys() == {"image", "text"}


def test_measures() -> None:
    scene = moved("image", "text")
    roles = bound(scene.layout)
    step = scene.step()
    assert not any(name.startswith("anchor/") for name in roles.measure(step))
    roles.observe(step)
    numbers = roles.measure(step)
    assert {name: numbers[f"anchor/{name}"] for name in scene.layout.modalities} == {"audio": 1, "image": 0, "text": 0}
    source, target = scene.side("source", labelled=True), scene.side("target", labelled=False)
    assert source.batch.labels is not None
    for name in scene.layout.modalities:
        features = source.outputs.features[name], target.outputs.features[name]
        expected = separability(scatter(*features)).item()
        assert numbers[f"shift/{name}"] == numbers[f"first_shift/{name}"] == pytest.approx(expected)
        pseudo_labels = target.outputs.joint_logits("digit").argmax(dim=1)
        distance = domain_distance(*features, source.batch.labels["digit"], pseudo_labels, 3)
        assert numbers[f"domain_distance/{name}"] == pytest.approx(distance.item())


def test_measures_of_several_tasks_and_of_absent_modalities() -> None:
    scene = (
        make_scene(tasks=(DIGIT, VERB, SCORE)).change(drop(SCATTERED)).change(lambda rows: rows.fill_absent(torch.nan))
    )
    found = bound(scene.layout, "audio").measure(scene.step())
    assert {name for name in found if name.startswith("domain")} == {
        f"domain_distance/{modality}/{task}" for modality in scene.layout.modalities for task in ("digit", "verb")
    }
    assert all(value == value for value in found.values())  # noqa: PLR0124 - not NaN


def test_measures_without_a_target_or_labels() -> None:
    scene = make_scene()
    roles = bound(scene.layout, "audio")
    assert set(roles.measure(attrs.evolve(scene.step(), target=None))) == {
        f"anchor/{m}" for m in scene.layout.modalities
    }
    step = attrs.evolve(scene.step(), source=scene.side("source", labelled=False))
    assert not any(name.startswith("domain_distance") for name in roles.measure(step))


def test_distance_by_hand_with_absent_classes() -> None:
    source = torch.tensor([[0.0, 0.0], [2.0, 0.0], [7.0, 7.0], [torch.nan, 0.0]])
    target = torch.tensor([[4.0, 4.0], [9.0, 9.0]])
    labels = torch.tensor([0, 0, 2, -1]), torch.tensor([0, 1])
    distances, shared = class_distances(source, target, *labels, 3)
    assert distances.tolist() == pytest.approx([5.0, 0.0, 0.0])
    assert shared.tolist() == [True, False, False]
    assert domain_distance(source, target, *labels, 3).item() == pytest.approx(5.0)
    assert domain_distance(source, target, *labels, 3, over="all").item() == pytest.approx(5.0 / 3)


def test_distance_of_equal_means_has_the_gradient_0() -> None:
    features = torch.ones(2, 3, requires_grad=True)
    labels = torch.tensor([0, 1])
    (gradient,) = torch.autograd.grad(domain_distance(features, features.detach(), labels, labels, 2), features)
    assert_same_bits(gradient, torch.zeros(2, 3))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps": 0}, "steps must be positive, but got 0"),
        ({"anchor": "smell"}, "anchor must be one of audio, image, text, but got 'smell'"),
    ],
)
def test_refuses(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ModalityRoles(**arguments).bind(make_scene().layout, {})


@pytest.mark.parametrize("aligner", [ConditionalAdversarial, AnchorDragDrift])
def test_without_roles_a_part_says_what_is_missing(aligner: type[ConditionalAdversarial | AnchorDragDrift]) -> None:
    with pytest.raises(ValueError, match=r"shared part `roles` of class acclimate\.adapters\.ModalityRoles"):
        aligner().bind(make_scene().layout, {"other": torch.nn.Identity()})


def test_the_watch_did_not_move_with_the_phone(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In spsw-har the phone lies differently in the pocket; the watch stays on the wrist."""
    monkeypatch.setenv("ACCLIMATE_DATA", str(shared_data))
    table = open_table("spsw-har")
    recipe = read_recipe("a3d2", {"parts.roles.init_args.steps": STEPS})
    some = attrs.evolve(table, rows=table.rows[::5])
    experiment = Experiment(recipe, some, ("A_back_inv",), "C_front")
    schema, domains = experiment.open()
    method = experiment.build(recipe, schema, domains)
    roles = method.parts["roles"]
    assert isinstance(roles, ModalityRoles)
    assert domains.target is not None
    for source_batch, target_batch in islice(zip(domains.source.epoch(), domains.target.epoch(), strict=False), STEPS):
        assert roles.anchor is None
        with torch.no_grad():
            method.step(source_batch, target_batch)
    assert roles.anchor is not None
    assert roles.anchor.startswith("watch")
    shifts = dict(zip(schema.modalities, roles.shifts.tolist(), strict=True))
    assert max(shifts["watch_acc"], shifts["watch_gyro"]) < min(shifts["phone_acc"], shifts["phone_gyro"])
