"""Columns and indices that pandas keeps in arrays of its own: their values where certain, else refused by name."""

import io
import pickle
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data.pickles import convert, unpickle
from acclimate.framework.data.pickles.arrays import PickledArray, encode_text
from acclimate.framework.data.pickles.extension import Categorical, Categories
from acclimate.framework.data.pickles.frame import Index

from .pickled_columns import pickled_column


def write(folder: Path, content: bytes) -> Path:
    path = folder / "in.pkl"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "table"),
    [
        (
            "columns",
            (
                "narration_id,verb,when,count,seen,score,said,lists\n"
                'n0,open,2020-01-31 04:05:06,1152921504606846976,True,0.5,ja,"[1, 2]"\n'
                "n1,,,,,,,2020-03-04 00:00:00\n"
                "n2,open,2020-02-01 00:00:00.250000000,3,False,2.0,nein,\n"
            ),
        ),
        ("levels", "video,level_1,x\nP01,7,1\nP02,8,2\n"),
        ("series", "index,y\n2020-01-01 00:00:00,1.5\n2020-01-02 00:00:00,2.5\n"),
        ("arrow", 't\na\n""\nbc\n'),
    ],
)
def test_values_become_a_table(tmp_path: Path, name: str, table: str) -> None:
    convert(write(tmp_path, pickled_column(name)), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text(encoding="utf-8") == table


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("names", "must have one name for each column, but has several"),
        ("zone", "but names pandas.core.dtypes.dtypes.DatetimeTZDtype"),
        ("period", "but names pandas.core.arrays.period.PeriodArray"),
        ("span", "but names pandas.core.arrays.timedeltas.TimedeltaArray"),
    ],
)
def test_what_has_no_certain_text_is_refused_by_name(tmp_path: Path, name: str, found: str) -> None:
    with pytest.raises(DataError) as error:
        convert(write(tmp_path, pickled_column(name)), tmp_path / "out.csv")
    assert found in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out.csv").exists()


def test_a_series_is_an_array_with_its_labels(tmp_path: Path) -> None:
    lines = convert(write(tmp_path, pickled_column("series")), tmp_path / "out.npz")
    assert lines == [
        f"{tmp_path}/out.npz: y, float64 of shape (2,)",
        f"{tmp_path}/out.npz: index, <U19 of shape (2,)",
    ]


def stand_in(values: Any, dtype: str) -> PickledArray:  # noqa: ANN401
    array = PickledArray()
    array.values = np.array(values, dtype)
    return array


@pytest.mark.parametrize("key", ["_codes", "_ndarray"])
def test_categories_of_older_releases(key: str) -> None:
    kind = Categories()
    kind.__setstate__({"categories": Index(["a", "b"]), "ordered": False})
    array = Categorical()
    array.__setstate__({"_dtype": kind, key: stand_in([1, -1, 0], "i1")})
    assert array.values.tolist() == ["b", None, "a"]


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (stand_in([0, 2], "i1"), "must name one of its 2 categories, but names another"),
        (stand_in([0, -2], "i1"), "must name one of its 2 categories, but names another"),
        (stand_in([0.0], "f4"), "must have labels and their numbers"),
        (None, "must have a type and values"),
    ],
)
def test_categories_that_are_not_there(codes: PickledArray | None, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Categorical().__setstate__((Categories(Index(["a", "b"])), codes, {}))


def test_an_index_called_as_a_column_loses_nothing(tmp_path: Path) -> None:
    data = pickled_column("levels").replace(b"video", b"level").replace(b"\x8c\x01x", b"\x8c\x07level_1")
    # A frame of Python's protocol 4 says how long it is.
    length = int.from_bytes(data[3:11], "little") + 6
    data = data[:3] + length.to_bytes(8, "little") + data[11:]
    with pytest.raises(DataError, match=r"found a column and an index called 'level_1'\.$"):
        convert(write(tmp_path, data), tmp_path / "out.csv")


def laugh(times: int) -> bytes:
    """Lists of ten times the same list, so many levels deep."""
    data = b"\x80\x04]q\x00" + b"(" + b"K\x01" * 10 + b"e"
    for level in range(1, times):
        again = b"h" + bytes([level - 1])
        data += b"]q" + bytes([level]) + b"(" + again * 10 + b"e"
    return data + b"."


BIG = np.zeros(2**20)
BOMBS = {
    "lists": laugh(12),
    "stacked": pickle.dumps([BIG] * 10_000),
    "named": pickle.dumps({str(number): BIG for number in range(1000)}),
    "text": pickle.dumps(["x" * 2**20, *["y"] * 10_000]),
    "bytes": b"\x80\x04(cbuiltins\nbytearray\nq\x000B\xff\xff\x1f\x00"
    + b"x" * 0x1FFFFF
    + b"\x85q\x01"
    + b"h\x00h\x01R" * 500
    + b"l.",
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_becomes_many_times_its_size_is_one_line(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else the lists take seconds, as each call is checked here.
    monkeypatch.setattr("acclimate.framework.data.pickles.budget.BASE_BYTES", 2**24)
    began = time.process_time()
    with pytest.raises(DataError, match=r"^[^\n]+: expected a pickle of data, but found one that becomes many times"):
        convert(write(tmp_path, BOMBS[name]), tmp_path / "out.npz")
    assert time.process_time() - began < 20
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.pkl"]


DEEP = {
    "lists": b"\x80\x04" + b"]" * 9_999 + b"a" * 9_998 + b".",
    "tuples": b"\x80\x04N" + b"\x85" * 99_999 + b".",
    "tuples that are remembered": b"\x80\x04N" + b"\x85\x94" * 99_999 + b".",
    "tuples that are found again": b"\x80\x04Nq\x00" + b"0h\x00\x85q\x00" * 9999 + b".",
    "tuples of two": b"\x80\x04N" + b"N\x86" * 9999 + b".",
    "tuples with marks": b"(" * 9999 + b"N" + b"t" * 9999 + b".",
    # Python itself dies of this one, in a million: it hashes without a bound.
    "a key": b"\x80\x04}N" + b"\x85" * 2_000 + b"K\x01s.",
    "a key in text": b"}(" + b"(" * 999 + b"I1\n" + b"t" * 999 + b"I1\nu.",
}


@pytest.mark.parametrize("name", DEEP)
def test_what_is_nested_deeply_is_one_line(name: str) -> None:
    with pytest.raises(DataError, match="lists in lists without an end"):
        unpickle(io.BytesIO(DEEP[name]))


def test_functions_of_ours_cannot_be_changed() -> None:
    before = encode_text.__defaults__, dict(vars(encode_text))
    for state in (b"}V__defaults__\n(Vzip\ntsb.", b"(N}V__defaults__\n(Vzip\ntstb."):
        with pytest.raises(DataError, match="sets that of a function"):
            unpickle(io.BytesIO(b"c_codecs\nencode\n" + state))
    assert (encode_text.__defaults__, vars(encode_text)) == before


HUGE = {
    "a number to remember by": b"\x80\x02Nr\xff\xff\xff\x7f.",
    "a number in text": b"Np2_147_483_647\n.",
    "bytes to change": b"\x80\x05\x96" + (2**34).to_bytes(8, "little") + b".",
    "bytes": b"\x80\x04\x8e" + (2**34).to_bytes(8, "little") + b".",
    "text": b"\x80\x04\x8d" + (2**34).to_bytes(8, "little") + b".",
    "a frame": b"\x80\x04\x95" + (2**34).to_bytes(8, "little") + b"N.",
    "a negative length": b"T\xff\xff\xff\xff.",
}


@pytest.mark.parametrize("name", HUGE)
def test_what_is_not_there_gets_no_room(name: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError, match="expected a pickle of data, but found that "):
        unpickle(io.BytesIO(HUGE[name]))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**20


@pytest.mark.parametrize(
    "data", [b"cos\x1b[2J\nsys\ttem\n.", b"\x80\x04\x8c\x02o\n\x8c\x02s\n\x93.", b"c" + b"x" * 9999 + b"\ny\n."]
)
def test_names_are_shown_in_one_line(data: bytes) -> None:
    with pytest.raises(DataError) as error:
        unpickle(io.BytesIO(data))
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 500
