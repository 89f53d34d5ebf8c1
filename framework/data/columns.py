"""What the columns of a table's file mean, by their names."""

from collections.abc import Sequence
from typing import Final

import attrs

from ..errors import DataError
from ..layout import JOINT
from .table import LABEL

REQUIRED: Final = ("id", "domain", "split")
GROUP: Final = "group"
_IGNORED: Final = "meta."
_CORRUPTION: Final = "corrupt."
_TAKEN: Final = (JOINT, "logits", "present")


@attrs.frozen
class Columns:
    """Names of the columns, sorted by what they mean.

    Args:
        tasks: column by task.
        modalities: all columns that are not reserved.
        corruptions: column by the modality that it corrupts.
    """

    tasks: dict[str, str]
    modalities: tuple[str, ...]
    corruptions: dict[str, str] = attrs.field(factory=dict)


def read_header(names: Sequence[str], where: str) -> Columns:
    """Sort columns into tasks and modalities.

    Reserved are `id`, `domain`, `split`, `label`, `label.<task>`, `group`, `corrupt.<modality>` and `meta.<name>`,
    which is ignored.

    Raises:
        DataError: if a required column is missing, a name stands twice or cannot be used, a modality to corrupt is
            missing, or no modality is left.

    Example:
        >>> read_header(["id", "domain", "split", "label.verb", "meta.age", "audio"], "table.csv")
        Columns(tasks={'verb': 'label.verb'}, modalities=('audio',), corruptions={})
    """
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"{where}: columns must have different names, but got {name!r} twice.")
    for name in REQUIRED:
        if name not in names:
            raise DataError(f"{where}: columns must include {', '.join(REQUIRED)}, but there is no {name!r}.")
    tasks = {_task(name): name for name in names if _is_label(name)}
    if len(tasks) < sum(map(_is_label, names)):
        raise DataError(f"{where}: columns {LABEL!r} and '{LABEL}.{LABEL}' are the same task.")
    corruptions = {name.removeprefix(_CORRUPTION): name for name in names if name.startswith(_CORRUPTION)}
    reserved = {*REQUIRED, GROUP, *tasks.values(), *corruptions.values()}
    modalities = tuple(sorted(name for name in names if name not in reserved and not name.startswith(_IGNORED)))
    if not modalities:
        raise DataError(f"{where}: columns must include a modality, but all of them are reserved names.")
    for name in [*modalities, *tasks]:
        _check_name(name, where)
    for name, column in corruptions.items():
        if name not in modalities:
            raise DataError(f"{where}: column {column!r} must name one of {', '.join(modalities)}, but got {name!r}.")
    return Columns(tasks, modalities, corruptions)


def label_column(task: str) -> str:
    """Name of a task's column.

    Example:
        >>> label_column("label"), label_column("verb")
        ('label', 'label.verb')
    """
    return LABEL if task == LABEL else f"{LABEL}.{task}"


def corruption_column(modality: str) -> str:
    """Name of the column that says how a modality is corrupted.

    Example:
        >>> corruption_column("image")
        'corrupt.image'
    """
    return f"{_CORRUPTION}{modality}"


def _is_label(name: str) -> bool:
    return name == LABEL or name.startswith(f"{LABEL}.")


def _task(name: str) -> str:
    return LABEL if name == LABEL else name.removeprefix(f"{LABEL}.")


def _check_name(name: str, where: str) -> None:
    if not name.replace("-", "_").isidentifier() or name in _TAKEN:
        raise DataError(
            f"{where}: a modality or task is named by letters, digits, '_' and '-', does not start with a digit "
            f"and is none of {', '.join(_TAKEN)}, but got {name!r}."
        )
