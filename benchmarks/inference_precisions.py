"""Every form in every precision, against the same form in float32; all modalities present."""

from collections.abc import Iterator, Sequence
from typing import Final

import attrs
from acclimate.exporters.artefact import Form, Precision
from inference_artefacts import Artefacts, Key, Made
from inference_candidates import InSession
from inference_forms import FORMS
from inference_race import Pace, Row, run_race
from inference_report import Figure

PRECISIONS: Final[tuple[Precision, ...]] = ("float32", "float16", "int8")

HEADER: Final = (
    "form",
    "batch",
    "precision",
    "ms (quartiles)",
    "times as fast as float32",
    "MB",
    "same class",
    "cosine of logits",
)


@attrs.frozen
class Timed:
    """Result of one form and precision.

    Args:
        key: which artefact.
        row: its time, relative to float32.
        made: what the export says, of random rows and random weights: a trained model has an export of its own.
    """

    key: Key
    row: Row
    made: Made

    def cells(self) -> list[str]:
        """For a table."""
        times = [str(self.row.milliseconds), str(self.row.times_as_fast)]
        agrees = [f"{self.made.agreement:.3f}", "" if self.made.cosine is None else f"{self.made.cosine:.5f}"]
        return [self.key.form, str(self.row.batch), self.key.precision, *times, f"{self.made.size / 1e6:.1f}", *agrees]


@attrs.frozen
class Missing:
    """A form and precision that cannot be exported.

    Args:
        key: which artefact.
        reason: the export's message.
    """

    key: Key
    reason: str

    def cells(self) -> list[str]:
        """For a table."""
        return [self.key.form, "", self.key.precision, f"missing: {self.reason}", "", "", "", ""]


def precisions(artefacts: Artefacts, batches: Sequence[int], rounds: int | None) -> Figure:
    """Time all precisions of one form after the other, so that few models are in memory at once."""
    found = [row for form in FORMS for row in _time(artefacts, form, batches, rounds)]
    return Figure(HEADER, [row.cells() for row in found], [attrs.asdict(row) for row in found])


def _time(artefacts: Artefacts, form: Form, batches: Sequence[int], rounds: int | None) -> Iterator[Timed | Missing]:
    made, missing = artefacts.collect([Key(form, precision) for precision in PRECISIONS])
    sessions = [InSession(key.precision, artefacts.open(key)) for key in made]
    for batch in batches:
        rows = run_race(sessions, artefacts.subject.draw(batch), "all", Pace.of(batch, rounds), float("inf")).rows
        yield from (Timed(key, rows[key.precision], one) for key, one in made.items())
    yield from (Missing(key, reason) for key, reason in missing.items())
