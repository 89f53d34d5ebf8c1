"""Properties that all TeacherSelectors share. A new method adds its line to SELECTORS."""

from collections.abc import Callable, Mapping

import pytest
import torch
from acclimate.adapters.boomda import MajorityVote
from acclimate.adapters.fused_argmax import FusedArgmax
from acclimate.adapters.modfinity import SampleFiltering
from acclimate.framework.batch import JOINT_TEACHER, Lesson
from acclimate.framework.interfaces import TeacherSelector
from acclimate.framework.testing import DIGIT, SCATTERED, SCORE, VERB, Scene, drop, make_edges, make_scene

from .shared import class_encoder

SELECTORS: Mapping[str, Callable[[], TeacherSelector]] = {
    "fused-argmax": FusedArgmax,
    "fused-argmax-threshold": lambda: FusedArgmax(0.6),
    "majority-vote": MajorityVote,
    "sample-filtering": SampleFiltering,
    "sample-filtering-all": lambda: SampleFiltering(1.0),
}

each_selector = pytest.mark.parametrize("make", SELECTORS.values(), ids=list(SELECTORS))


def teach(make: Callable[[], TeacherSelector], scene: Scene, *, target_labels: bool = False) -> dict[str, Lesson]:
    selector = make()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        selector.bind(scene.layout, class_encoder(scene.layout))
    selector.to(next(iter(scene.leaves.values())).dtype)
    side = scene.side("target", labelled=target_labels)
    selector.study([side])
    lessons: dict[str, Lesson] = selector(side)
    return lessons


def assert_same(first: Mapping[str, Lesson], second: Mapping[str, Lesson]) -> None:
    assert first.keys() == second.keys()
    for task, lesson in first.items():
        torch.testing.assert_close(lesson.labels, second[task].labels)
        assert torch.equal(lesson.teacher, second[task].teacher)
        torch.testing.assert_close(lesson.confidence, second[task].confidence)
        assert torch.equal(lesson.keep, second[task].keep)


@each_selector
@pytest.mark.parametrize("edge", [name for name, scene in make_edges().items() if scene.target is not None])
def test_lessons_are_well_formed(make: Callable[[], TeacherSelector], edge: str) -> None:
    scene = make_edges()[edge]
    rows = len(scene.target or ())
    lessons = teach(make, scene)
    assert lessons.keys() == {task.name for task in scene.layout.tasks}
    for task in scene.layout.tasks:
        lesson = lessons[task.name]
        assert all(len(field) == rows for field in (lesson.labels, lesson.teacher, lesson.confidence, lesson.keep))
        assert not lesson.labels.requires_grad
        assert not lesson.confidence.requires_grad
        assert lesson.confidence.isfinite().all()
        assert lesson.keep.dtype == torch.bool
        assert lesson.teacher.dtype == torch.int64
        assert ((lesson.teacher >= JOINT_TEACHER) & (lesson.teacher < len(scene.layout.modalities))).all()
        if not task.is_regression:
            assert lesson.labels.dtype == torch.int64
            assert ((lesson.labels >= 0) & (lesson.labels < task.outputs)).all()


@each_selector
@pytest.mark.parametrize("garbage", [1e6, torch.nan])
def test_absent_modalities_do_not_teach(make: Callable[[], TeacherSelector], garbage: float) -> None:
    scene = make_scene(tasks=(DIGIT, SCORE)).change(drop(SCATTERED))
    assert_same(teach(make, scene), teach(make, scene.change(lambda rows: rows.fill_absent(garbage))))


@each_selector
def test_row_order(make: Callable[[], TeacherSelector]) -> None:
    scene = make_scene(tasks=(DIGIT, VERB))
    order = torch.tensor([3, 1, 6, 0, 2, 5, 4])
    expected = {
        task: Lesson(lesson.labels[order], lesson.teacher[order], lesson.confidence[order], lesson.keep[order])
        for task, lesson in teach(make, scene).items()
    }
    assert_same(teach(make, scene.change(lambda rows: rows.take(order))), expected)


@each_selector
def test_target_labels_are_not_seen(make: Callable[[], TeacherSelector]) -> None:
    scene = make_scene(tasks=(DIGIT, SCORE))
    assert_same(teach(make, scene), teach(make, scene, target_labels=True))


def test_fused_argmax_keeps_all_without_a_threshold() -> None:
    scene = make_scene()
    lesson = teach(FusedArgmax, scene)["digit"]
    logits = scene.side("target", labelled=False).outputs.joint_logits("digit")
    assert lesson.labels.tolist() == logits.argmax(dim=1).tolist()
    torch.testing.assert_close(lesson.confidence, logits.softmax(dim=1).amax(dim=1).detach())
    assert lesson.keep.all()
    assert (lesson.teacher == JOINT_TEACHER).all()


def test_fused_argmax_keeps_the_confident_ones() -> None:
    confidence = teach(FusedArgmax, make_scene())["digit"].confidence
    threshold = confidence.median().item()
    lesson = teach(lambda: FusedArgmax(threshold), make_scene())["digit"]
    assert lesson.keep.tolist() == (confidence >= threshold).tolist()
    assert 0 < lesson.keep.sum() < len(confidence)


def test_fused_argmax_teaches_the_fused_number() -> None:
    scene = make_scene(tasks=(SCORE,))
    lesson = teach(lambda: FusedArgmax(0.9), scene)["score"]
    expected = scene.side("target", labelled=False).outputs.joint_logits("score")[:, 0]
    torch.testing.assert_close(lesson.labels, expected.detach())
    assert lesson.confidence.tolist() == [1.0] * 7
    assert lesson.keep.all()


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_fused_argmax_refuses_a_threshold(threshold: float) -> None:
    with pytest.raises(ValueError, match=r"threshold must be within \[0, 1\], but got"):
        FusedArgmax(threshold)
