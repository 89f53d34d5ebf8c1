"""How much one request, and all of them together, may ask for."""

from typing import Final

import attrs

from ...framework.errors import AcclimateError, DataError

HELD: Final = 4
"""Bodies of the largest size that are in memory at a time, whether they have come whole or not."""


@attrs.frozen
class Limits:
    """What clients may send. Without limits, a few small files that decode to large ones fill the memory.

    Args:
        rows: in a request.
        bytes: of a request's body, and of each sample in it after decoding.
        seconds: in which a request must have come whole.
        connections: that are open at a time over HTTP.

    Raises:
        AcclimateError: if one is not positive.
    """

    rows: int = 64
    bytes: int = 64 * 2**20
    seconds: int = 30
    connections: int = 512

    def __attrs_post_init__(self) -> None:
        """Check."""
        for name, value in attrs.asdict(self).items():
            if value < 1:
                raise AcclimateError(f"the limit of {name} must be positive, but got {value}.")

    @property
    def held_bytes(self) -> int:
        """That all bodies together may take in memory."""
        return HELD * self.bytes

    def check_rows(self, rows: int) -> None:
        """Refuse a request with too many rows, or none.

        Raises:
            DataError: naming the limit.
        """
        if not 1 <= rows <= self.rows:
            raise DataError(f"expected 1 to {self.rows} rows, but got {rows}.")
