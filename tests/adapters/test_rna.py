"""RNA by hand, at its edges, and in training."""

from collections.abc import Callable
from typing import Any

import attrs
import pytest
import torch
from acclimate.adapters.late_sum import LateSum
from acclimate.adapters.rna import (
    NormComparison,
    RelativeNormAlignment,
    class_loss,
    cross_domain_loss,
    global_loss,
)
from acclimate.framework.batch import Lesson, Side, Step, Term
from acclimate.framework.layout import Layout
from acclimate.framework.measures.norms import mean_norm, norm_table
from acclimate.framework.model import MultimodalModel
from acclimate.framework.testing import DIGIT, SCORE, VERB, Rows, Scene, drop, make_layout, make_scene, without_labels
from torch import Tensor
from torch.overrides import TorchFunctionMode

from .toy import LinearEncoder, make_toy, train

WACV = NormComparison(form="wacv")


def column(*values: float) -> Tensor:
    """Features of length one: their norms are their absolute values."""
    return torch.tensor(values, dtype=torch.float64).unsqueeze(1)


def rna_terms(aligner: RelativeNormAlignment, scene: Scene) -> dict[str, Term]:
    aligner.bind(scene.layout, {})
    terms: dict[str, Term] = aligner(scene.step())
    return terms


def test_mean_of_norms_is_not_norm_of_mean() -> None:
    features = torch.tensor([[3.0, 4.0], [-3.0, -4.0], [0.0, 2.0]])
    # Norms 5, 5 and 2; the mean vector is (0, 2/3).
    assert mean_norm(features).item() == pytest.approx(4.0)
    assert mean_norm(features, torch.tensor([True, False, True])).item() == pytest.approx(3.5)
    assert mean_norm(features, torch.zeros(3, dtype=torch.bool)).item() == pytest.approx(0.0)


def test_global_loss_by_hand() -> None:
    # Mean norms 4, 2 and 1. Pairs: 4/2 - 2/4 = 1.5; 4/1 - 1/4 = 3.75; 2/1 - 1/2 = 1.5.
    table = norm_table([column(3.0, 5.0), column(-2.0, 2.0), column(1.0, -1.0)])
    assert global_loss(table).item() == pytest.approx(1.5**2 + 3.75**2 + 1.5**2)
    # Ratios less one: 1, 3 and 1.
    assert global_loss(table, WACV).item() == pytest.approx(1**2 + 3**2 + 1**2)


def test_class_loss_by_hand() -> None:
    u, v = column(1.0, 3.0, 6.0, 7.0), column(1.0, 1.0, 3.0, 99.0)
    # Class 0: means 2 and 1, 2/1 - 1/2 = 1.5. Class 1 is absent. Class 2: 6/3 - 3/6 = 1.5. The last row has no label.
    table = norm_table([u, v], labels=torch.tensor([0, 0, 2, -1]), classes=3)
    assert class_loss(table).item() == pytest.approx(2 * 1.5**2)
    assert class_loss(table, NormComparison(class_reduction="mean")).item() == pytest.approx(1.5**2)


def test_class_loss_without_any_label_is_zero_of_the_graph() -> None:
    u = column(1.0, 2.0).requires_grad_()
    table = norm_table([u, column(1.0, 1.0)], labels=torch.tensor([-1, -1]), classes=3)
    for comparison in (NormComparison(), NormComparison(class_reduction="mean")):
        loss = class_loss(table, comparison)
        assert loss.item() == pytest.approx(0.0)
        torch.testing.assert_close(torch.autograd.grad(loss, u, retain_graph=True)[0], torch.zeros_like(u))
    assert class_loss(norm_table([u, u])).item() == pytest.approx(0.0)


def test_cross_domain_loss_by_hand() -> None:
    source = norm_table([column(2.0, 4.0, 6.0)], labels=torch.tensor([0, 0, 1]), classes=3)
    target = norm_table([column(1.0, 3.0)], labels=torch.tensor([0, 2]), classes=3)
    # Means 4 and 2: 2 - 1/2. Only class 0 is on both sides: means 3 and 1, 3 - 1/3.
    expected_global, expected_class = 1.5**2, (3 - 1 / 3) ** 2
    assert cross_domain_loss(source, target).tolist() == pytest.approx([expected_global + expected_class])
    weighted = cross_domain_loss(source, target, lambda_g=2.0, lambda_c=0.5)
    assert weighted.tolist() == pytest.approx([2 * expected_global + 0.5 * expected_class])
    # Source over target: (4/2 - 1)^2, and (3/1 - 1)^2.
    assert cross_domain_loss(source, target, comparison=WACV).tolist() == pytest.approx([1.0 + 4.0])


def test_means_are_over_the_rows_that_have_each_modality() -> None:
    # u: rows 0 and 1, mean 2. v: rows 1 and 2, mean 4. w: no row, so that neither pair with it counts.
    present = torch.tensor([[True, False, False], [True, True, False], [False, True, False]])
    table = norm_table([column(1.0, 3.0, 50.0), column(50.0, 2.0, 6.0), column(9.0, 9.0, 9.0)], present)
    assert table.overall.values.tolist() == pytest.approx([2.0, 4.0, 0.0])
    assert table.overall.known.tolist() == [True, True, False]
    assert global_loss(table).item() == pytest.approx(1.5**2)


def test_a_class_counts_where_both_modalities_have_it() -> None:
    # The only row of class 1 has no v.
    present = torch.tensor([[True, True], [True, False]])
    table = norm_table([column(2.0, 5.0), column(1.0, 5.0)], present, torch.tensor([0, 1]), classes=2)
    assert class_loss(table).item() == pytest.approx(1.5**2)


def test_loss_does_not_depend_on_scale() -> None:
    u, v = column(1.0, 2.0), column(3.0, 5.0)
    torch.testing.assert_close(global_loss(norm_table([u, v])), global_loss(norm_table([u * 100, v * 100])))


def test_vanishing_norms_are_clamped() -> None:
    u, v = column(2.0, 4.0).requires_grad_(), column(0.0, 0.02).requires_grad_()
    # E_u = 3; E_v = 0.01 is below the minimum of 0.1: 3/0.1 - 0.1/3.
    loss = global_loss(norm_table([u, v]), NormComparison(minimum_norm=0.1))
    assert loss.item() == pytest.approx((30 - 1 / 30) ** 2)
    gradient_u, gradient_v = torch.autograd.grad(loss, [u, v])
    # d/dE_u (E_u/m - m/E_u)^2 = 2 (E_u/m - m/E_u) (1/m + m/E_u^2), over two rows.
    expected = 2 * (30 - 1 / 30) * (10 + 0.1 / 9) / 2
    assert gradient_u.flatten().tolist() == pytest.approx([expected, expected])
    assert gradient_v.flatten().tolist() == pytest.approx([0.0, 0.0])


def test_half_precision_features_are_measured_in_float32() -> None:
    features = torch.full((2, 4), 300.0, dtype=torch.float16)
    # 4 * 300^2 is beyond the largest float16.
    norms = norm_table([features, features]).overall.values
    assert norms.dtype == torch.float32
    assert norms.tolist() == pytest.approx([600.0, 600.0])


def test_norms_carry_gradient_on_both_sides() -> None:
    scene = make_scene(2)
    (term,) = (term for name, term in rna_terms(RelativeNormAlignment(), scene).items() if name == "cross/audio")
    leaves = [scene.leaves["source", "audio"], scene.leaves["target", "audio"]]
    # The loss depends on the norms' ratio only, so the gradients along the features cancel (Euler's theorem).
    products = [
        (gradient * leaf).sum().item()
        for gradient, leaf in zip(torch.autograd.grad(term.value, leaves), leaves, strict=True)
    ]
    assert abs(products[0]) > 1e-3
    assert products[0] == pytest.approx(-products[1])


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({"lambda_c": 0.0, "cross_domain": False}, {"global/source", "global/target"}),
        ({"cross_domain": False}, {"global/source", "global/target", "class/source", "class/target"}),
        ({"lambda_g": 0.0, "cross_domain": False}, {"class/source", "class/target"}),
        ({"lambda_g": 0.0, "lambda_c": 0.0}, set()),
    ],
)
def test_rows_of_table_2(arguments: dict[str, Any], names: set[str]) -> None:
    aligner = RelativeNormAlignment(**arguments)
    assert rna_terms(aligner, make_scene(2)).keys() == names
    expected = {name for name in names if name.endswith("source")}
    assert rna_terms(aligner, make_scene(2, target=None)).keys() == expected


def test_weights() -> None:
    scene = make_scene(2, tasks=(DIGIT, VERB))
    terms = rna_terms(RelativeNormAlignment(lambda_g=0.5), scene)
    weights = {name: term.weight for name, term in terms.items()}
    assert weights["global/source/digit"] == weights["global/target/verb"] == pytest.approx(0.5)
    assert (weights["class/source/digit"], weights["class/source/verb"]) == pytest.approx((1 / 3, 1 / 4))
    assert weights["cross/audio/digit"] == pytest.approx(1.0)
    given = rna_terms(RelativeNormAlignment(lambda_c=0.7), scene)
    assert given["class/source/digit"].weight == pytest.approx(0.7)
    mean = rna_terms(RelativeNormAlignment(comparison=NormComparison(class_reduction="mean")), scene)
    assert mean["class/source/digit"].weight == pytest.approx(1.0)


def test_cross_terms_have_the_weights_within() -> None:
    scene = make_scene(2)
    assert scene.source is not None
    assert scene.target is not None
    lesson = scene.target.lessons["digit"]
    source = norm_table([scene.source.features["audio"]], None, scene.source.labels["digit"], 3)
    target = norm_table([scene.target.features["audio"]], None, lesson.labels, 3)
    expected = 2.0 * cross_domain_loss(source, target, lambda_c=0.0) + 0.25 * cross_domain_loss(
        source, target, lambda_g=0.0
    )
    term = rna_terms(RelativeNormAlignment(2.0, 0.25), scene)["cross/audio"]
    torch.testing.assert_close(term.weighted, expected.squeeze())


def test_lessons_that_are_not_kept_do_not_count() -> None:
    scene = make_scene(2)
    keep = torch.tensor([True, False, True, True, False, True, False])

    def choose(rows: Rows) -> Rows:
        lesson = rows.lessons["digit"]
        kept: Lesson = attrs.evolve(lesson, keep=keep[: len(rows)])
        return attrs.evolve(rows, lessons={"digit": kept})

    chosen = attrs.evolve(scene, target=scene.target and choose(scene.target))
    only = attrs.evolve(scene, target=scene.target and scene.target.take(keep.nonzero().flatten()))
    terms, expected = (rna_terms(RelativeNormAlignment(), scene) for scene in (chosen, only))
    torch.testing.assert_close(terms["class/target"].value, expected["class/target"].value)
    # All of the target counts globally.
    torch.testing.assert_close(
        terms["global/target"].value, rna_terms(RelativeNormAlignment(), scene)["global/target"].value
    )


def test_without_lessons_the_target_has_no_classes() -> None:
    scene = make_scene(2)
    aligner = RelativeNormAlignment()
    aligner.bind(scene.layout, {})
    step = scene.step()
    assert step.target is not None
    terms = aligner(attrs.evolve(step, target=attrs.evolve(step.target, lessons={})))
    assert terms.keys() == {"global/source", "class/source", "global/target", "cross/audio", "cross/image"}
    globally = rna_terms(RelativeNormAlignment(lambda_c=0.0), scene)
    torch.testing.assert_close(terms["cross/audio"].value, globally["cross/audio"].value)


def test_one_modality_has_cross_domain_terms_only() -> None:
    assert rna_terms(RelativeNormAlignment(), make_scene(1)).keys() == {"cross/audio"}


def test_unlabelled_rows_leave_zero_class_terms() -> None:
    terms = rna_terms(RelativeNormAlignment(), make_scene(2).change(without_labels))
    assert [terms[f"class/{side}"].value.item() for side in ("source", "target")] == pytest.approx([0.0, 0.0])
    assert terms["global/source"].value.item() > 0.0


def test_absent_modality_leaves_zero_terms() -> None:
    terms = rna_terms(RelativeNormAlignment(), make_scene(2).change(drop(torch.tensor([[False, True]]))))
    assert {name for name, term in terms.items() if term.value.item() > 1e-9} == {"cross/image"}


class _CountNorms(TorchFunctionMode):
    """Counts how often norms are computed."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        self.count += func is torch.linalg.vector_norm
        return func(*args, **(kwargs or {}))


def test_norms_are_computed_once_a_step() -> None:
    scene = make_scene(4)
    aligner = RelativeNormAlignment()
    aligner.bind(scene.layout, {})
    step = scene.step()
    with _CountNorms() as norms:
        terms = aligner(step)
    assert len(terms) == 8
    assert norms.count == 2 * 4


def test_measure_tells_mean_norms() -> None:
    scene = make_scene(2, tasks=(SCORE,))
    aligner = RelativeNormAlignment()
    aligner.bind(scene.layout, {})
    expected = {
        f"mean_norm/{side}/{modality}": pytest.approx(leaf.norm(dim=1).mean().item())
        for (side, modality), leaf in scene.leaves.items()
    }
    assert aligner.measure(scene.step()) == expected


def test_each_task_is_aligned_on_its_own_projection() -> None:
    tasks = (DIGIT, VERB)
    encoders = {"audio": LinearEncoder(), "image": LinearEncoder()}
    model = MultimodalModel(encoders, tasks, LateSum(), projection=4)
    rows = make_toy(2).source
    batch = attrs.evolve(rows, labels=dict.fromkeys(("digit", "verb"), torch.arange(len(rows)) % 3))
    side = Side(batch, model(batch.inputs, batch.present))
    aligner = RelativeNormAlignment()
    aligner.bind(Layout(model.modalities, tasks, model.feature_sizes, model.task_feature_sizes), {})
    terms = aligner(Step(source=side))
    for task in tasks:
        features = list(side.outputs.task_features[task.name].values())
        assert features[0].shape == (len(batch), 4)
        expected = global_loss(norm_table(features))
        torch.testing.assert_close(terms[f"global/source/{task.name}"].value, expected)
    assert terms["global/source/digit"].value != terms["global/source/verb"].value


def test_bind_refuses_features_of_different_sizes() -> None:
    layout = Layout(("audio", "image"), (DIGIT,), {"audio": 8, "image": 5})
    message = r"features of one size, but got \{'audio': 8, 'image': 5\}; set model\.projection\."
    with pytest.raises(ValueError, match=message):
        RelativeNormAlignment().bind(layout, {})
    RelativeNormAlignment().bind(attrs.evolve(layout, task_feature_sizes={"audio": 4, "image": 4}), {})
    RelativeNormAlignment().bind(make_layout(), {})


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lambda_g": -1.0}, "lambda_g must not be negative, but got -1.0."),
        ({"lambda_c": float("nan")}, "lambda_c must not be negative, but got nan."),
        ({"within": "each"}, "within must be one of both, source, target, but got 'each'."),
    ],
)
def test_refuses_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RelativeNormAlignment(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"form": "WACV"}, "form must be one of symmetric, wacv, but got 'WACV'."),
        ({"class_reduction": "none"}, "class_reduction must be one of sum, mean, but got 'none'."),
        ({"minimum_norm": 0.0}, "minimum_norm must be positive, but got 0.0."),
        ({"minimum_norm": float("inf")}, "minimum_norm must be positive, but got inf."),
    ],
)
def test_comparison_refuses(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NormComparison(**arguments)


@pytest.mark.parametrize("comparison", [NormComparison(), WACV], ids=["symmetric", "wacv"])
def test_global_alignment_equalises_modalities_within_a_side(comparison: NormComparison) -> None:
    toy = make_toy(3)
    before = toy.norms("source").overall.values
    assert before.max() > 2 * before.min()
    train(toy, RelativeNormAlignment(lambda_c=0.0, cross_domain=False, comparison=comparison))
    for side in ("source", "target"):
        after = toy.norms(side).overall.values
        torch.testing.assert_close(after, after.mean().expand(3), rtol=0.02, atol=0.0)


def test_class_alignment_equalises_modalities_within_each_class() -> None:
    toy = make_toy(2)
    before = toy.norms("source").by_class
    train(toy, RelativeNormAlignment(lambda_g=0.0), lambda name: name == "class/source")
    after = toy.norms("source").by_class
    assert before is not None
    assert after is not None
    assert ((before.values[:, 0] - before.values[:, 1]).abs() / before.values.mean(dim=1)).min() > 0.3
    torch.testing.assert_close(after.values[:, 0], after.values[:, 1], rtol=0.02, atol=0.0)
    # Classes are not made equal to each other.
    assert after.values[:, 0].max() > 1.2 * after.values[:, 0].min()


def test_cross_domain_alignment_equalises_sides_within_a_modality() -> None:
    toy = make_toy(2)
    before = [toy.norms(side).overall.values for side in ("source", "target")]
    assert (before[0] > 1.5 * before[1]).all()
    train(toy, RelativeNormAlignment(lambda_c=0.0), lambda name: name.startswith("cross/"))
    source, target = (toy.norms(side).overall.values for side in ("source", "target"))
    torch.testing.assert_close(source, target, rtol=0.02, atol=0.0)
    # Modalities are not made equal to each other.
    assert source.max() > 1.2 * source.min()


def test_all_of_rna_lowers_every_imbalance() -> None:
    toy = make_toy(3)
    losses = train(toy, RelativeNormAlignment())
    assert losses[-1] < 0.05 * losses[0]
