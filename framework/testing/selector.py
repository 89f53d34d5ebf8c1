"""Checks of TeacherSelectors: well-formed lessons that read no label of the target."""

from collections.abc import Mapping, Set as AbstractSet
from typing import Final, TypeAlias

import attrs
import torch

from ..batch import JOINT_TEACHER, Lesson
from ..interfaces import TeacherSelector
from ..layout import JOINT, Layout, Task
from .bound_parts import Made, Parts, bind, name_of
from .broken_promise import BrokenPromiseError, Promises, difference
from .edges import make_edges
from .layouts import DIGIT, SCORE, VERB
from .lessons import lesson_fields, reorder
from .refusals import takes, usual_modalities
from .row_changes import GARBAGE, SCATTERED, drop, fill
from .scene import Scene, make_scene

Lessons: TypeAlias = Mapping[str, Lesson]


@attrs.frozen
class SelectorCase:
    """A TeacherSelector and what it claims.

    Args:
        selector: the TeacherSelector, not yet bound, or what makes it, such as its class.
        name: what it is called in sentences; its class's name by default.
        parts: the modules that it takes when it is bound, by name.
        refuses: what its `bind` answers with a RecipeError: names of `make_edges` such as "regression".
    """

    selector: Made[TeacherSelector]
    name: str = attrs.field()
    parts: Parts = attrs.field(factory=dict)
    refuses: AbstractSet[str] = frozenset()

    @name.default
    def _class_name(self) -> str:
        return name_of(self.selector)

    def lessons_of(self, scene: Scene, *, target_labels: bool = False) -> Lessons:
        """What it teaches a scene's target, which it has studied.

        Raises:
            BrokenPromiseError: if it raises an error, or answers anything but a Lesson for each task.
        """
        side = scene.side("target", labelled=target_labels)
        try:
            selector = bind(self.selector, scene.layout, self.parts, scene.dtype).part
            selector.study([side])
            lessons: object = selector(side)
        except Exception as error:
            raise BrokenPromiseError(f"{self.name}: raises {error!r} on {scene}.") from error
        if not isinstance(lessons, Mapping) or not all(isinstance(lesson, Lesson) for lesson in lessons.values()):
            raise BrokenPromiseError(f"{self.name}: must answer a dict of Lessons by task, but answers {lessons!r}.")
        return lessons

    def scene(self, *wanted: Task) -> Scene:
        """A scene with the tasks that it does not refuse."""
        tasks = [task for task in wanted if not (task.is_regression and "regression" in self.refuses)]
        count = 1 if "two tasks" in self.refuses else len(tasks)
        return make_scene(usual_modalities(self.refuses), tasks[:count])


def check_lessons(case: SelectorCase) -> None:
    """On all edges, a lesson for each task: one label, teacher, confidence and keep for each row, without gradient."""
    for edge, scene in make_edges(usual_modalities(case.refuses)).items():
        if "target" not in scene.rows or not takes(scene.layout, case.refuses):
            continue
        lessons = case.lessons_of(scene)
        if lessons.keys() != {task.name for task in scene.layout.tasks}:
            tasks = [task.name for task in scene.layout.tasks]
            raise BrokenPromiseError(f"{case.name}: must teach {tasks}, but teaches {sorted(lessons)} on {edge!r}.")
        for task in scene.layout.tasks:
            fault = _fault(lessons[task.name], task, len(scene.rows["target"]), scene.layout)
            if fault:
                raise BrokenPromiseError(f"{case.name}/{task.name}: its lesson on {edge!r} {fault}.")


def _fault(lesson: Lesson, task: Task, rows: int, layout: Layout) -> str:
    for field, values in lesson_fields(lesson).items():
        if len(values) != rows:
            return f"has {field} of {len(values)} rows and not {rows}"
        if values.requires_grad:
            return f"has {field} that a gradient flows through"
    strangers = sorted(lesson.by_student.keys() - {*layout.modalities, JOINT})
    if strangers:
        return f"teaches {strangers[0]!r}, which is no student: {', '.join((*layout.modalities, JOINT))} are"
    faults = (_fault_of_values(one, task, layout) for one in (lesson, *lesson.by_student.values()))
    return next(filter(None, faults), "")


def _fault_of_values(lesson: Lesson, task: Task, layout: Layout) -> str:
    last = len(layout.modalities) - 1
    if not lesson.confidence.isfinite().all():
        return "has a confidence that is not finite"
    if lesson.keep.dtype != torch.bool:
        return f"has keep of {lesson.keep.dtype} and not torch.bool"
    if lesson.teacher.dtype != torch.int64 or not ((lesson.teacher >= JOINT_TEACHER) & (lesson.teacher <= last)).all():
        return f"has teachers that are no integers from {JOINT_TEACHER} to {last}: {lesson.teacher.tolist()}"
    return "" if task.is_regression else _fault_of_classes(lesson, task.outputs)


def _fault_of_classes(lesson: Lesson, classes: int) -> str:
    if lesson.labels.dtype != torch.int64 or not ((lesson.labels >= 0) & (lesson.labels < classes)).all():
        return f"has labels that are no classes from 0 to {classes - 1}: {lesson.labels.tolist()}"
    if lesson.soft is None:
        return ""
    if lesson.soft.shape[1:] != (classes,):
        return f"has soft of shape {tuple(lesson.soft.shape)}, where there are {classes} classes"
    wrong = difference(lesson.soft.sum(dim=1), torch.ones_like(lesson.confidence))
    return f"has probabilities in soft that do not sum to 1: {wrong}" if wrong else ""


def check_absent_teachers(case: SelectorCase) -> None:
    """What stands where a modality is absent, NaN too, changes no lesson."""
    scene = case.scene(DIGIT, SCORE)
    scene = scene.change(drop(SCATTERED[:, : len(scene.layout.modalities)]))
    expected = case.lessons_of(scene)
    for garbage in GARBAGE:
        filled = scene.change(fill(garbage))
        found = case.lessons_of(filled)
        _assert_same(case, found, expected, f"when {garbage:g} stands where a modality is absent")


def check_lesson_order(case: SelectorCase) -> None:
    """Rows in another order are taught the same."""
    scene = case.scene(DIGIT, VERB)
    order = torch.tensor([3, 1, 6, 0, 2, 5, 4])
    expected = {task: reorder(lesson, order) for task, lesson in case.lessons_of(scene).items()}
    found = case.lessons_of(attrs.evolve(scene, target=scene.rows["target"].take(order)))
    _assert_same(case, found, expected, "with the order of rows")


def check_no_labels_are_read(case: SelectorCase) -> None:
    """Labels that a target's batch carries by mistake change nothing."""
    scene = case.scene(DIGIT, SCORE)
    seen = case.lessons_of(scene, target_labels=True)
    _assert_same(case, seen, case.lessons_of(scene), "when the target's batch carries labels")


SELECTOR_PROMISES: Final[Promises[SelectorCase]] = {
    "lessons": check_lessons,
    "absent teachers": check_absent_teachers,
    "lesson order": check_lesson_order,
    "target labels": check_no_labels_are_read,
}
"""What checks each promise of a TeacherSelector, by name, in the order in which `check_selector` asks."""


def check_selector(
    selector: Made[TeacherSelector], *, parts: Parts | None = None, refuses: AbstractSet[str] = frozenset()
) -> None:
    """Check all that a TeacherSelector promises; returns nothing where it keeps it.

    Args:
        selector: the TeacherSelector, not yet bound, or what makes it, such as its class.
        parts: see `SelectorCase` for this and what follows.
        refuses: layouts that it does not work with.

    Raises:
        BrokenPromiseError: at the first promise that it breaks, with a sentence that says which, and the numbers.

    Example:
        >>> from acclimate.framework import TeacherSelector
        >>> class Surest(TeacherSelector):
        ...     def forward(self, side):
        ...         return {task: self.teach(side, task) for task in side.outputs.logits}
        ...
        ...     def teach(self, side, task):
        ...         confidence, labels = side.outputs.joint_logits(task).softmax(dim=1).max(dim=1)
        ...         return Lesson(labels, torch.full_like(labels, JOINT_TEACHER), confidence, confidence > 0.5)
        >>> check_selector(Surest(), refuses={"regression"})
        Traceback (most recent call last):
        ...
        acclimate.framework.testing.broken_promise.BrokenPromiseError: Surest/digit: its lesson on 'one modality' has
        confidence that a gradient flows through.
    """
    case = SelectorCase(selector, parts=parts or {}, refuses=refuses)
    for check in SELECTOR_PROMISES.values():
        check(case)


def _assert_same(case: SelectorCase, found: Lessons, expected: Lessons, change: str) -> None:
    for task, lesson in expected.items():
        new, old = lesson_fields(found[task]), lesson_fields(lesson)
        if new.keys() != old.keys():
            raise BrokenPromiseError(f"{case.name}/{task}: its lesson changes {change}: {[*new]} and not {[*old]}.")
        for field, values in old.items():
            changed = difference(new[field], values)
            if changed:
                raise BrokenPromiseError(
                    f"{case.name}/{task}: its lesson is another one {change}, in its {field}: {changed}."
                )
