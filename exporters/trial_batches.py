"""The batches that an exported graph is tried on: every subset of modalities, several sizes, several lengths."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import attrs
import numpy as np
from numpy.typing import NDArray

from ..framework.layout import modality_subsets

BATCH_SIZES: Final = (1, 3, 17)


@attrs.frozen(eq=False)
class TrialRows:
    """Rows of one modality to take inputs from.

    Args:
        rows: `(N, ...)`.
        time_axis: axis along which rows may be cut to any length; None where the graph is told no lengths.
    """

    rows: NDArray[Any]
    time_axis: int | None = None

    def draw(self, present: NDArray[np.bool_], number: int) -> tuple[NDArray[Any], NDArray[np.int64] | None]:
        """A batch with NaN in absent slots, and how long its rows are.

        Args:
            present: `(B,)`.
            number: the batch is shorter the higher it is, and rows differ.
        """
        rows: NDArray[Any] = self.rows[np.arange(len(present)) % len(self.rows)]
        if rows.dtype.kind == "f":
            rows[~present] = np.nan
        if self.time_axis is None:
            return rows, None
        longest = max(1, rows.shape[self.time_axis] >> number % 4)
        rows = np.ascontiguousarray(rows.take(range(longest), axis=self.time_axis))
        return rows, np.maximum(1, longest - np.arange(len(rows)) * longest // 8 % longest).astype(np.int64)


@attrs.frozen(eq=False)
class PresenceCase:
    """A batch to compare on.

    Args:
        name: the modalities that its rows have.
        present: `(B, M)`.
    """

    name: str
    present: NDArray[np.bool_]


def presence_cases(modalities: Sequence[str]) -> Iterator[PresenceCase]:
    """Batches of every size: each subset of modalities, and rows that differ in theirs."""
    subsets = modality_subsets(tuple(modalities))
    masks = np.array([[name in subset for name in modalities] for subset in subsets])
    for batch in BATCH_SIZES:
        for subset, mask in zip(subsets, masks, strict=True):
            yield PresenceCase("+".join(subset), np.tile(mask, (batch, 1)))
        yield PresenceCase("rows of all subsets", masks[np.arange(batch) % len(masks)])
