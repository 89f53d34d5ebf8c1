"""What the pages say of one task of a checkpoint."""

from functools import cached_property

import attrs

from ...framework.report.views import UNKNOWN, TableView
from ..metrics import TaskMetrics
from ..registry_entry import EntryTask
from .bars import DropChart, make_drop_chart
from .texts import write_score


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
    def mean_score(self) -> float | None:
        """The mean of `score` over seeds: one alone may be lucky."""
        found = self.entry.target
        return None if found is None else found.mean * self._sign

    @property
    def mean_gain(self) -> float | None:
        """The mean of `gain`."""
        own, other = self.entry.target, self.entry.source_only
        return None if own is None or other is None else (own.mean - other.mean) * self._sign

    @property
    def is_worse(self) -> bool:
        """Whether source-only is better."""
        return self.gain is not None and self.gain < 0

    @property
    def verdict(self) -> str:
        """The gain in words."""
        if self.gain is None:
            return ""
        if self.gain == 0:
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
