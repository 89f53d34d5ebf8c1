"""What a table holds, inferred from the source's training rows and stored in every checkpoint and artefact."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import attrs

from ..errors import DataError
from ..layout import Task
from ..port_names import find_clash
from .preprocessing import Preprocessing

if TYPE_CHECKING:
    from .input_maps.base import InputMap
    from .labels import TaskKind
    from .table import Table


def _sorted_by_name(preprocessing: Mapping[str, Preprocessing]) -> dict[str, Preprocessing]:
    return dict(sorted(preprocessing.items()))


def _sorted_maps(maps: "Mapping[str, InputMap]") -> "dict[str, InputMap]":
    return dict(sorted(maps.items()))


def _to_tasks(tasks: Iterable[Task]) -> tuple[Task, ...]:
    return tuple(tasks)


@attrs.frozen
class Schema:
    """Preprocessing of each modality, the tasks and, where some were found, the target's input maps.

    Args:
        preprocessing: by modality, kept in alphabetical order.
        tasks: what is predicted.
        maps: by modality, what stands before its encoder on the target's side, and so in every artefact; a modality
            that is left out is taken as it is.

    Raises:
        DataError: if a map is of no modality, or does not fit it.
    """

    preprocessing: Mapping[str, Preprocessing] = attrs.field(converter=_sorted_by_name)
    tasks: tuple[Task, ...] = attrs.field(converter=_to_tasks)
    maps: "Mapping[str, InputMap]" = attrs.field(factory=dict, converter=_sorted_maps)

    def __attrs_post_init__(self) -> None:
        for name, found in self.maps.items():
            if name not in self.preprocessing:
                known = ", ".join(map(repr, self.modalities))
                raise DataError(f"an input map must be of a modality, {known}, but one is of {name!r}.")
            try:
                found.check_fit(self.preprocessing[name])
            except ValueError as error:
                raise DataError(f"the input map of {name!r} does not fit: {error}") from error

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities, sorted."""
        return tuple(self.preprocessing)

    @classmethod
    def fit(
        cls,
        table: "Table",
        overrides: Mapping[str, Mapping[str, object]] | None = None,
        tasks: "Mapping[str, TaskKind] | None" = None,
    ) -> "Schema":
        """Infer a schema from the source's training rows, and from nothing else.

        Args:
            table: the source's training rows. Labels are read for the names of classes only.
            overrides: see `fit_preprocessing`.
            tasks: `"classes"` or `"regression"` by task, where `Table.kind` would be wrong.

        Raises:
            DataError: if a modality has no data, its files do not fit together, a task has fewer than two classes, a
                name is not in the table, or columns have names that would clash in an exported graph. The message
                names the row.
        """
        # Late: whoever reads a schema that was stored, as an artefact does, infers nothing.
        from .schema_fitting import check_labels, fit_preprocessing, fit_tasks

        check_labels(table, tasks or {})
        schema = cls(fit_preprocessing(table, overrides), fit_tasks(table, tasks or {}))
        clash = schema.find_clash()
        if clash is not None:
            raise DataError(f"{clash}.")
        return schema

    def find_clash(self) -> str | None:
        """Why a model of this schema could not be exported, if columns have names that would clash in its graph."""
        told = [name for name, part in self.preprocessing.items() if part.time_axis is not None]
        return find_clash(self.tasks, self.modalities, told)

    def to_config(self) -> dict[str, object]:
        """The schema as JSON values."""
        return {
            "preprocessing": {name: part.to_config() for name, part in self.preprocessing.items()},
            "tasks": [
                {"name": task.name, "classes": None if task.classes is None else list(task.classes)}
                for task in self.tasks
            ],
            # Left out where there are none, so that files from before there were maps keep their bytes.
            **({"maps": {name: found.to_config() for name, found in self.maps.items()}} if self.maps else {}),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> "Schema":
        """Read what `to_config` wrote.

        Raises:
            DataError: if something is missing or wrong.
        """
        match config:
            case {"preprocessing": Mapping() as parts, "tasks": list() as tasks}:
                preprocessing = {name: Preprocessing.from_config(part) for name, part in parts.items()}
                maps = _read_maps(config["maps"], preprocessing) if "maps" in config else {}
                return cls(preprocessing, map(_read_task, tasks), maps)
            case _:
                raise DataError(f"a schema has the fields preprocessing and tasks, but got {', '.join(config)}.")


def _read_maps(config: object, preprocessing: Mapping[str, Preprocessing]) -> "dict[str, InputMap]":
    # Late: most schemas have no maps.
    from ..files.shown_value import shown
    from .input_maps.base import InputMap

    if not isinstance(config, Mapping) or any(name not in preprocessing for name in config):
        raise DataError(f"maps must be an object with maps by modality, but got {shown(config)}.")
    return {name: InputMap.from_config(found, preprocessing[name]) for name, found in config.items()}


def _read_task(config: object) -> Task:
    match config:
        case {"name": str(name), "classes": list() | None as classes} if all(
            isinstance(label, str) for label in classes or ()
        ):
            try:
                return Task(name, classes)
            except ValueError as error:
                raise DataError(str(error)) from error
        case _:
            raise DataError(f"a task has the fields name and classes, but got {config!r}.")
