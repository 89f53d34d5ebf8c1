"""The data sets of the papers, each read in the layout in which it is distributed (docs/datasets.md)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ..data_set import BuiltIn
from . import (
    ave,
    cogbeacon,
    epic_kitchens_55,
    epic_kitchens_100,
    iemocap,
    mintrec,
    mmsa,
    msp_improv,
    rod,
    ucf_hmdb,
)
from .halves import SOURCE, TARGET

PAPERS: Final[Mapping[str, BuiltIn]] = MappingProxyType(
    {
        "ave": BuiltIn(ave.read, SOURCE, TARGET),
        "ave-features": BuiltIn(ave.read_features, SOURCE, TARGET),
        "cmu-mosei": BuiltIn(mmsa.read_mosei, SOURCE, TARGET),
        "cmu-mosei-mosi": BuiltIn(mmsa.read_both, "mosei", "mosi", shifts=(("mosei", "mosi"), ("mosi", "mosei"))),
        "cmu-mosi": BuiltIn(mmsa.read_mosi, SOURCE, TARGET),
        "cogbeacon": BuiltIn(cogbeacon.read, "V1", "V2", shifts=cogbeacon.SHIFTS),
        "epic-kitchens-100": BuiltIn(epic_kitchens_100.read, SOURCE, TARGET),
        "epic-kitchens-55": BuiltIn(epic_kitchens_55.read, "D1", "D2", shifts=epic_kitchens_55.SHIFTS),
        "iemocap": BuiltIn(iemocap.read, SOURCE, TARGET),
        "mintrec": BuiltIn(mintrec.read, SOURCE, TARGET),
        "msp-improv": BuiltIn(msp_improv.read, SOURCE, TARGET),
        "synrod-rod": BuiltIn(rod.read, "synrod", "rod"),
        "ucf-hmdb": BuiltIn(ucf_hmdb.read, "ucf", "hmdb", shifts=ucf_hmdb.SHIFTS),
    }
)
"""By the name that `--data` takes."""
