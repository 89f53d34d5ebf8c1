"""What a checkpoint is, how it was chosen and which files it has, as tables and text."""

from collections.abc import Iterator, Mapping

from ...framework.report.views import TableView
from ..config import CheckpointConfig
from ..registry_entry import RegistryEntry
from .listed import ListedCheckpoint
from .texts import write_size


def describe_choice(listed: ListedCheckpoint) -> str:
    """How its epoch and seed were chosen; nothing where its files are not at hand."""
    config, metrics = listed.config, listed.metrics
    if config is None or metrics is None:
        return ""
    scores = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in metrics.selection.items())
    measured = f"; measured there without labels of the target: {scores}" if scores else ""
    return (
        f"Epoch {config.trained_on.epoch} of stage {config.trained_on.stage}, by "
        f"{metrics.selected_by.replace('_', ' ')}{measured}. {metrics.chosen_among}"
    )


def describe_files(entry: RegistryEntry) -> TableView:
    """Sizes and hashes."""
    rows = [(name, write_size(file.size), file.sha256) for name, file in sorted(entry.files.items())]
    return TableView(("file", "size", "SHA-256"), rows, numeric=False)


def describe_checkpoint(listed: ListedCheckpoint) -> TableView:
    """What it is and what it was made of."""
    return TableView(("", ""), list(_facts(listed)), numeric=False)


def _facts(listed: ListedCheckpoint) -> Iterator[tuple[str, str]]:
    entry, config = listed.entry, listed.config
    yield "Method", entry.recipe
    yield "Data", entry.data
    yield "Source, with labels", ", ".join(entry.source)
    yield "Target, without labels", entry.target or "none: it saw the source alone"
    kinds = {} if config is None else {name: part.kind for name, part in config.schema.preprocessing.items()}
    yield "Takes", ", ".join(_with_kind(name, kinds) for name in entry.modalities) + "; all or some of them"
    classes = {} if config is None else {task.name: task.classes for task in config.schema.tasks}
    for name, task in entry.tasks.items():
        kind = "a number" if task.classes is None else f"{task.classes} classes"
        named = classes.get(name)
        yield f"Tells {name}", kind if named is None else f"{kind}: {', '.join(named)}"
    yield "Licence of the weights", entry.licence
    yield "Licence of the data", entry.data_licence
    if config is not None:
        yield from _origin(config)
    yield "Where it lies", "in the package" if entry.embedded else listed.mirror or "in a mirror"


def _origin(config: CheckpointConfig) -> Iterator[tuple[str, str]]:
    machine = config.machine
    threads = f"{machine.threads} thread{'s' * (machine.threads != 1)}"
    yield "Seed", str(config.trained_on.seed)
    yield "Trained on", f"{machine.processor}, {threads}, {machine.platform}, Python {machine.python}"
    yield "Packages", ", ".join(f"{name} {version}" for name, version in machine.packages.items())


def _with_kind(name: str, kinds: Mapping[str, str]) -> str:
    return f"{name} ({kinds[name]})" if kinds.get(name, name) != name else name
