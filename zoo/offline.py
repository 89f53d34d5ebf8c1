"""Whether the network may be used."""

import os
from typing import Final

from ..framework.errors import ZooError

VARIABLE: Final = "ACCLIMATE_OFFLINE"
_YES: Final = {"1", "true", "yes", "on"}
_NO: Final = {"", "0", "false", "no", "off"}


def is_offline(*, local_files_only: bool = False) -> bool:
    """Whether no socket may be opened, by the argument or by ACCLIMATE_OFFLINE.

    Raises:
        ZooError: if the variable says neither yes nor no.
    """
    value = os.environ.get(VARIABLE, "").strip().lower()
    if value not in _YES | _NO:
        raise ZooError(f"{VARIABLE} must be 1 or 0, but is {value[:99]!r}.")
    return local_files_only or value in _YES
