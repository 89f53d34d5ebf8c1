"""What the pages say of a checkpoint. How it looks is for the templates to say."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Final

import attrs

from ...framework.report.views import UNKNOWN, TableView
from ..metrics import Score, TaskMetrics
from ..registry_entry import EntryTask
from .bars import DropChart, make_drop_chart
from .listed import Listed
from .scatter import Scatter, draw_scatter

FEW_POINTS: Final = 150
"""Of each side in a card's picture: a page with five hundred cards stays light."""

MOST_POINTS: Final = 1000
"""Of each side in the picture of a checkpoint's own page."""


@attrs.frozen(kw_only=True)
class TaskView:
    """How good a checkpoint is at a task.

    Args:
        name: of the task.
        entry: what the registry says of it.
        metrics: all scores; None where the files are not at hand.
    """

    name: str
    entry: EntryTask
    metrics: TaskMetrics | None

    @property
    def kind(self) -> str:
        """What it tells."""
        return "a number" if self.entry.classes is None else f"{self.entry.classes} classes"

    @property
    def score(self) -> float | None:
        """Fused, on the target (oracle): what checkpoints are sorted by, so that more is better."""
        found = self.entry.target
        return None if found is None else found.value * self._sign

    @property
    def gain(self) -> float | None:
        """By how much it is better on the target (oracle) than source-only."""
        own, other = self.entry.target, self.entry.source_only
        return None if own is None or other is None else (own.value - other.value) * self._sign

    @property
    def is_worse(self) -> bool:
        """Whether source-only is better."""
        return self.gain is not None and self.gain < 0

    @property
    def verdict(self) -> str:
        """The gain in words."""
        if self.gain is None:
            return ""
        if abs(self.gain) < 0.0005:
            return "the same as source-only"
        return f"{abs(self.gain):.3f} {'better' if self.gain > 0 else 'worse'} than source-only"

    @cached_property
    def drop(self) -> DropChart | None:
        """What dropped modalities cost."""
        return None if self.metrics is None else make_drop_chart(self.metrics)

    @property
    def table(self) -> TableView | None:
        """All scores, by what predicted."""
        found = self.metrics
        if found is None:
            return None
        names = list(dict.fromkeys((*found.source, *found.target)))
        rows = [(name, write_score(found.source.get(name)), write_score(found.target.get(name))) for name in names]
        if found.source_only is not None:
            rows.append(("source-only, fused", UNKNOWN, write_score(found.source_only)))
        return TableView(("prediction", "source", "target"), rows, f"{self.name}: {found.measure}", oracle=True)

    @property
    def _sign(self) -> int:
        return 1 if self.entry.higher_is_better else -1


@attrs.frozen
class CheckpointView:
    """All that pages say of a checkpoint.

    Args:
        listed: the checkpoint.
    """

    listed: Listed

    @property
    def name(self) -> str:
        """Of the checkpoint; it is safe in addresses and as the name of a file."""
        return self.listed.entry.name

    @property
    def page(self) -> str:
        """File name of its own page."""
        return f"{self.name}.html"

    @property
    def description(self) -> str:
        """What its method is."""
        return "" if self.listed.config is None else self.listed.config.recipe.description

    @property
    def shift(self) -> str:
        """From where to where it was adapted."""
        entry = self.listed.entry
        return f"{' + '.join(entry.source)} \N{RIGHTWARDS ARROW} {entry.target or 'no target'}"

    @property
    def size(self) -> str:
        """Of all files."""
        return write_size(self.listed.entry.size)

    @cached_property
    def tasks(self) -> list[TaskView]:
        """Its tasks, the main one first."""
        metrics = {} if self.listed.metrics is None else self.listed.metrics.tasks
        tasks = self.listed.entry.tasks
        return [TaskView(name=name, entry=task, metrics=metrics.get(name)) for name, task in tasks.items()]

    @property
    def main(self) -> TaskView:
        """The task that checkpoints are sorted by."""
        return self.tasks[0]

    @property
    def worse(self) -> list[str]:
        """Tasks that source-only is better at."""
        return [task.name for task in self.tasks if task.is_worse]

    @cached_property
    def thumbnail(self) -> Scatter | None:
        """The picture of its card."""
        return (
            None if self.listed.metrics is None else draw_scatter(self.listed.metrics.points, most=FEW_POINTS, reach=7)
        )

    @cached_property
    def picture(self) -> Scatter | None:
        """The picture of its page."""
        return (
            None if self.listed.metrics is None else draw_scatter(self.listed.metrics.points, most=MOST_POINTS, reach=4)
        )

    @property
    def words(self) -> str:
        """What a search looks through."""
        entry, config = self.listed.entry, self.listed.config
        classes = () if config is None else (name for task in config.schema.tasks for name in task.classes or ())
        facts = (entry.recipe, entry.data, self.shift, entry.licence, entry.data_licence, entry.sha256)
        return " ".join((self.name, self.description, *facts, *entry.modalities, *entry.tasks, *classes)).lower()

    @property
    def choice(self) -> str:
        """How its epoch and seed were chosen."""
        config, metrics = self.listed.config, self.listed.metrics
        if config is None or metrics is None:
            return ""
        scores = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in metrics.selection.items())
        measured = f"; measured there without labels of the target: {scores}" if scores else ""
        return (
            f"Epoch {config.trained_on.epoch} of stage {config.trained_on.stage}, by "
            f"{metrics.selected_by.replace('_', ' ')}{measured}. {metrics.chosen_among}"
        )

    @property
    def facts(self) -> TableView:
        """What it is."""
        return TableView(("", ""), list(self._facts()), numeric=False)

    @property
    def files(self) -> TableView:
        """Sizes and hashes."""
        files = self.listed.entry.files.items()
        rows = [(name, write_size(file.size), file.sha256) for name, file in sorted(files)]
        return TableView(("file", "size", "SHA-256"), rows, numeric=False)

    def _facts(self) -> Iterator[tuple[str, str]]:
        entry, config = self.listed.entry, self.listed.config
        yield "Method", entry.recipe
        yield "Data", entry.data
        yield "Source, with labels", ", ".join(entry.source)
        yield "Target, without labels", entry.target or "none: it saw the source alone"
        kinds = {} if config is None else {name: part.kind for name, part in config.schema.preprocessing.items()}
        yield "Takes", ", ".join(_with_kind(name, kinds) for name in entry.modalities) + "; all or some of them"
        classes = {} if config is None else {task.name: task.classes for task in config.schema.tasks}
        for task in self.tasks:
            named = classes.get(task.name)
            yield f"Tells {task.name}", task.kind if named is None else f"{task.kind}: {', '.join(named)}"
        yield "Licence of the weights", entry.licence
        yield "Licence of the data", entry.data_licence
        if config is not None:
            machine, packages = config.machine, config.machine.packages
            threads = f"{machine.threads} thread{'s' * (machine.threads != 1)}"
            yield "Seed", str(config.trained_on.seed)
            yield "Trained on", f"{machine.processor}, {threads}, {machine.platform}, Python {machine.python}"
            yield "Packages", ", ".join(f"{name} {version}" for name, version in packages.items())
        yield "Lies", "in the package" if entry.embedded else self.listed.mirror or "in a mirror"


def write_score(score: Score | None) -> str:
    """A score with its spread."""
    if score is None:
        return UNKNOWN
    return f"{score.value:.3f} ({write_spread(score)})" if write_spread(score) else f"{score.value:.3f}"


def write_spread(score: Score) -> str:
    """Mean and standard deviation over seeds; nothing for a single one.

    Example:
        >>> write_spread(Score(0.5, 0.45, 0.05, 3))
        '0.450 ± 0.050 over 3 seeds'
    """
    return "" if score.std is None else f"{score.mean:.3f} ± {score.std:.3f} over {score.seeds} seeds"


def write_size(size: int) -> str:
    """Bytes for people.

    Example:
        >>> write_size(1_234_567), write_size(512)
        ('1.23 MB', '512 bytes')
    """
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1e3:.0f} kB" if size < 1e6 else f"{size / 1e6:.2f} MB"


def _with_kind(name: str, kinds: Mapping[str, str]) -> str:
    return f"{name} ({kinds[name]})" if kinds.get(name, name) != name else name
