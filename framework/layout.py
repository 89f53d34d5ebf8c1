"""What parts must know of the data before they can make their weights. Imports no torch."""

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Final, Literal, TypeAlias

import attrs

JOINT: Final = "joint"
"""Key of the fused features and logits, beside the names of the modalities."""

DomainSide: TypeAlias = Literal["source", "target"]

RowShape: TypeAlias = tuple[int | None, ...]
"""Shape of one row's tensor; None, which stands first, is the number of its steps in time."""


def _to_names(names: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)


@attrs.frozen
class Task:
    """A label set, or a regression target where `classes` is None.

    Example:
        >>> Task("verb", classes=("cut", "wash")).outputs
        2
        >>> Task("sentiment").is_regression
        True
    """

    name: str
    classes: tuple[str, ...] | None = attrs.field(default=None, converter=_to_names)

    @classes.validator
    def _check_classes(self, _: object, value: tuple[str, ...] | None) -> None:
        if value is not None and (len(value) < 2 or len(set(value)) != len(value)):
            raise ValueError(f"task {self.name!r} must have at least two classes, all different, but got {value}.")

    @property
    def is_regression(self) -> bool:
        """Whether the label is a number."""
        return self.classes is None

    @property
    def outputs(self) -> int:
        """Size of the last axis of this task's logits: the number of classes, or 1."""
        return 1 if self.classes is None else len(self.classes)


def _sorted_names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))


def _to_tasks(tasks: Iterable[Task]) -> tuple[Task, ...]:
    return tuple(tasks)


def _to_sizes(sizes: Mapping[str, int]) -> Mapping[str, int]:
    return dict(sizes)


def _to_samples(samples: Mapping[DomainSide, int]) -> Mapping[DomainSide, int]:
    return dict(samples)


@attrs.frozen
class Layout:
    """Modalities, tasks and sizes: what `bind` tells a part.

    Args:
        modalities: names, kept in alphabetical order: the order of the columns of `present`.
        tasks: what is predicted.
        feature_sizes: length of `Outputs.features`, by modality.
        task_feature_sizes: length of `Outputs.task_features`, by modality; the same unless the model projects.
        samples: number of samples, by side; 0 or missing where a side is absent or not known.
        intermediate_shapes: of what encoders hand on beside features, by modality and name, see `Encoder`.
        joint_size: length of the joint features, which the Fusion decides: what is bound before it, and the Fusion
            itself, are told the sum of the modalities' sizes.

    Example:
        >>> layout = Layout(("video", "audio"), (Task("digit", ("0", "1")),), {"audio": 8, "video": 8})
        >>> layout.modalities, list(layout.pairs)
        (('audio', 'video'), [('audio', 'video')])
    """

    modalities: tuple[str, ...] = attrs.field(converter=_sorted_names)
    tasks: tuple[Task, ...] = attrs.field(converter=_to_tasks)
    feature_sizes: Mapping[str, int] = attrs.field(converter=_to_sizes)
    task_feature_sizes: Mapping[str, int] = attrs.field(converter=_to_sizes)
    samples: Mapping[DomainSide, int] = attrs.field(factory=dict, converter=_to_samples)
    intermediate_shapes: Mapping[str, Mapping[str, RowShape]] = attrs.field(factory=dict, kw_only=True)
    joint_size: int = attrs.field()

    @joint_size.default
    def _concatenated(self) -> int:
        return sum(self.feature_sizes.values())

    @task_feature_sizes.default
    def _same_sizes(self) -> Mapping[str, int]:
        return self.feature_sizes

    @modalities.validator
    def _check_modalities(self, _: object, value: tuple[str, ...]) -> None:
        if not value or len(set(value)) != len(value) or JOINT in value:
            raise ValueError(f"modalities must be one or more different names other than {JOINT!r}, but got {value}.")

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Unordered pairs of modalities."""
        return tuple(combinations(self.modalities, 2))

    def task(self, name: str) -> Task:
        """The task of that name; raises KeyError where there is none."""
        return next(task for task in self.tasks if task.name == name)


def modality_subsets(modalities: tuple[str, ...]) -> list[tuple[str, ...]]:
    """All 2^M - 1 non-empty subsets, the whole set first, then by falling size.

    Example:
        >>> modality_subsets(("audio", "image"))
        [('audio', 'image'), ('audio',), ('image',)]
    """
    sizes = range(len(modalities), 0, -1)
    return [subset for size in sizes for subset in combinations(sorted(modalities), size)]
