"""How much one request may ask for."""

import attrs

from ...framework.errors import AcclimateError, DataError


@attrs.frozen
class Limits:
    """What a client may send at once. Without limits, a few small files that decode to large ones fill the memory.

    Args:
        rows: in a request.
        bytes: of a request's body, and of each sample in it after decoding.

    Raises:
        AcclimateError: if one is not positive.
    """

    rows: int = 64
    bytes: int = 64 * 2**20

    def __attrs_post_init__(self) -> None:
        """Check."""
        for name, value in attrs.asdict(self).items():
            if value < 1:
                raise AcclimateError(f"the limit of {name} must be positive, but got {value}.")

    def check_rows(self, rows: int) -> None:
        """Refuse a request with too many rows, or none.

        Raises:
            DataError: naming the limit.
        """
        if not 1 <= rows <= self.rows:
            raise DataError(f"expected 1 to {self.rows} rows, but got {rows}.")
