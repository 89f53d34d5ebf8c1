"""A consensus teaches the rows that its file knows, by their ids, where it is sure."""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import attrs
import numpy as np
import pytest
import torch
from acclimate.adapters.consensus_teacher import ConsensusTeacher
from acclimate.framework import ClassSpec, RecipeError
from acclimate.framework.batch import JOINT_TEACHER
from acclimate.framework.consensus.consensus_file import Consensus, Parent
from acclimate.framework.interfaces import TeacherSelector
from acclimate.framework.layout import Task
from acclimate.framework.recipes.class_paths import instantiate
from acclimate.framework.testing import SCORE, SELECTOR_PROMISES, SelectorCase, make_layout, make_scene
from acclimate.framework.testing.layouts import DIGIT, VERB
from bits import assert_same_bits
from numpy.typing import NDArray

PATH = "acclimate.adapters.ConsensusTeacher"


def ids() -> tuple[str, ...]:
    """Of a scene's target."""
    return make_scene().side("target", labelled=False).batch.ids


def draw(task: Task, rows: int) -> NDArray[np.float64]:
    """Any posterior."""
    return np.random.default_rng(task.outputs).dirichlet([0.2] * task.outputs, rows)


def write(folder: Path, tasks: Sequence[Task] = (DIGIT,), known: Sequence[str] | None = None) -> Path:
    """A consensus of all rows of a scene's target, or of some."""
    known = ids() if known is None else known
    classes = {task.name: task.classes or () for task in tasks}
    posteriors = {task.name: draw(task, len(known)) for task in tasks}
    path = folder / "consensus.npz"
    Consensus(known, classes, posteriors, [Parent("coral", "1" * 64, "train coral")]).write(path)
    return path


# "lessons" has layouts of many tasks, each of which would need a file of its own; "lesson order" gives rows no ids.
@pytest.mark.parametrize("promise", ["absent teachers", "target labels"])
@pytest.mark.parametrize("soft", [False, True])
def test_promise(promise: str, *, soft: bool, tmp_path: Path) -> None:
    path = write(tmp_path)
    SELECTOR_PROMISES[promise](SelectorCase(partial(ConsensusTeacher, str(path), 0.8, soft=soft), "consensus"))


def test_it_teaches_what_the_file_says_of_the_rows_that_it_knows(tmp_path: Path) -> None:
    known = (*ids()[::-2], "another")
    path = write(tmp_path, known=known)
    lesson = SelectorCase(ConsensusTeacher(str(path), 0.6)).lessons_of(make_scene())["digit"]
    likely = dict(zip(known, draw(DIGIT, len(known)), strict=True))
    expected = [name in likely and likely[name].max() >= 0.6 for name in ids()]
    assert_same_bits(lesson.keep, torch.tensor(expected))
    assert 0 < sum(expected) < len([name for name in ids() if name in likely])
    for row, name in enumerate(ids()):
        if name in likely:
            assert lesson.labels[row] == likely[name].argmax()
            assert lesson.confidence[row].item() == pytest.approx(likely[name].max())
        else:
            assert lesson.confidence[row].item() == pytest.approx(0.0)
    assert (lesson.teacher == JOINT_TEACHER).all()
    assert lesson.soft is None


def test_rows_are_known_by_their_ids(tmp_path: Path) -> None:
    teacher, side = ConsensusTeacher(str(write(tmp_path))), make_scene().side("target", labelled=False)
    teacher.bind(make_layout(), {})
    turned = attrs.evolve(side, batch=attrs.evolve(side.batch, ids=side.batch.ids[::-1]))
    one, other = teacher(side)["digit"], teacher(turned)["digit"]
    assert_same_bits(one.labels, other.labels.flip(0))
    assert_same_bits(one.confidence, other.confidence.flip(0))
    assert len(one.labels.unique()) > 1


def test_without_a_threshold_all_known_rows_are_kept(tmp_path: Path) -> None:
    path = write(tmp_path, known=ids()[:3])
    lesson = SelectorCase(ConsensusTeacher(str(path), soft=True)).lessons_of(make_scene())["digit"]
    assert_same_bits(lesson.keep, torch.arange(len(ids())) < 3)
    assert lesson.soft is not None
    torch.testing.assert_close(lesson.soft[:3], torch.from_numpy(draw(DIGIT, 3)).to(lesson.soft))
    torch.testing.assert_close(lesson.soft.sum(dim=1), torch.ones(len(ids())).to(lesson.soft))


def test_numbers_are_not_taught(tmp_path: Path) -> None:
    lessons = SelectorCase(ConsensusTeacher(str(write(tmp_path)))).lessons_of(make_scene(tasks=(DIGIT, SCORE)))
    assert lessons["digit"].keep.all()
    assert not lessons["score"].keep.any()


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ((VERB,), "the data lack the task 'digit', they have verb"),
        ((DIGIT, VERB), "the file lacks the task 'verb', it has digit"),
        (
            (Task("digit", ("one", "three", "two")),),
            "'digit' has 3 classes, one, two, three in the file, but 3",
        ),
        ((Task("digit", ("one", "two")),), "in the file, but 2 classes, one, two in the data"),
        ((SCORE,), "a consensus teaches classes, but the data have tasks without any: 'score'"),
    ],
)
def test_a_file_of_other_tasks_or_classes_is_refused(tasks: tuple[Task, ...], message: str, tmp_path: Path) -> None:
    teacher = ConsensusTeacher(str(write(tmp_path)))
    with pytest.raises(RecipeError, match=re.escape(message)):
        teacher.bind(make_layout(tasks=tasks), {})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"threshold": 1.5}, "threshold must be within [0, 1], but got 1.5"),
        ({"consensus": "nowhere.npz"}, "must be a file that acclimate choose wrote, but there is none at nowhere.npz"),
        ({"sha256": "0" * 64}, f"consensus must be the file with the SHA-256 {'0' * 64}, but "),
    ],
)
def test_a_mistake_is_one_line(arguments: dict[str, object], message: str, tmp_path: Path) -> None:
    spec = ClassSpec(PATH, {"consensus": str(write(tmp_path))} | arguments)
    with pytest.raises(RecipeError, match=re.escape(message)) as raised:
        instantiate(TeacherSelector, spec, "selector")
    assert "\n" not in str(raised.value)


def test_without_a_file_it_is_opened_but_does_not_teach(tmp_path: Path) -> None:
    written = ConsensusTeacher(str(write(tmp_path)), 0.7)
    opened = ConsensusTeacher(threshold=0.7, **written.portable_arguments())
    opened.bind(make_layout(), {})
    assert opened.sha256 == written.sha256
    assert [parent["name"] for parent in written.parents()] == ["coral"]
    with pytest.raises(RecipeError, match="to train, consensus must be the path of the file"):
        opened(make_scene().side("target", labelled=False))


def test_it_has_no_weights(tmp_path: Path) -> None:
    assert not ConsensusTeacher(str(write(tmp_path))).state_dict()
