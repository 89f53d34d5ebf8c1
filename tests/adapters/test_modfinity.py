"""MODfinity by hand, at its edges, and in training."""

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import pytest
import torch
from acclimate.adapters.affinity import log_affinity
from acclimate.adapters.class_encoder import ClassEncoder
from acclimate.adapters.contrast import ContrastForm, contrast_loss
from acclimate.adapters.distillation import (
    ModalAffinityDistillation,
    distillation_loss,
    taught_samples,
    teacher_features,
)
from acclimate.adapters.metric_learning import ModalAffinityMetricLearning, metric_learning_loss
from acclimate.adapters.sample_filtering import SampleFiltering, best_affinity, top_share
from acclimate.framework.batch import JOINT_TEACHER, Lesson, Side, Step
from acclimate.framework.layout import Layout, Task
from acclimate.framework.testing import DIGIT, SCATTERED, SCORE, VERB, Rows, Scene, drop, make_layout, make_scene
from bits import assert_same_bits, same_bits
from torch import Tensor

from .shared import class_encoder

FORMS: tuple[ContrastForm, ...] = ("ratio", "sample")
each_form = pytest.mark.parametrize("form", FORMS)


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def flags(*values: int) -> Tensor:
    return torch.tensor(values, dtype=torch.bool)


def summed_up(phi: Tensor, labels: Tensor, form: ContrastForm) -> Tensor:
    """The formulas as they are printed, pair by pair."""
    rows = range(len(labels))
    positive = [torch.stack([phi[i, j] for j in rows if labels[i] == labels[j]]).sum() for i in rows]
    everything = [phi[i].sum() for i in rows]
    if form == "ratio":
        return -(torch.stack(positive).sum() / torch.stack(everything).sum()).log()
    return torch.stack([-(p / e).log() for p, e in zip(positive, everything, strict=True)]).mean()


@each_form
def test_a_pair_that_does_not_count_changes_nothing(form: ContrastForm) -> None:
    positives, counted = draw(4, 5, seed=1) > 0, draw(4, 5, seed=2) > -0.5
    plain = draw(4, 5).requires_grad_()
    broken = plain.detach().masked_fill(~counted, torch.nan).requires_grad_()
    losses = [contrast_loss(values, positives, counted, form) for values in (plain, broken)]
    assert losses[0].item() == pytest.approx(losses[1].item())
    assert losses[0].item() > 0
    gradients = [torch.autograd.grad(loss, values)[0] for loss, values in zip(losses, (plain, broken), strict=True)]
    torch.testing.assert_close(*gradients)
    assert (gradients[0][~counted] == 0).all()


@each_form
@pytest.mark.parametrize("empty", ["counted", "positives"])
def test_where_there_is_nothing_to_say_the_loss_is_zero_with_a_graph(form: ContrastForm, empty: str) -> None:
    masks = {name: torch.full((3, 4), name != empty) for name in ("positives", "counted")}
    values = draw(3, 4).requires_grad_()
    loss = contrast_loss(values, **masks, form=form)
    (gradient,) = torch.autograd.grad(loss, values)
    assert loss.item() == pytest.approx(0.0)
    assert (gradient == 0).all()


def test_a_row_without_a_positive_pair_does_not_count() -> None:
    values = torch.tensor([[2.0, 2.0], [9.0, 9.0]])
    positives = torch.tensor([[True, False], [False, False]])
    loss = contrast_loss(values, positives, torch.ones(2, 2, dtype=torch.bool), "sample")
    assert loss.item() == pytest.approx(0.693147)


@each_form
def test_huge_affinities_do_not_overflow(form: ContrastForm) -> None:
    values = torch.tensor([[1e4, 0.0], [-1e4, 2e4]], requires_grad=True)
    loss = contrast_loss(values, torch.eye(2, dtype=torch.bool).flip(0), torch.ones(2, 2, dtype=torch.bool), form)
    # Off the diagonal: 1e4 and 3e4 short of the best by row; 2e4 short of the best of all.
    assert loss.item() == pytest.approx(2e4)
    assert torch.autograd.grad(loss, values)[0].isfinite().all()


@each_form
def test_metric_learning_is_the_printed_sum_over_samples(form: ContrastForm) -> None:
    labels = torch.tensor([0, 2, 2, 0, 0, 3])
    log_affinities = draw(6, 5)
    expected = summed_up(log_affinities.exp()[:, labels], labels, form)
    torch.testing.assert_close(metric_learning_loss(log_affinities, labels, form=form), expected)


@each_form
def test_samples_without_label_or_modality_are_as_if_not_there(form: ContrastForm) -> None:
    labels, counted = torch.tensor([0, -1, 2, 1, 0, 3]), flags(1, 1, 1, 0, 1, 1)
    left = torch.tensor([0, 2, 4, 5])
    values = draw(6, 4).requires_grad_()
    loss = metric_learning_loss(values, labels, counted, form)
    alone = metric_learning_loss(values[left], labels[left], form=form)
    torch.testing.assert_close(loss, alone)
    for first, second in zip(torch.autograd.grad(loss, values), torch.autograd.grad(alone, values), strict=True):
        torch.testing.assert_close(first, second)


def test_the_printed_ratio_does_not_see_a_wrong_sample_beside_a_sure_one() -> None:
    """Why it is not the default: cosines of 1 and .5 at tau .05 weigh as 22000 to 1."""
    log_affinities = torch.tensor([[1.0, 0.0], [0.5, 0.0]]) / 0.05
    labels = torch.tensor([0, 1])
    assert metric_learning_loss(log_affinities, labels, form="ratio").item() < 1e-4
    assert metric_learning_loss(log_affinities, labels, form="sample").item() > 4.9


@each_form
def test_distillation_is_the_printed_sum_over_taught_samples(form: ContrastForm) -> None:
    student, teachers, labels = draw(7, 4), draw(7, 4, seed=1), torch.tensor([0, 1, 0, 2, 1, 0, 2])
    taught = flags(1, 1, 0, 1, 1, 1, 0)
    phi = log_affinity(student[taught], teachers[taught]).exp()
    expected = summed_up(phi, labels[taught], form)
    torch.testing.assert_close(distillation_loss(student, teachers, labels, taught, form=form), expected)


@each_form
def test_equal_features_leave_the_share_of_positive_pairs(form: ContrastForm) -> None:
    ones = torch.ones(4, 3, dtype=torch.float64)
    loss = distillation_loss(ones, ones, torch.tensor([0, 0, 1, 1]), flags(1, 1, 1, 1), form=form)
    assert loss.item() == pytest.approx(0.693147)


@each_form
@pytest.mark.parametrize("taught", [flags(0, 0, 0), flags(0, 1, 0), flags(1, 0, 1)], ids=["none", "one", "one class"])
def test_without_a_contrast_there_is_nothing_to_distil(form: ContrastForm, taught: Tensor) -> None:
    student = draw(3, 4).requires_grad_()
    loss = distillation_loss(student, draw(3, 4, seed=1), torch.tensor([0, 1, 0]), taught, form=form)
    assert loss.item() == pytest.approx(0.0, abs=1e-12)
    torch.testing.assert_close(torch.autograd.grad(loss, student)[0], torch.zeros(3, 4, dtype=torch.float64))


def make_lesson(teacher: list[int], keep: Tensor | None = None, labels: Tensor | None = None) -> Lesson:
    number = len(teacher)
    return Lesson(
        labels=torch.arange(number) if labels is None else labels,
        teacher=torch.tensor(teacher),
        confidence=torch.ones(number),
        keep=torch.ones(number, dtype=torch.bool) if keep is None else keep,
    )


def test_who_is_taught() -> None:
    present = torch.tensor([[1, 1], [1, 1], [1, 1], [1, 1], [1, 0], [0, 1]], dtype=torch.bool)
    lesson = make_lesson([0, 1, JOINT_TEACHER, 1, 1, 1], keep=flags(1, 1, 1, 0, 1, 1))
    # The last but one has no teacher, the last one no student.
    assert taught_samples(lesson, present, student=0).tolist() == [False, True, False, False, False, False]
    assert taught_samples(lesson, present, student=1).tolist() == [True, False, False, False, False, False]


def test_teachers_get_no_gradient() -> None:
    features = [draw(3, 2, seed=seed).requires_grad_() for seed in (0, 1)]
    found = teacher_features(features, torch.tensor([1, 0, JOINT_TEACHER]))
    assert not found.requires_grad
    torch.testing.assert_close(found[:2], torch.stack([features[1][0], features[0][1]]).detach())


def test_of_equal_affinities_the_first_modality_and_class_win() -> None:
    scores = torch.tensor([[[1.0, 3.0, 3.0]], [[3.0, 2.0, 3.0]]])
    teacher, labels, confidence = best_affinity(scores, flags(1, 1).unsqueeze(0))
    assert (teacher.item(), labels.item(), confidence.item()) == pytest.approx((0, 1, 3.0))
    teacher, labels, _ = best_affinity(scores, flags(0, 1).unsqueeze(0))
    assert (int(teacher), int(labels)) == (1, 0)


@pytest.mark.parametrize(
    ("samples", "share", "expected"),
    [
        (14, 0.15, 3),
        (20, 0.15, 3),
        (20, 3 * 0.15, 9),
        (30, 0.1 + 0.1 + 0.1, 9),
        (1, 0.15, 1),
        (0, 0.15, 0),
        (5, 1.0, 5),
    ],
)
def test_the_number_that_is_kept_is_rounded_up(samples: int, share: float, expected: int) -> None:
    assert top_share(draw(samples), share).sum() == expected


def test_of_equally_sure_samples_the_first_are_kept() -> None:
    assert top_share(torch.tensor([0.1, 0.7, 0.7, 0.9, 0.7]), 0.6).tolist() == [False, True, True, True, False]
    assert top_share(torch.zeros(1000), 0.25).tolist() == [True] * 250 + [False] * 750


def make_selector(layout: Layout, alpha: float = 0.15) -> SampleFiltering:
    selector = SampleFiltering(alpha)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        selector.bind(layout, class_encoder(layout))
    return selector.double()


def with_samples(scene: Scene, number: int) -> Scene:
    return attrs.evolve(scene, layout=attrs.evolve(scene.layout, samples={"source": number, "target": number}))


def batches(scene: Scene, size: int) -> list[Side]:
    """The target in batches whose samples come in another order."""
    assert scene.target is not None
    order = torch.randperm(len(scene.target), generator=torch.Generator().manual_seed(3))

    def batch(rows: Tensor) -> Side:
        def take(side: Rows) -> Rows:
            return side.take(rows)

        side = attrs.evolve(scene, source=None, target=take(scene.target)).side("target", labelled=False)
        return attrs.evolve(side, batch=attrs.evolve(side.batch, index=rows), lessons={})

    return [batch(rows) for rows in order.split(size)]


def test_the_kept_share_rises_from_study_to_study() -> None:
    scene = with_samples(make_scene(target=20), 20)
    selector = make_selector(scene.layout)
    kept = []
    for _ in range(8):
        found = selector.study(batches(scene, 6))
        assert found is not None
        kept.append(int(found.sum()))
    assert kept == [3, 6, 9, 12, 15, 18, 20, 20]


def test_before_the_first_study_nothing_is_kept() -> None:
    scene = with_samples(make_scene(target=20), 20)
    lesson = make_selector(scene.layout)(batches(scene, 6)[0])["digit"]
    assert not lesson.keep.any()


def test_the_whole_target_is_ranked_whatever_its_batches() -> None:
    scene = with_samples(make_scene(target=20).change(drop(SCATTERED)), 20)
    selector = make_selector(scene.layout, alpha=0.4)
    kept = selector.study(batches(scene, 6))
    (whole,) = batches(scene, 20)
    lesson = selector(whole)["digit"]
    assert kept is not None
    assert_same_bits(lesson.keep, kept[whole.batch.index])
    assert lesson.confidence[lesson.keep].min() > lesson.confidence[~lesson.keep].max()
    for row, (label, teacher) in enumerate(zip(lesson.labels.tolist(), lesson.teacher.tolist(), strict=True)):
        modality = scene.layout.modalities[teacher]
        assert whole.batch.has(modality)[row]
        affinities = selector.classes(whole.outputs.task_features["digit"][modality], "digit")[row]
        assert affinities.argmax() == label
        torch.testing.assert_close(affinities.max(), lesson.confidence[row])


def test_lessons_stay_for_the_round_and_survive_a_checkpoint() -> None:
    scene = with_samples(make_scene(target=20), 20)
    selector = make_selector(scene.layout, alpha=0.4)
    selector.study(batches(scene, 6))
    (whole,) = batches(scene, 20)
    before = selector(whole)["digit"]
    with torch.no_grad():
        for weight in selector.classes.parameters():
            weight.neg_()
    restored = make_selector(scene.layout, alpha=0.4)
    restored.load_state_dict(selector.state_dict())
    for lesson in (selector(whole)["digit"], restored(whole)["digit"]):
        assert lesson.keep.sum() == 8
        for name in ("labels", "teacher", "confidence", "keep"):
            assert_same_bits(getattr(lesson, name), getattr(before, name), name)
    assert restored.share == selector.share == pytest.approx(0.4)
    selector.study(batches(scene, 6))
    assert not same_bits(selector(whole)["digit"].labels, before.labels)


def test_a_round_trains_on_what_any_task_keeps_and_each_task_on_its_own() -> None:
    scene = with_samples(make_scene(tasks=(DIGIT, VERB, SCORE), target=20), 20)
    selector = make_selector(scene.layout)
    kept = selector.study(batches(scene, 6))
    (whole,) = batches(scene, 20)
    lessons = selector(whole)
    assert kept is not None
    assert lessons["digit"].keep.sum() == lessons["verb"].keep.sum() == 3
    assert not same_bits(lessons["digit"].keep, lessons["verb"].keep)
    assert_same_bits(kept[whole.batch.index], lessons["digit"].keep | lessons["verb"].keep)
    assert not lessons["score"].keep.any()


def test_without_classes_there_is_nothing_to_rank() -> None:
    scene = with_samples(make_scene(tasks=(SCORE,), target=20), 20)
    assert make_selector(scene.layout).study(batches(scene, 6)) is None


def test_what_is_kept_and_by_whom_it_is_taught_is_measured() -> None:
    scene = with_samples(make_scene(target=20), 20)
    selector = make_selector(scene.layout, alpha=0.4)
    assert not any(selector.measure(Step()).values())
    selector.study(batches(scene, 6))
    (whole,) = batches(scene, 20)
    lesson = selector(whole)["digit"]
    numbers = selector.measure(Step())
    assert numbers.pop("kept") == pytest.approx(0.4)
    taught = torch.bincount(lesson.teacher[lesson.keep], minlength=3) / 8
    assert [numbers[f"taught_by/{name}"] for name in scene.layout.modalities] == pytest.approx(taught.tolist())


def test_the_size_of_the_target_must_be_known() -> None:
    layout = attrs.evolve(make_layout(2), samples={})
    with pytest.raises(ValueError, match=r"samples of the target must be known: .* but got 0"):
        SampleFiltering().bind(layout, class_encoder(layout))


def test_metric_learning_trains_the_class_encoder_and_unlocked_the_features_too() -> None:
    scene = make_scene()
    for locked in (True, False):
        aligner = ModalAffinityMetricLearning(locked=locked)
        aligner.bind(scene.layout, class_encoder(scene.layout))
        terms = aligner.double()(scene.step())
        total = torch.stack([term.weighted for term in terms.values()]).sum()
        leaves = [*scene.leaves.values()]
        gradients = torch.autograd.grad(
            total, [*aligner.parameters(), *leaves], materialize_grads=True, retain_graph=True
        )
        reached = [bool(gradient.abs().max() > 0) for gradient in gradients]
        assert reached == [True] * (len(reached) - len(leaves)) + [not locked] * len(leaves)
        assert all(term.weight == pytest.approx(4.5) for term in terms.values())


def test_all_students_of_three_modalities_learn_from_each_other_in_the_whole_batch() -> None:
    scene = make_scene()
    aligner = ModalAffinityDistillation(whole_batch=True)
    aligner.bind(scene.layout, {})
    terms = aligner(scene.step())
    assert scene.target is not None
    audio, image, text = scene.target.features.values()
    labels = scene.target.lessons["digit"].labels

    def pair(rows: Tensor, columns: Tensor) -> Tensor:
        return distillation_loss(rows, columns, labels, torch.ones_like(labels, dtype=torch.bool), form="sample")

    torch.testing.assert_close(terms["audio"].value, (pair(image, audio) + pair(text, audio)) / 2)
    torch.testing.assert_close(terms["image"].value, (pair(image, audio) + pair(text, image)) / 2)
    torch.testing.assert_close(terms["text"].value, (pair(text, audio) + pair(text, image)) / 2)


def test_what_the_joint_logits_teach_is_not_distilled() -> None:
    scene = make_scene(2)
    aligner = ModalAffinityDistillation()
    aligner.bind(scene.layout, {})
    step = scene.step()
    assert step.target is not None
    by_joint = attrs.evolve(step.target, lessons={"digit": make_lesson([JOINT_TEACHER] * 7)})
    assert not any(term.value.item() for term in aligner(attrs.evolve(step, target=by_joint)).values())
    assert aligner(attrs.evolve(step, target=attrs.evolve(step.target, lessons={}))) == {}


def test_one_modality_has_no_teacher() -> None:
    scene = make_scene(1)
    aligner = ModalAffinityDistillation()
    aligner.bind(scene.layout, {})
    assert aligner(scene.step()) == {}


def descend(loss: Callable[[], Tensor], weights: list[Tensor], steps: int = 400) -> None:
    optimizer = torch.optim.Adam(weights, 0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.autograd.backward(loss())
        optimizer.step()


def clusters(seed: int) -> tuple[Tensor, Tensor]:
    """Features of three classes that lie close to each other, and their labels."""
    labels = torch.arange(30) % 3
    centres = 2.0 + draw(3, 6, seed=seed)
    return centres[labels] + 0.2 * draw(30, 6, seed=seed + 1), labels


def test_trained_class_vectors_classify_all_modalities() -> None:
    layout = Layout(("audio", "image"), (Task("digit", ("one", "two", "three")),), {"audio": 6, "image": 6})
    with torch.random.fork_rng():
        torch.manual_seed(0)
        classes = class_encoder(layout)["classes"]
    assert isinstance(classes, ClassEncoder)
    classes.double()
    both = [clusters(seed) for seed in (0, 10)]

    def loss() -> Tensor:
        losses = [metric_learning_loss(classes(features, "digit"), labels, form="sample") for features, labels in both]
        return torch.stack(losses).sum()

    descend(loss, [*classes.parameters()])
    for features, labels in both:
        assert (classes(features, "digit").argmax(dim=1) == labels).all()


def test_a_student_comes_to_lie_with_its_teachers_by_class() -> None:
    student, _ = clusters(0)
    teachers, labels = clusters(10)
    labels = labels.roll(1)  # so that what the student knew is wrong
    teachers = teachers.roll(1, 0)
    student.requires_grad_()

    def accuracy() -> float:
        means = torch.stack([teachers[labels == index].mean(dim=0) for index in range(3)])
        return (log_affinity(student.detach(), means).argmax(dim=1) == labels).double().mean().item()

    assert accuracy() < 0.5
    everyone = torch.ones(30, dtype=torch.bool)
    descend(lambda: distillation_loss(student, teachers, labels, everyone, form="sample"), [student])
    assert accuracy() > 0.9


REFUSED: Mapping[str, tuple[Callable[..., object], dict[str, Any]]] = {
    r"alpha must be within \(0, 1\], but got 0.0": (SampleFiltering, {"alpha": 0.0}),
    r"alpha must be within \(0, 1\], but got 1.5": (SampleFiltering, {"alpha": 1.5}),
    r"alpha must be within \(0, 1\], but got nan": (SampleFiltering, {"alpha": float("nan")}),
    "lambda_moml must not be negative, but got -1": (ModalAffinityMetricLearning, {"lambda_moml": -1.0}),
    "beta must not be negative, but got inf": (ModalAffinityDistillation, {"beta": float("inf")}),
}


@pytest.mark.parametrize("message", REFUSED)
def test_arguments_out_of_range_are_refused(message: str) -> None:
    make, arguments = REFUSED[message]
    with pytest.raises(ValueError, match=message):
        make(**arguments)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("make", [ModalAffinityMetricLearning, ModalAffinityDistillation])
def test_an_unknown_form_is_refused(make: Callable[..., object]) -> None:
    with pytest.raises(ValueError, match="form must be one of ratio, sample, but got 'rows'"):
        make(form="rows")
