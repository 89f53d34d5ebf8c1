"""What the pages say of a checkpoint. How it looks is for the templates to say."""

from functools import cached_property
from typing import Final

import attrs

from ...framework.report.views import TableView
from .facts import describe_checkpoint, describe_choice, describe_files
from .listed import ListedCheckpoint
from .scatter import Scatter, draw_scatter
from .task_view import TaskView
from .texts import write_size

FEW_POINTS: Final = 150
"""Of each side in a card's picture: a page with five hundred cards stays light."""

MOST_POINTS: Final = 1000
"""Of each side in the picture of a checkpoint's own page."""


@attrs.frozen
class CheckpointView:
    """All that pages say of a checkpoint.

    Args:
        listed: the checkpoint.
    """

    listed: ListedCheckpoint

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
        return self._draw(most=FEW_POINTS, reach=7)

    @cached_property
    def picture(self) -> Scatter | None:
        """The picture of its page."""
        return self._draw(most=MOST_POINTS, reach=4)

    @property
    def words(self) -> str:
        """What a search looks through."""
        entry = self.listed.entry
        facts = (entry.recipe, entry.data, self.shift, entry.licence, entry.data_licence, entry.sha256)
        return " ".join((self.name, self.description, *facts, *entry.modalities, *entry.tasks, *self._classes)).lower()

    @property
    def choice(self) -> str:
        """How its epoch and seed were chosen; nothing where that is not known."""
        return describe_choice(self.listed)

    @property
    def facts(self) -> TableView:
        """What it is."""
        return describe_checkpoint(self.listed)

    @property
    def files(self) -> TableView:
        """Sizes and hashes."""
        return describe_files(self.listed.entry)

    @property
    def _classes(self) -> list[str]:
        """Of all tasks."""
        config = self.listed.config
        return [] if config is None else [name for task in config.schema.tasks for name in task.classes or ()]

    def _draw(self, *, most: int, reach: int) -> Scatter | None:
        metrics = self.listed.metrics
        return None if metrics is None else draw_scatter(metrics.points, most=most, reach=reach, classes=self._classes)
