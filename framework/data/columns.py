"""What the columns of a table's file mean, by their names."""

import re
from collections.abc import Collection, Iterable, Sequence
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
_NAMELESS: Final = re.compile(r"(Unnamed: \d+(_level_\d+)?)?")
"""What pandas calls the column of an index that has no name, and what it calls it when it reads it again."""

MAX_NAMES: Final = 64
"""Modalities, and tasks, of a table at most: more columns are features, one a column, or something else altogether."""

MAX_LETTERS: Final = 100
"""Of a modality's or task's name, which becomes a part of those of files and of graphs."""


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
    check_names(names, where)
    _check_required(names, where)
    tasks = {_task(name): name for name in names if _is_label(name)}
    if len(tasks) < sum(map(_is_label, names)):
        raise DataError(f"{where}: columns {LABEL!r} and '{LABEL}.{LABEL}' are the same task.")
    corruptions = {name.removeprefix(_CORRUPTION): name for name in names if name.startswith(_CORRUPTION)}
    reserved = {*REQUIRED, GROUP, *tasks.values(), *corruptions.values()}
    modalities = tuple(sorted(name for name in names if name not in reserved and not is_ignored(name)))
    if not modalities:
        raise DataError(f"{where}: columns must include a modality, but all of them are reserved names.")
    if len(modalities) > MAX_NAMES:
        raise DataError(
            f"{where}: every other column is a modality, of which there may be {MAX_NAMES}, but got "
            f"{len(modalities):,}, such as {modalities[0][:60]!r}: put features into one .npz that cells name, and "
            f"call other columns {_IGNORED}<name>."
        )
    if len(tasks) > MAX_NAMES:
        raise DataError(f"{where}: a table may have {MAX_NAMES} tasks, but got {len(tasks):,} columns {LABEL}.<task>.")
    for name in modalities:
        _check_not_nameless(name, where)
    for name in [*modalities, *tasks]:
        _check_name(name, where)
    for name, column in corruptions.items():
        if name not in modalities:
            raise DataError(f"{where}: column {column!r} must name one of {', '.join(modalities)}, but got {name!r}.")
    return Columns(tasks, modalities, corruptions)


def check_names(names: Iterable[str], where: str) -> None:
    """Check that no name stands twice.

    Raises:
        DataError: if one does.
    """
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DataError(f"{where}: columns must have different names, but got {name[:60]!r} twice.")
        seen.add(name)


def is_ignored(name: str) -> bool:
    """Whether nothing in a column of this name is looked at.

    Example:
        >>> is_ignored("meta.age"), is_ignored("audio")
        (True, False)
    """
    return name.startswith(_IGNORED)


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


def _check_required(names: Collection[str], where: str) -> None:
    for name in REQUIRED:
        if name not in names:
            raise DataError(
                f"{where}: columns must include {', '.join(REQUIRED)}, but there is no {name!r}{_hint(name, names)}."
            )


def _hint(name: str, names: Collection[str]) -> str:
    """What may have been meant by a column that is missing."""
    if len(names) == 1:
        (only,) = names
        return f", but one column {only[:60]!r}: are its cells separated by something else?"
    near = next((other for other in names if other.strip("\"' ").casefold() == name), None)
    if near is not None:
        return f", but {near!r}: call it {name!r}"
    some = ", ".join(repr(other[:40]) for other in list(names)[:5])
    return f", but {some}{', ...' if len(names) > 5 else ''}" if names else ""


def _check_not_nameless(name: str, where: str) -> None:
    if _NAMELESS.fullmatch(name):
        raise DataError(
            f"{where}: each column must have a name, but got {name!r}, as pandas writes its index: write the table "
            f"with index=False, or call the column {_IGNORED}<name>."
        )


def _check_name(name: str, where: str) -> None:
    if len(name) > MAX_LETTERS:
        raise DataError(
            f"{where}: a modality or task is named by at most {MAX_LETTERS} characters, but got {len(name):,}: "
            f"{name[:60]!r}."
        )
    if not name.replace("-", "_").isidentifier() or name in _TAKEN:
        raise DataError(
            f"{where}: a modality or task is named by letters, digits, '_' and '-', does not start with a digit "
            f"and is none of {', '.join(_TAKEN)}, but got {name[:60]!r}."
        )
