"""Information maximisation and domain classification: by hand, and that their signs are right in training."""

import math
from typing import Any

import pytest
import torch
from acclimate.adapters.domain_adversarial import (
    SCHEDULES,
    DomainAdversarial,
    DomainDiscriminator,
    domain_loss,
    reverse_gradient,
)
from acclimate.adapters.information_maximisation import InformationMaximisation, information_maximisation_loss
from acclimate.framework.testing import drop, make_scene
from torch import Tensor, nn

from .toy import Toy, make_toy, train


def test_information_maximisation_by_hand() -> None:
    # Softmax (3/4, 1/4) and (1/4, 3/4): the mean is even, its entropy log 2.
    logits = torch.tensor([[math.log(3.0), 0.0], [0.0, math.log(3.0)]])
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert information_maximisation_loss(logits).item() == pytest.approx(entropy - math.log(2))
    # All samples alike: nothing is gained by being sure.
    assert information_maximisation_loss(logits[[0, 0]]).item() == pytest.approx(0.0, abs=1e-6)


def test_information_maximisation_of_one_sample_is_zero() -> None:
    logits = torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64, requires_grad=True)
    loss = information_maximisation_loss(logits)
    assert loss.item() == pytest.approx(0.0, abs=1e-12)
    assert torch.autograd.grad(loss, logits)[0].abs().max().item() < 1e-12


def test_information_maximisation_of_extreme_logits_is_finite() -> None:
    # The last class's probability underflows to zero in every sample.
    logits = torch.tensor([[1e4, 0.0, -1e4], [0.0, 1e4, -1e4]], requires_grad=True)
    loss = information_maximisation_loss(logits)
    assert loss.item() == pytest.approx(-math.log(2))
    assert torch.autograd.grad(loss, logits)[0].isfinite().all()


def test_information_maximisation_makes_the_target_sure_and_even() -> None:
    toy = make_toy(2)
    losses = train(toy, InformationMaximisation(), learning_rate=0.3)
    assert losses[-1] < -0.9 * math.log(3) < losses[0]
    probabilities = toy.side(toy.target, "target").outputs.joint_logits("digit").softmax(dim=1)
    assert probabilities.amax(dim=1).mean().item() > 0.95
    assert probabilities.mean(dim=0).tolist() == pytest.approx([1 / 3] * 3, abs=0.05)


def test_reverse_gradient_keeps_values() -> None:
    values = torch.tensor([1.0, -2.0], requires_grad=True)
    reverse = reverse_gradient(values, 0.25)
    assert reverse.tolist() == pytest.approx([1.0, -2.0])
    (gradient,) = torch.autograd.grad((reverse * torch.tensor([4.0, 8.0])).sum(), values)
    assert gradient.tolist() == pytest.approx([-1.0, -2.0])


def test_domain_loss_by_hand() -> None:
    # The probability of the right side is 3/4 on the source, 1/2 in both target rows.
    source, target = torch.tensor([[math.log(3.0), 0.0]]), torch.zeros(2, 2)
    assert domain_loss(source, target).item() == pytest.approx((math.log(4 / 3) + 2 * math.log(2)) / 3)
    rows = torch.tensor([True, False])
    assert domain_loss(source, target, None, rows).item() == pytest.approx((math.log(4 / 3) + math.log(2)) / 2)


def test_domain_loss_needs_both_sides() -> None:
    logits = torch.zeros(2, 2, requires_grad=True)
    loss = domain_loss(logits, logits, torch.zeros(2, dtype=torch.bool))
    assert loss.item() == pytest.approx(0.0)
    assert torch.autograd.grad(loss, logits)[0].abs().max().item() == pytest.approx(0.0)


def bound(aligner: DomainAdversarial, modalities: int = 1) -> DomainAdversarial:
    aligner.bind(make_scene(modalities).layout, {})
    return aligner.double()


def test_schedule_scales_the_features_gradient_only() -> None:
    scene = make_scene(1)
    aligner = bound(DomainAdversarial(schedule="quadratic"))
    found: dict[float, tuple[float, Tensor, Tensor]] = {}
    for progress in (0.5, 1.0):
        value = aligner(scene.step(progress=progress))["audio"].value
        weight = next(aligner.parameters())
        features, parameters = torch.autograd.grad(value, [scene.leaves["source", "audio"], weight])
        found[progress] = (value.item(), features, parameters)
    half, whole = found[0.5], found[1.0]
    assert half[0] == pytest.approx(whole[0])
    torch.testing.assert_close(found[0.5][1], found[1.0][1] * 0.25)
    torch.testing.assert_close(found[0.5][2], found[1.0][2])


def test_schedules_begin_and_end() -> None:
    ends = {name: (schedule(0.0), schedule(1.0)) for name, schedule in SCHEDULES.items()}
    assert ends["constant"] == pytest.approx((1.0, 1.0))
    assert ends["quadratic"] == pytest.approx((0.0, 1.0))
    assert ends["dann"] == pytest.approx((0.0, math.tanh(5.0)))


def test_a_modality_absent_on_one_side_has_nothing_to_tell_apart() -> None:
    scene = make_scene(2)
    scene = scene.change(lambda rows: drop(torch.tensor([[False, True]]))(rows) if rows is scene.target else rows)
    terms = bound(DomainAdversarial(), 2)(scene.step())
    assert terms["audio"].value.item() == pytest.approx(0.0)
    assert terms["image"].value.item() > 0.0


def test_weights() -> None:
    scene = make_scene(2)
    aligner = InformationMaximisation(0.25)
    aligner.bind(scene.layout, {})
    assert {name: term.weight for name, term in aligner(scene.step()).items()} == pytest.approx({"joint": 0.25})
    domains = bound(DomainAdversarial(0.5), 2)(scene.step())
    assert {name: term.weight for name, term in domains.items()} == pytest.approx({"audio": 0.5, "image": 0.5})


def test_discriminator_shape() -> None:
    layers = [
        (layer.in_features, layer.out_features) for layer in DomainDiscriminator(8) if isinstance(layer, nn.Linear)
    ]
    assert layers == [(8, 100), (100, 2)]


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lambda_d": -0.5}, "lambda_d must not be negative, but got -0.5."),
        ({"schedule": "cosine"}, "schedule must be one of dann, quadratic, constant, but got 'cosine'."),
        ({"hidden": 0}, "hidden must be positive, but got 0."),
    ],
)
def test_domain_adversarial_refuses(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DomainAdversarial(**arguments)


def test_information_maximisation_refuses_a_negative_weight() -> None:
    with pytest.raises(ValueError, match=r"lambda_im must not be negative, but got -1.0\."):
        InformationMaximisation(-1.0)


def sides_apart(toy: Toy, modality: str) -> float:
    """Distance of the sides' mean features, in units of the spread within them."""
    source, target = (
        toy.side(batch, "source").outputs.features[modality].detach() for batch in (toy.source, toy.target)
    )
    spread = torch.cat([source - source.mean(dim=0), target - target.mean(dim=0)]).norm(dim=1).mean()
    distance = (source.mean(dim=0) - target.mean(dim=0)).norm()
    return float(distance / spread)


def test_the_discriminator_learns_to_tell_the_sides_apart() -> None:
    toy = make_toy(1, target_scale=1.0, target_shift=2.0)
    before = sides_apart(toy, "audio")
    toy.model.requires_grad_(requires_grad=False)
    losses = train(toy, DomainAdversarial(schedule="constant"), learning_rate=0.3)
    assert losses[0] == pytest.approx(math.log(2), rel=0.2)
    assert losses[-1] < 0.3 * losses[0]
    assert sides_apart(toy, "audio") == pytest.approx(before)


def test_the_features_learn_to_defeat_it() -> None:
    toy = make_toy(1, target_scale=1.0, target_shift=2.0)
    before = sides_apart(toy, "audio")
    losses = train(toy, DomainAdversarial(schedule="constant"))
    assert before > 1.0
    assert sides_apart(toy, "audio") < 0.2 * before
    assert min(losses) < 0.8 * math.log(2) < 0.95 * math.log(2) < losses[-1]
