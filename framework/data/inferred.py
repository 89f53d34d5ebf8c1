"""What was inferred of a modality, for people and as data."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

from .preprocessing import Preprocessing

_FEW: Final = 4
"""Numbers of a field that are shown, such as the means of so many channels."""

_COLUMNS: Final = ("modality", "kind", "shape", "rate", "rows", "preprocessing")


@attrs.frozen
class Inferred:
    """A modality's preprocessing, and what it was fitted on.

    Args:
        modality: the column.
        preprocessing: fitted.
        rows: so many were read to fit it.
        of: so many of those that could be read have the modality.
    """

    modality: str
    preprocessing: Preprocessing
    rows: int
    of: int

    @property
    def kind(self) -> str:
        """Such as `audio`."""
        return self.preprocessing.kind

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample as the model gets it."""
        return self.preprocessing.shape

    @property
    def sampling_rate(self) -> int | None:
        """In Hz; None where there is none."""
        rate: int | None = getattr(self.preprocessing, "sampling_rate", None)
        return rate

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "modality": self.modality,
            "kind": self.kind,
            "shape": list(self.shape),
            "sampling_rate": self.sampling_rate,
            "rows": self.rows,
            "of": self.of,
            "preprocessing": self.preprocessing.to_config(),
        }

    def cells(self) -> tuple[str, ...]:
        """A row of the table that `format_inferred` makes."""
        fields = self.preprocessing.to_config()
        shown = [_describe(name, value, self.preprocessing) for name, value in fields.items()]
        return (
            self.modality,
            self.kind,
            " x ".join(map(str, self.shape)),
            "-" if self.sampling_rate is None else f"{self.sampling_rate} Hz",
            str(self.rows) if self.rows == self.of else f"{self.rows} of {self.of}",
            ", ".join(text for text in shown if text),
        )


def format_inferred(found: Iterable[Inferred]) -> str:
    """A block of text: a line a modality."""
    lines: Sequence[tuple[str, ...]] = [_COLUMNS, *(one.cells() for one in found)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _describe(name: str, value: object, preprocessing: Preprocessing) -> str:
    match value:
        case _ if name in {"kind", "sampling_rate"} or value is None:
            return ""
        case str() if name == "tokenizer":
            return f"tokenizer of {preprocessing.indices} tokens"
        case list() if len(value) <= _FEW:
            return f"{name} {' '.join(map(_show, value))}"
        case list():
            return f"{name} of {len(value)}"
        case Mapping():
            return f"{name} {dict(value)}"
        case _:
            return f"{name} {_show(value)}"


def _show(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
