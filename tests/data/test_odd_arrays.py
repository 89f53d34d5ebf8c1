"""Whatever numbers a file holds, each kind of preprocessing takes them or says in one line what is wrong."""

import itertools
from typing import Any, Literal

import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import Decoded, Preprocessing
from acclimate.framework.data.consistency import find_traits
from acclimate.framework.data.preprocessing.inference import infer_preprocessing
from numpy.typing import NDArray

KINDS = ("audio", "depth", "features", "image", "sequence", "signal", "text")
FILES: tuple[Literal["array", "audio", "image"], ...] = ("array", "audio", "image")
SHAPES: list[tuple[int, ...]] = [
    (),
    (0,),
    (1,),
    (5,),
    (1, 1),
    (4, 3),
    (0, 3),
    (3, 0),
    (4, 3, 1),
    (4, 3, 3),
    (2, 2, 2, 2),
]
TYPES = ("?", "i1", "u1", ">u2", "i8", "f2", "<f4", ">f8", "g", "c8", "S2", "U2", "M8[s]", "O")


def arrays() -> list[NDArray[Any]]:
    """Of all shapes and types, and some that are not finite."""
    made = [np.ones(shape).astype(dtype) for shape, dtype in itertools.product(SHAPES, TYPES)]
    values = (np.nan, np.inf, -np.inf, 1e300, 2.0**63)
    return made + [np.full(shape, value) for shape, value in itertools.product(SHAPES[3:], values)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_all_numbers_are_taken_or_refused_in_one_line(kind: str) -> None:
    taken = 0
    said: list[str] = []
    fitted: dict[str, Preprocessing] = {}
    for array, file in itertools.product(arrays(), FILES):
        decoded = Decoded(file, array, 8000 if file == "audio" else None, "x")
        for attempt in ("fit", "prepare", "traits", "infer"):
            try:
                if attempt == "fit":
                    fitted["last"] = Preprocessing.of_kind(kind).fit([decoded, decoded])
                elif attempt == "prepare" and fitted:
                    assert np.isfinite(fitted["last"](decoded)).all()
                elif attempt == "traits":
                    find_traits(decoded, {"x": {"kind": kind}}, "x")
                elif attempt == "infer":
                    infer_preprocessing([decoded])
                taken += 1
            except DataError as error:
                said.append(str(error))
    assert taken
    assert not any("\n" in message for message in said)
