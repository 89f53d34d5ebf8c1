"""Properties that all TeacherSelectors share. A new method adds its line to SELECTORS."""

from collections.abc import Callable, Mapping

import pytest
import torch
from acclimate.adapters.class_encoder import ClassEncoder
from acclimate.adapters.fused_argmax import FusedArgmax
from acclimate.adapters.majority_vote import MajorityVote
from acclimate.adapters.sample_filtering import SampleFiltering
from acclimate.framework.batch import JOINT_TEACHER, Lesson
from acclimate.framework.interfaces import TeacherSelector
from acclimate.framework.testing import SCORE, SELECTOR_PROMISES, Scene, SelectorCase, make_scene
from bits import assert_same_bits

SELECTORS: Mapping[str, Callable[[], TeacherSelector]] = {
    "fused-argmax": FusedArgmax,
    "fused-argmax-threshold": lambda: FusedArgmax(0.6),
    "majority-vote": MajorityVote,
    "sample-filtering": SampleFiltering,
    "sample-filtering-all": lambda: SampleFiltering(1.0),
}


@pytest.mark.parametrize("promise", SELECTOR_PROMISES)
@pytest.mark.parametrize("name", SELECTORS)
def test_promise(name: str, promise: str) -> None:
    SELECTOR_PROMISES[promise](SelectorCase(SELECTORS[name], name, {"classes": ClassEncoder}))


def teach(selector: TeacherSelector, scene: Scene) -> Mapping[str, Lesson]:
    return SelectorCase(selector).lessons_of(scene)


def test_fused_argmax_keeps_all_without_a_threshold() -> None:
    scene = make_scene()
    lesson = teach(FusedArgmax(), scene)["digit"]
    logits = scene.side("target", labelled=False).outputs.joint_logits("digit")
    assert_same_bits(lesson.labels, logits.argmax(dim=1))
    torch.testing.assert_close(lesson.confidence, logits.softmax(dim=1).amax(dim=1).detach())
    assert lesson.keep.all()
    assert (lesson.teacher == JOINT_TEACHER).all()


def test_fused_argmax_keeps_the_confident_ones() -> None:
    confidence = teach(FusedArgmax(), make_scene())["digit"].confidence
    threshold = confidence.median().item()
    lesson = teach(FusedArgmax(threshold), make_scene())["digit"]
    assert_same_bits(lesson.keep, confidence >= threshold)
    assert 0 < lesson.keep.sum() < len(confidence)


def test_fused_argmax_teaches_the_fused_number() -> None:
    scene = make_scene(tasks=(SCORE,))
    lesson = teach(FusedArgmax(0.9), scene)["score"]
    expected = scene.side("target", labelled=False).outputs.joint_logits("score")[:, 0]
    torch.testing.assert_close(lesson.labels, expected.detach())
    assert lesson.confidence.tolist() == pytest.approx([1.0] * 7)
    assert lesson.keep.all()


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_fused_argmax_refuses_a_threshold(threshold: float) -> None:
    with pytest.raises(ValueError, match=r"threshold must be within \[0, 1\], but got"):
        FusedArgmax(threshold)
