"""Lessons as tensors by name, those of single students too, and in another order."""

from jaxtyping import Int64, Shaped
from torch import Tensor

from ..batch import Lesson


def lesson_fields(lesson: Lesson) -> dict[str, Shaped[Tensor, "batch ..."]]:
    """All tensors of a lesson by name, such as "keep" and "labels of audio".

    Example:
        >>> from acclimate.framework.testing import make_step
        >>> list(lesson_fields(make_step().target.lessons["digit"]))
        ['labels', 'teacher', 'confidence', 'keep']
    """
    own = {"labels": lesson.labels, "teacher": lesson.teacher, "confidence": lesson.confidence, "keep": lesson.keep}
    soft = {} if lesson.soft is None else {"soft": lesson.soft}
    of_students = {
        f"{field} of {student}": values
        for student, special in lesson.by_student.items()
        for field, values in lesson_fields(special).items()
    }
    return {**own, **soft, **of_students}


def reorder(lesson: Lesson, order: Int64[Tensor, " rows"]) -> Lesson:
    """The lesson of some rows, or of all in another order."""
    return Lesson(
        labels=lesson.labels[order],
        teacher=lesson.teacher[order],
        confidence=lesson.confidence[order],
        keep=lesson.keep[order],
        soft=None if lesson.soft is None else lesson.soft[order],
        by_student={student: reorder(special, order) for student, special in lesson.by_student.items()},
    )
