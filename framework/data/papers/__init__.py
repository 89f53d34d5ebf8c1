"""The data sets of the papers, each read in the layout in which it is distributed (docs/datasets.md)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ..data_set import BuiltIn

PAPERS: Final[Mapping[str, BuiltIn]] = MappingProxyType({})
"""By the name that `--data` takes."""
