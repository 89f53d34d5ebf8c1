"""OSAN's domain generator and adversarial learning with soft domains."""

from typing import Any

import attrs
import pytest
import torch
from acclimate.adapters.domain_generator import DynamicDomainGenerator, bridge_domains, gate, soft_domain_loss
from acclimate.adapters.dynamic_domain_adversarial import DynamicDomainAdversarial
from acclimate.framework.layout import JOINT
from acclimate.framework.testing import Scene, make_scene, without_labels
from torch import Tensor
from torch.nn.functional import cross_entropy

from .golden import DTYPES
from .toy import make_toy, train


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def make_generator(width: int = 6, domains: int = 3, **arguments: Any) -> DynamicDomainGenerator:  # noqa: ANN401
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return DynamicDomainGenerator(width, domains, **arguments).double()


def make_adversarial(scene: Scene, **arguments: Any) -> DynamicDomainAdversarial:  # noqa: ANN401
    aligner = DynamicDomainAdversarial(**{"domains": 4, "schedule": "constant", **arguments})
    with torch.random.fork_rng():
        torch.manual_seed(0)
        aligner.bind(scene.layout, {})
    return aligner.double()


def test_relevance_sums_the_attention_matrix_over_queries() -> None:
    """As if all d x d scores were made, of each head and pair."""
    generator = make_generator(head_size=2)
    own, other = draw(4, 6), draw(4, 6, seed=1)
    queries = torch.einsum("pi,hik->phik", own, generator.query)
    keys = torch.einsum("pj,hjk->phjk", other, generator.key)
    attention = torch.einsum("phik,phjk->phij", queries, keys) / 2**0.5
    torch.testing.assert_close(generator.relevance(own, other), attention.sum(dim=2).softmax(dim=2))


def test_generated_samples_follow_equation_4() -> None:
    generator = make_generator(mixing=0.9, norm="l1")
    own, other = draw(4, 6), draw(4, 6, seed=1)
    p = generator.relevance(own, other)
    for head in range(3):
        expected = 0.9 * own + 0.1 * other * p[:, head] / p[:, head].sum(dim=1, keepdim=True)
        torch.testing.assert_close(generator(own, other)[:, head], expected)
    torch.testing.assert_close(
        generator(own, other, torch.tensor([2, 0])), generator(own, other)[:, torch.tensor([2, 0])]
    )


def test_heads_make_different_domains() -> None:
    generated = make_generator()(draw(4, 6), draw(4, 6, seed=1))
    assert (generated[:, 0] - generated[:, 1]).abs().max() > 1e-3


def test_a_gate_lets_a_sample_through_or_in_part() -> None:
    generated = make_generator(mixing=0.0)(draw(4, 6), torch.ones(4, 6, dtype=torch.float64))
    assert (generated > 0).all()
    torch.testing.assert_close(generated.amax(dim=2), torch.ones(4, 3, dtype=torch.float64))


@pytest.mark.parametrize("norm", ["max", "l1", "l2", "softmax"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_gates_of_nothing_are_finite(norm: Any, dtype: torch.dtype) -> None:  # noqa: ANN401
    relevance = torch.zeros(2, 3, dtype=dtype, requires_grad=True)
    opened = gate(relevance, norm)
    opened.sum().backward()  # type: ignore[no-untyped-call]
    assert opened.isfinite().all()
    assert relevance.grad is not None
    assert relevance.grad.isfinite().all()


def test_memory_grows_with_the_width_alone() -> None:
    """No tensor of the graph has a width x width axis pair."""
    width, sizes = 97, []
    generator = make_generator(width, 3)

    def note(saved: Tensor) -> Tensor:
        sizes.append(saved.numel())
        return saved

    with torch.autograd.graph.saved_tensors_hooks(note, lambda saved: saved):
        generator(draw(2, width).requires_grad_(), draw(2, width, seed=1).requires_grad_())
    assert max(sizes) <= width * max(2 * 3, 3 * 8)


def test_soft_loss_is_a_cross_entropy_with_soft_labels() -> None:
    near_source, near_target = draw(5, 3, 2), draw(5, 3, 2, seed=1)
    labels = torch.tensor([0.85, 0.15], dtype=torch.float64)
    expected = [
        cross_entropy(logits.flatten(0, 1), soft.expand(15, 2))
        for logits, soft in ((near_source, labels), (near_target, labels.flip(0)))
    ]
    torch.testing.assert_close(soft_domain_loss(near_source, near_target, 0.85), torch.stack(expected).mean())


def test_soft_loss_of_nothing_is_zero() -> None:
    logits = torch.zeros(0, 3, 2, requires_grad=True)
    value = soft_domain_loss(logits, logits)
    value.backward()  # type: ignore[no-untyped-call]
    assert value.item() == pytest.approx(0.0)


def test_soft_loss_is_least_where_the_discriminator_says_how_much_is_mixed() -> None:
    def value(share: float) -> float:
        logits = torch.tensor([[share, 1.0 - share]]).log()
        return soft_domain_loss(logits, logits.flip(1), 0.85).item()

    assert value(0.85) < min(value(0.8), value(0.9), value(0.999))


def test_mixup_generates_one_sample_a_pair() -> None:
    scene = make_scene(2)
    aligner = make_adversarial(scene, bridge="mixup", pairing="nearest", mixing=0.7)
    step = scene.step()
    assert step.source is not None
    assert step.target is not None
    source, target = (side.outputs.features[JOINT] for side in (step.source, step.target))
    partners = source[torch.cdist(source, target).argmin(dim=0)]
    logits = [aligner.discriminator(bridge_domains(*pair, 0.7)) for pair in ((partners, target), (target, partners))]
    torch.testing.assert_close(aligner(step)["generated"].value, soft_domain_loss(*logits, 0.7))


def test_only_kept_classes_are_bridged() -> None:
    scene = make_scene(2).change(without_labels)
    value = make_adversarial(scene)(scene.step())["generated"].value
    assert value.item() == pytest.approx(0.0)
    assert value.requires_grad


def test_drawn_domains_change_from_step_to_step() -> None:
    scene = make_scene(2)
    aligner = make_adversarial(scene, domains=8, drawn=1, pairing="nearest")
    random = torch.Generator().manual_seed(0)
    assert aligner.generator is not None
    trained = []
    for _ in range(8):
        aligner.zero_grad()
        aligner(attrs.evolve(scene.step(), generator=random))["generated"].value.backward()
        gradient = aligner.generator.get_parameter("query").grad
        assert gradient is not None
        trained.append(gradient.abs().amax(dim=(1, 2)) > 0)
    assert all(heads.sum() == 1 for heads in trained)
    assert torch.stack(trained).any(dim=0).sum() > 2


def test_the_discriminator_learns_what_the_features_unlearn() -> None:
    scene = make_scene(2)
    aligner = make_adversarial(scene)
    step = scene.step()
    terms = aligner(step)
    value = torch.stack([term.value for term in terms.values()]).sum()
    optimizer = torch.optim.SGD([*aligner.discriminator.parameters(), *scene.leaves.values()], 0.05)
    value.backward()  # type: ignore[no-untyped-call]
    features = [leaf.detach().clone() for leaf in scene.leaves.values()]
    weights = {name: weight.detach().clone() for name, weight in aligner.named_parameters()}
    optimizer.step()
    for leaf, before in zip(scene.leaves.values(), features, strict=True):
        leaf.data, moved = before, leaf.data
        leaf.grad = moved
    better = _total(aligner, scene)
    assert better < value.item()
    aligner.load_state_dict(weights)
    for leaf in scene.leaves.values():
        assert leaf.grad is not None
        leaf.data = leaf.grad
    assert _total(aligner, scene) > value.item()


def _total(aligner: DynamicDomainAdversarial, scene: Scene) -> float:
    with torch.no_grad():
        return sum(term.value.item() for term in aligner(scene.step()).values())


def test_training_against_it_mixes_the_sides() -> None:
    toy = make_toy(2, target_scale=1.0, target_shift=2.0)

    def gap() -> float:
        with torch.no_grad():
            step = toy.step()
        assert step.source is not None
        assert step.target is not None
        source, target = (side.outputs.features[JOINT] for side in (step.source, step.target))
        return float((source.mean(dim=0) - target.mean(dim=0)).norm() / source.std())

    before = gap()
    train(toy, DynamicDomainAdversarial(domains=2, schedule="constant"), steps=250, learning_rate=0.05)
    assert gap() < 0.7 * before


def test_the_joint_size_is_that_of_the_layout() -> None:
    """Which the tensor product decides, see tests/loop/test_method.py."""
    aligner = DynamicDomainAdversarial(domains=2)
    aligner.bind(attrs.evolve(make_scene(3).layout, joint_size=6), {})
    assert aligner.discriminator[0].in_features == 6
    assert aligner.generator is not None
    assert aligner.generator.query.shape[1] == 6


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"alpha": -1.0}, "alpha must not be negative, but got -1.0"),
        ({"mixing": 1.5}, r"mixing must be within \[0, 1\], but got 1.5"),
        ({"domains": 0}, "domains must be positive, but got 0"),
        ({"head_size": 0}, "head_size must be positive, but got 0"),
        ({"hidden": 0}, "hidden must be positive, but got 0"),
        ({"drawn": 0}, r"drawn must be within \[1, 64\], the number of domains, but got 0"),
        ({"domains": 4, "drawn": 5}, r"drawn must be within \[1, 4\], the number of domains, but got 5"),
        ({"bridge": "cut"}, "bridge must be one of dynamic, mixup, none, but got 'cut'"),
        ({"norm": "l3"}, "norm must be one of max, l1, l2, softmax, but got 'l3'"),
        ({"schedule": "cosine"}, "schedule must be one of dann, quadratic, constant, but got 'cosine'"),
        ({"pairing": "all"}, "pairing must be one of random, class, nearest, but got 'all'"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DynamicDomainAdversarial(**arguments)
