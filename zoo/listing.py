"""Which checkpoints there are for a task and for the modalities that one has."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from .joined_registry import joined_registry
from .registry import Registry
from .registry_entry import RegistryEntry


def select_entries(
    registry: Registry, pattern: str = "*", *, task: str | None = None, modalities: str | Iterable[str] | None = None
) -> list[RegistryEntry]:
    """Checkpoints of a registry, by name; see `list_models`."""
    wanted = {modalities} if isinstance(modalities, str) else set(modalities or ())
    return [
        entry
        for name, entry in sorted(registry.entries.items())
        if fnmatchcase(name, pattern) and _tells(entry, task) and wanted <= set(entry.modalities)
    ]


def list_models(
    pattern: str = "*",
    *,
    task: str | None = None,
    modalities: str | Iterable[str] | None = None,
    mirrors: Sequence[str] = (),
) -> list[str]:
    """Names of the checkpoints that there are, sorted.

    Args:
        pattern: that names match, with `*`, `?` and `[...]`.
        task: name of a task that they tell, or its kind: `classification` or `regression`.
        modalities: the ones that you have: those checkpoints are listed that take all of these. They may take others
            as well, which can be left out.
        mirrors: locations whose registries are listed, too; see `pull`.

    Raises:
        ZooError: if a mirror cannot be read.

    Example:
        >>> list_models("*rna*", modalities=["accelerometer"])
        ['rna-uda.wrist']
    """
    return [entry.name for entry in select_entries(joined_registry(mirrors), pattern, task=task, modalities=modalities)]


def _tells(entry: RegistryEntry, task: str | None) -> bool:
    if task == "classification":
        return any(found.classes is not None for found in entry.tasks.values())
    if task == "regression":
        return any(found.classes is None for found in entry.tasks.values())
    return task is None or task in entry.tasks
