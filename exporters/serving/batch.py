"""Samples of a request as one batch for a session."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ...framework.data.preprocessing import Prepared
from ..session import Session


@attrs.frozen(eq=False)
class SessionBatch:
    """What `Session.run` takes.

    Args:
        inputs: `(B, ...)` by modality.
        present: `(B, M)`; None for all that `inputs` holds.
        lengths: `(B,)` by modality.
    """

    inputs: Mapping[str, NDArray[Any]]
    present: NDArray[Any] | None = None
    lengths: Mapping[str, NDArray[np.int64]] = attrs.field(factory=dict)

    def run(self, session: Session) -> dict[str, NDArray[np.float32]]:
        """All logits, by output."""
        return session.run(self.inputs, self.present, self.lengths)


def stack(samples: Sequence[Prepared | None]) -> tuple[NDArray[Any], NDArray[np.int64] | None]:
    """One modality of several samples.

    Args:
        samples: not all of them None, which stands for an absent modality.

    Returns:
        The values `(B, ...)`, zeros where absent, and, where samples differ in length, how many steps of each row are
        its own `(B,)`.
    """
    first = next(sample for sample in samples if sample is not None)
    empty = np.zeros_like(first.values)
    values = np.stack([empty if sample is None else sample.values for sample in samples])
    if first.length is None:
        return values, None
    lengths = [1 if sample is None or sample.length is None else sample.length for sample in samples]
    return values, np.array(lengths, np.int64)
