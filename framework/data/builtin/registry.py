"""Built-in data sets by name."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ...errors import DataError
from ..data_set import BuiltIn, DomainPair
from ..papers import PAPERS
from ..table import Table
from ..table_file import read_table
from . import avdigits, mosi, spsw_har, wrist

_BUILT_IN: Final[Mapping[str, BuiltIn]] = MappingProxyType(
    {
        "avdigits-accent": BuiltIn(avdigits.read_accent, "us_mnist", "foreign_optdigits"),
        "avdigits-synthetic": BuiltIn(avdigits.read_synthetic, "synthetic", "real"),
        "mosi": BuiltIn(mosi.read, "known", "unseen"),
        "mosi-features": BuiltIn(mosi.read_features, "known", "unseen"),
        "spsw-har": BuiltIn(spsw_har.read, "A_back_inv", "C_front"),
        "wrist": BuiltIn(wrist.read, "right_arm", "left_arm"),
        **PAPERS,
    }
)


def builtin_names() -> tuple[str, ...]:
    """Names that `open_table` knows.

    Example:
        >>> "wrist" in builtin_names()
        True
    """
    return tuple(_BUILT_IN)


def default_domains(name: str) -> tuple[str, str]:
    """Source and target of a built-in data set.

    Raises:
        DataError: if there is no such data set.

    Example:
        >>> default_domains("wrist")
        ('right_arm', 'left_arm')
    """
    known = _find(name)
    return known.source, known.target


def paper_shifts(name: str) -> tuple[DomainPair, ...]:
    """All shifts of a built-in data set that the papers report, as pairs of source and target.

    Raises:
        DataError: if there is no such data set.

    Example:
        >>> paper_shifts("wrist")
        (('right_arm', 'left_arm'),)
    """
    return _find(name).shifts


def open_table(name_or_path: str, *, seed: int = 0) -> Table:
    """A built-in data set, or the table in a file.

    Args:
        name_or_path: one of `builtin_names`, or the path of a .csv, .tsv, .jsonl or .parquet file.
        seed: of splits that are drawn; those that a file brings stay as they are.

    Raises:
        DataError: if there is neither, or it cannot be read.
    """
    if name_or_path in _BUILT_IN:
        return _BUILT_IN[name_or_path].read(seed)
    if not Path(name_or_path).suffix:
        raise DataError(
            f"data must be the path of a table (.csv, .tsv, .jsonl, .parquet) or one of {', '.join(_BUILT_IN)}, "
            f"but got {name_or_path!r}."
        )
    return read_table(name_or_path)


def _find(name: str) -> BuiltIn:
    if name not in _BUILT_IN:
        raise DataError(f"a built-in data set must be one of {', '.join(_BUILT_IN)}, but got {name!r}.")
    return _BUILT_IN[name]
