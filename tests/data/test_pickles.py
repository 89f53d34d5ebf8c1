"""Pickles that others distribute: data come out, and nothing that they name is run."""

import collections
import csv
import io
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from acclimate.framework import DataError, WriteError
from acclimate.framework.data.pickles import Frame, convert, unpickle
from acclimate.framework.data.pickles.arrays import PickledArray
from acclimate.framework.data.pickles.flattening import flatten
from acclimate.framework.data.pickles.frame import Block, BlockManager, Index
from acclimate.framework.data.pickles.frame_file import write_frame
from acclimate.framework.data.reading import read_cell
from bits import assert_same_bits

from acclimate.__main__ import main

from .pickled_frames import COUNTED, RELEASES, pickled_frame


def load(data: bytes) -> Any:  # noqa: ANN401
    return unpickle(io.BytesIO(data))


@attrs.frozen
class Malicious:
    """Makes a folder when it is unpickled."""

    path: Path

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.path),)


ARRAYS = [
    np.arange(6, dtype=np.float32).reshape(2, 3),
    np.asfortranarray(np.arange(6).reshape(2, 3)),
    np.arange(4, dtype=">i2"),
    np.array(["a", "long word", ""]),
    np.array([b"a", b"bc"]),
    np.array([True, False]),
    np.array(1.5),
    np.array([1 + 2j]),
    np.zeros((0, 3)),
]


@pytest.mark.parametrize("protocol", range(6))
def test_plain_data_come_out_as_they_went_in(protocol: int) -> None:
    stored = {
        "text": "ä",
        "numbers": [1, -2.5, True, None, 2**70, 1j],
        "nested": {"tuple": (1, ("a",)), 3: {"set": {1, 2}, "frozen": frozenset("ab")}},
        "bytes": [b"\x00\xff", bytearray(b"ab")],
        "ordered": collections.OrderedDict(a=1),
        "default": collections.defaultdict(list, a=[1]),
    }
    assert load(pickle.dumps(stored, protocol)) == stored


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_come_out_as_they_went_in(protocol: int) -> None:
    for array in ARRAYS:
        found = load(pickle.dumps({"in": [array]}, protocol))["in"][0]
        assert type(found) is np.ndarray
        assert found.dtype == array.dtype
        assert_same_bits(found, array)
    given = [np.float32(0.5), np.int64(3), np.str_("a")]
    assert load(pickle.dumps(given, protocol)) == given


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_arrays_of_arrays_come_out_as_they_went_in(protocol: int) -> None:
    stored = np.empty((2, 2), dtype=object)
    stored[0, 0], stored[0, 1], stored[1, 0] = np.arange(3), "text", [np.float64(1)]
    found = load(pickle.dumps(stored, protocol))
    assert_same_bits(found[0, 0], np.arange(3))
    assert (found[0, 1], found[1, 0], found[1, 1]) == ("text", [1], None)


def test_text_and_arrays_of_python_2() -> None:
    # As Python 2 wrote {"a": np.array([1, 2], "<i2")}: text and bytes are one.
    data = (
        b"\x80\x02}U\x01acnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x02\x85"
        b"cnumpy\ndtype\nU\x02i2K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
        b"U\x04\x01\x00\x02\x00tbs."
    )
    found = load(data)
    assert found.keys() == {"a"}
    assert_same_bits(found["a"], np.array([1, 2], "<i2"))


@pytest.mark.parametrize("release", RELEASES)
def test_data_frames_are_read_without_pandas(release: str) -> None:
    frame = load(pickled_frame(release))
    assert isinstance(frame, Frame)
    columns = {name: column.tolist() for name, column in frame.columns.items()}
    assert np.isnan(columns["seconds"].pop())
    assert columns == {
        "video_id": ["P08_01", "P01_11"],
        "start_frame": [437, 12],
        "seconds": [pytest.approx(1.5)],
        "verb_class": [3, 0],
        "all_nouns": [["fridge"], ["tap", "sink"]],
    }
    if release in COUNTED:
        assert (frame.index.counted, len(frame.index.labels)) == (True, 2)
    else:
        assert (list(frame.index.labels), frame.index.name) == (["P08_01_0", "P01_11_4"], "narration_id")


def stand_in(*values: object) -> PickledArray:
    """What stands for an array while a pickle is read."""
    array = PickledArray()
    array.values = np.array(values)
    return array


NAMES = Index(["a", "b"])
ROWS = Index(range(3), counted=True)


def join(blocks: object, axes: object) -> dict[str, list[object]]:
    frame = Frame()
    frame.__setstate__({"_mgr": BlockManager(blocks, axes)})
    return {name: column.tolist() for name, column in frame.columns.items()}


def test_columns_stand_where_their_places_say() -> None:
    scattered = [Block.of(stand_in([1, 2, 3]), stand_in(1)), Block.of(stand_in([4, 5, 6]), slice(0, 1, None))]
    assert join(scattered, [NAMES, ROWS]) == {"a": [4, 5, 6], "b": [1, 2, 3]}
    assert join([Block.of(stand_in([1, 2, 3], [4, 5, 6]), slice(1, -1, -1))], [NAMES, ROWS])["b"] == [1, 2, 3]


@pytest.mark.parametrize("places", [slice(0, 10**12, 1), stand_in(0, 1), None])
def test_columns_without_a_place_are_refused(places: object) -> None:
    with pytest.raises(DataError, match="must have a place for each column"):
        Block.of(stand_in([1, 2, 3]), places)


@pytest.mark.parametrize(
    ("values", "axes", "message"),
    [
        ([], [Index([]), ROWS], "must have columns, but has none"),
        ([[1, 2]], [Index(["a"]), ROWS], "of 3 rows must have that many in each column"),
        ([[1, 2, 3], [4, 5, 6]], [Index(["a", "a"]), ROWS], "but one stands twice"),
        ([[1, 2, 3]], [ROWS], "must have labels of columns and of rows"),
    ],
)
def test_frames_that_do_not_fit_together_are_refused(values: list[Any], axes: list[Any], message: str) -> None:
    blocks = [Block.of(stand_in(*values), slice(0, len(values), 1))] if values else []
    with pytest.raises(DataError, match=message):
        join(blocks, axes)


def refuse(data: bytes) -> str:
    with pytest.raises(DataError) as error:
        load(data)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_is_no_data_is_refused_by_name_and_not_run(tmp_path: Path) -> None:
    for protocol in range(6):
        message = refuse(pickle.dumps({"x": [Malicious(tmp_path / "made")]}, protocol))
        assert message == (
            "a pickle may hold numbers, text, lists, dictionaries, arrays of numpy and data frames of pandas, "
            f"but names {os.mkdir.__module__}.mkdir: take the .csv or .npz instead, if there is one."
        )
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "name",
    [
        *("builtins eval", "builtins getattr", "os system", "numpy load", "copyreg _reconstructor"),
        *("numpy.core.multiarray _reconstruct.__class__", "pandas.core.frame DataFrame.eval", "collections abc.sys"),
    ],
)
def test_names_beside_the_known_ones_are_refused(name: str) -> None:
    module, attribute = name.split()
    for data in (
        f"c{module}\n{attribute}\n.".encode(),
        b"\x80\x04\x8c"
        + bytes([len(module)])
        + module.encode()
        + b"\x8c"
        + bytes([len(attribute)])
        + attribute.encode()
        + b"\x93.",
    ):
        assert f"but names {module}.{attribute}: " in refuse(data)


def reduce(name: str, arguments: bytes, state: bytes = b"") -> bytes:
    """A pickle that calls a known name, and sets what comes of it to a state."""
    module, attribute = name.split()
    return f"c{module}\n{attribute}\n".encode() + arguments + b"R" + (state + b"b" if state else b"") + b"."


ARRAY = "numpy.core.multiarray _reconstruct"
DTYPE = b"cnumpy\ndtype\n(Vf4\nI0\nI1\ntR"
OBJECTS = b"cnumpy\ndtype\n(VO8\nI0\nI1\ntR"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "EOFError"),
        (b"no pickle", "UnpicklingError"),
        (pickle.dumps([1] * 9)[:-5], "expected a pickle of data"),
        (b"cbuiltins\nset\n.", "holds a bare type"),
        (b"cbuiltins\nlist\n(I3\ntR.", "TypeError"),
        (b"cbuiltins\nbytearray\n(I1000000000000\ntR.", "TypeError"),
        (reduce(ARRAY, b"(t"), "holds a bare PickledArray"),
        (reduce(ARRAY, b"(t", b"(I1\n(I-1\nt" + DTYPE + b"I0\nV\nt"), "shape of whole numbers"),
        (reduce(ARRAY, b"(t", b"(I1\n(I9\nt" + DTYPE + b"I0\nVabcd\nt"), "must have 36 bytes, but has 4"),
        (reduce(ARRAY, b"(t", b"(I1\n(I9\nt" + OBJECTS + b"I0\nVabcd\nt"), "must have 72 bytes, but has 4"),
        (reduce(ARRAY, b"(t", b"(I1\n(I1\nt" + OBJECTS + b"I0\nVabcdefgh\nt"), "must have 8 bytes, but has 8"),
        (reduce(ARRAY, b"(t", b"(I1\n(I1\nt" + DTYPE + b"I0\n(lt"), "must have 1 objects, but has 0"),
        (reduce(ARRAY, b"(t", b"(I1\n(I1\ntI2\nt"), "must have a shape, a type and content"),
        (reduce("numpy dtype", b"(VV8\nI0\nI1\nt"), "text, dates or objects, but has the type 'V8'"),
        (reduce("numpy dtype", b"(Vf4\nI0\nI1\nt", b"(I3\nV<\nVa\nNNt"), "must hold plain values"),
        (reduce("numpy.core.multiarray scalar", b"(I1\nt"), "number of numpy must have a type"),
        (reduce("numpy.core.numeric _frombuffer", b"(I1\nI1\nI1\nI1\nt"), "content inside the pickle"),
        (reduce("_codecs encode", b"(Va\nVzip\nt"), "as latin1, but names 'zip'"),
        (reduce("pandas.core.frame DataFrame", b"(t", b"(dV_mgr\nI1\ns"), "must have columns, but has none"),
        (reduce("pandas.core.indexes.base _new_Index", b"(I1\n(dt"), "must have plain labels"),
        (reduce("pandas._libs.internals _unpickle_block", b"(I1\nI1\nI1\nt"), "must have plain columns"),
        (reduce("pandas.core.internals BlockManager", b"(t", b"(t"), "must be of pandas 0.14.1 or newer"),
    ],
)  # fmt: skip
def test_damaged_and_hostile_pickles_are_one_line(data: bytes, message: str) -> None:
    assert message in refuse(data)


def write_pickle(folder: Path, value: object) -> Path:
    path = folder / "in.pkl"
    path.write_bytes(pickle.dumps(value))
    return path


def test_arrays_of_a_pickle_can_be_named_in_a_table(tmp_path: Path) -> None:
    features = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
    clips = [{"uid": 5, "rgb": features[0]}, {"uid": 6, "rgb": features[1]}]
    ragged = [np.zeros(2), np.ones(3)]
    value = {"features": {"RGB": features.astype(">f4")}, "narration_ids": ["a", "b"], "clips": clips, "ragged": ragged}
    value["lists"] = [[1, 2.5], (3, 4.0)]
    lines = convert(write_pickle(tmp_path, value), tmp_path / "made" / "out.npz")
    assert lines[0] == f"{tmp_path}/made/out.npz: features/RGB, float32 of shape (2, 4, 3)"
    with np.load(tmp_path / "made" / "out.npz", allow_pickle=False) as archive:
        assert sorted(archive.files) == [
            *("clips/rgb", "clips/uid", "features/RGB", "lists", "narration_ids", "ragged/0", "ragged/1")
        ]
        assert archive["clips/uid"].tolist() == [5, 6]
        assert_same_bits(archive["lists"], [[1, 2.5], [3, 4]])
        assert archive["narration_ids"].tolist() == ["a", "b"]
    for key in ("features/RGB", "clips/rgb"):
        assert_same_bits(read_cell(f"made/out.npz:{key}[1]", tmp_path).array(), features[1])
    assert read_cell("made/out.npz:ragged/1", tmp_path).array().shape == (3,)
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == ["out.npz"]


def test_a_bare_array_is_called_data(tmp_path: Path) -> None:
    convert(write_pickle(tmp_path, np.ones(3)), tmp_path / "out.npz")
    assert read_cell("out.npz:data", tmp_path).array().tolist() == [1, 1, 1]


@pytest.mark.parametrize(("release", "first"), [("1.0.5", "narration_id"), ("1.5.3", None), ("3.1.1", "narration_id")])
def test_a_data_frame_is_a_table(tmp_path: Path, release: str, first: str | None) -> None:
    (tmp_path / "in.pkl").write_bytes(pickled_frame(release))
    (line,) = convert(tmp_path / "in.pkl", tmp_path / "out.csv")
    names = [*([first] if first else []), "video_id", "start_frame", "seconds", "verb_class", "all_nouns"]
    assert line == f"{tmp_path}/out.csv: 2 rows of {', '.join(names)}"
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    plain = [["P08_01", "437", "1.5", "3", "['fridge']"], ["P01_11", "12", "", "0", "['tap', 'sink']"]]
    index = [["P08_01_0"], ["P01_11_4"]] if first else [[], []]
    assert rows == [names, *(left + right for left, right in zip(index, plain, strict=True))]


def test_cells_of_a_table(tmp_path: Path) -> None:
    value = Frame()
    value.index = Index(["x"])
    cells: dict[str, object] = {"array": np.array([1, 2]), "none": None, "word": "ä,b", "true": True}
    value.columns = {name: np.array([None], dtype=object) for name in cells}
    for name, cell in cells.items():
        value.columns[name][0] = cell
    assert write_frame(value, tmp_path / "out.csv") == ["index", *cells]
    assert (tmp_path / "out.csv").read_text(encoding="utf-8") == 'index,array,none,word,true\nx,"[1, 2]",,"ä,b",True\n'
    value.columns["word"][0] = b"bytes"
    with pytest.raises(DataError, match=r"^line 2, word: expected text, a number or a list, but found bytes\.$"):
        write_frame(value, tmp_path / "out.csv")


def test_a_data_frame_is_arrays_too(tmp_path: Path) -> None:
    (tmp_path / "in.pkl").write_bytes(pickled_frame("2.3.3"))
    convert(tmp_path / "in.pkl", tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as archive:
        assert archive["narration_id"].tolist() == ["P08_01_0", "P01_11_4"]
        assert archive["start_frame"].tolist() == [437, 12]
        assert archive["all_nouns/1"].tolist() == ["tap", "sink"]


def endless() -> list[object]:
    value: list[object] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "name", "message"),
    [
        ({"a": None}, "out.npz", "a: expected numbers, text or arrays, but found NoneType."),
        ([b"a"], "out.npz", "0: expected numbers, text or arrays, but found bytes."),
        ({"a": 2**70}, "out.npz", "a: expected numbers of 64 bits, but found larger ones."),
        ({"a": {(1, 2): 1}}, "out.npz", "a: expected keys of text or whole numbers, but found (1, 2)."),
        ({"a/b": 1, "a": {"b": 2}}, "out.npz", "names of arrays that differ and can be written, but found 'a/b'."),
        ({"../a": 1}, "out.npz", "names of arrays that differ and can be written, but found '../a'."),
        ({"a[0]": 1}, "out.npz", "names of arrays that differ and can be written, but found 'a[0]'."),
        (endless(), "out.npz", "expected data, but found lists in lists without an end."),
        ({"a": 1}, "out.csv", "expected a data frame, but found dict: convert it to a .npz."),
    ],
)
def test_what_fits_no_file_is_named(tmp_path: Path, value: object, name: str, message: str) -> None:
    path = write_pickle(tmp_path, value)
    with pytest.raises(DataError) as error:
        convert(path, tmp_path / name)
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["in.pkl"]


def test_lists_without_an_end_have_no_arrays() -> None:
    with pytest.raises(DataError, match="lists in lists without an end"):
        flatten(endless())


def test_files_in_the_way_and_files_that_are_not_there(tmp_path: Path) -> None:
    path = write_pickle(tmp_path, [1])
    (tmp_path / "there.npz").write_text("mine")
    for pickled, out, message in (
        (path, "there.npz", "{out}: expected no such file yet, but found one."),
        (path, "out.pkl", "{out}: the name of what is written must end in .npz or .csv."),
        (tmp_path / "gone.pkl", "out.npz", "{folder}/gone.pkl: expected a file, but found none."),
        (path, "in.pkl/out.npz", "{folder}/in.pkl cannot be written: there is a file of that name"),
    ):
        with pytest.raises((DataError, WriteError)) as error:
            convert(pickled, tmp_path / out)
        assert str(error.value).startswith(message.format(out=tmp_path / out, folder=tmp_path))
    assert (tmp_path / "there.npz").read_text() == "mine"


def test_the_command_prints_what_it_wrote_or_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = write_pickle(tmp_path, {"x": np.zeros((2, 3))}), tmp_path / "out.npz"
    assert main(["data", "convert", str(path), str(out)]) == 0
    assert capsys.readouterr().out == f"{out}: x, float64 of shape (2, 3)\n"
    path.write_bytes(pickle.dumps(Malicious(tmp_path / "made")))
    assert main(["data", "convert", str(path), str(tmp_path / "other.npz")]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith(f"acclimate data: {path}: a pickle may hold ")
    assert printed.err.count("\n") == 1
    assert not (tmp_path / "made").exists()
