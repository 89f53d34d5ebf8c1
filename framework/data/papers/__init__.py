"""The data sets of the papers, each read in the layout in which it is distributed (docs/datasets.md)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ..data_set import BuiltIn
from . import cogbeacon, iemocap, mintrec, mmsa, msp_improv, rod
from .halves import SOURCE, TARGET

PAPERS: Final[Mapping[str, BuiltIn]] = MappingProxyType(
    {
        "cmu-mosei": BuiltIn(mmsa.read_mosei, SOURCE, TARGET),
        "cmu-mosei-mosi": BuiltIn(mmsa.read_both, "mosei", "mosi", shifts=(("mosei", "mosi"), ("mosi", "mosei"))),
        "cmu-mosi": BuiltIn(mmsa.read_mosi, SOURCE, TARGET),
        "cogbeacon": BuiltIn(cogbeacon.read, "V1", "V2", shifts=cogbeacon.SHIFTS),
        "iemocap": BuiltIn(iemocap.read, SOURCE, TARGET),
        "mintrec": BuiltIn(mintrec.read, SOURCE, TARGET),
        "msp-improv": BuiltIn(msp_improv.read, SOURCE, TARGET),
        "synrod-rod": BuiltIn(rod.read, "synrod", "rod"),
    }
)
"""By the name that `--data` takes."""
