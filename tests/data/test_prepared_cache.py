"""What is made of files is kept between runs: the same bits with any cache, and no bit of another file."""

import os
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path

import attrs
import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import ImagePreprocessing, Samples, Schema, Table, prepared_cache, read_table, samples
from acclimate.framework.data.prepared_cache import PreparedCache
from acclimate.framework.data.shared_arrays import SharedArrays
from bits import assert_same_bits

from .data_files import write_text

FILES = 20 + 21
"""Pictures and speech of the table."""


@pytest.fixture
def schema(table: Table) -> Schema:
    """What its source says."""
    return Schema.fit(table.select("lab", "train"))


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that were just written count as old."""
    monkeypatch.setattr(prepared_cache, "_SETTLED", -1.0)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Cells that were read."""
    found: list[str] = []
    read = samples.read_modality

    def note(table: Table, row: object, modality: str) -> object:
        cell = row.cells.get(modality)  # type: ignore[attr-defined]
        if cell is not None and "[" not in cell:
            found.append(cell)
        return read(table, row, modality)  # type: ignore[arg-type]

    monkeypatch.setattr(samples, "read_modality", note)
    return found


def read_all(table: Table, schema: Schema, cache: PreparedCache | None) -> dict[str, np.ndarray]:
    """All inputs, and lengths, of a run that begins."""
    found = Samples(table.with_prepared(cache), schema, labelled=False).batch(range(len(table)))
    return {**found.inputs, **{f"{name} lengths": lengths for name, lengths in found.lengths.items()}}


def assert_same(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert_same_bits(found[name], values)


def test_a_second_run_decodes_nothing_and_finds_the_same_bits(
    table: Table, schema: Schema, tmp_path: Path, decoded: list[str]
) -> None:
    plain = read_all(table, schema, None)
    decoded.clear()
    for number in range(3):
        assert_same(read_all(table, schema, PreparedCache(tmp_path / "cache", 2**24)), plain)
        assert len(decoded) == FILES, number
    reader = Samples(table.with_prepared(PreparedCache(tmp_path / "cache", 2**24)), schema, labelled=False)
    first = reader[0].inputs["image"]
    assert isinstance(first.base, np.memmap)
    assert not first.flags.writeable
    assert_same_bits(pickle.loads(pickle.dumps(reader))[0].inputs["image"], first)  # noqa: S301 - our own
    assert len(decoded) == FILES


def test_texts_are_kept_by_what_they_say(tmp_path: Path, decoded: list[str]) -> None:
    lines = [f"{name},x,train,{name},{said}" for name, said in (("a", "one two"), ("b", "three"), ("c", "one two"))]
    table = read_table(write_text(tmp_path / "table.csv", "id,domain,split,label,said", *lines))
    schema = Schema.fit(table)
    plain = read_all(table, schema, None)
    decoded.clear()
    for _ in range(2):
        assert_same(read_all(table, schema, PreparedCache(tmp_path / "cache", 2**24)), plain)
    assert decoded == ["one two", "three"]


def test_another_file_of_the_same_name_and_other_preprocessing_are_read(
    table: Table, schema: Schema, tmp_path: Path, decoded: list[str]
) -> None:
    cache = PreparedCache(tmp_path / "cache", 2**24)
    read_all(table, schema, cache)
    decoded.clear()
    content, path = (table.root / "1.png").read_bytes(), table.root / "0.png"
    status = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 10**7))
    assert_same(read_all(table, schema, cache), read_all(table, schema, None))
    assert decoded[0] == "0.png"
    decoded.clear()
    picture = schema.preprocessing["image"]
    assert isinstance(picture, ImagePreprocessing)
    other = attrs.evolve(schema, preprocessing={**schema.preprocessing, "image": attrs.evolve(picture, height=5)})
    assert read_all(table, other, cache)["image"].shape == (24, 3, 5, 8)
    assert len(decoded) == 20


def test_what_might_yet_change_or_is_spoilt_on_purpose_is_not_kept(
    table: Table, schema: Schema, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared_cache, "_SETTLED", 60.0)
    read_all(table, schema, PreparedCache(tmp_path / "cache", 2**24))
    monkeypatch.setattr(prepared_cache, "_SETTLED", -1.0)
    spoilt = table.with_rows(
        attrs.evolve(row, corruptions={"image": "gaussian_noise(std=0.1)", "speech": "audio_noise(std=1)"})
        for row in table.rows
    )
    read_all(spoilt, schema, PreparedCache(tmp_path / "cache", 2**24))
    assert not (tmp_path / "cache").exists()


def test_a_lower_limit_refuses_what_was_kept(
    table: Table, schema: Schema, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_all(table, schema, PreparedCache(tmp_path / "cache", 2**24))
    monkeypatch.setattr("acclimate.framework.data.decoding_limit._MEBIBYTE", 100)
    monkeypatch.setenv("ACCLIMATE_MAX_DECODED", "1")
    with pytest.raises(DataError, match="expected at most 100 bytes"):
        read_all(table, schema, PreparedCache(tmp_path / "cache", 2**24))


def damage(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    "harm",
    [
        damage,
        lambda file: os.truncate(file, file.stat().st_size - 7),
        lambda file: os.truncate(file, 0),
        lambda file: file.write_bytes(file.read_bytes() + b"begun"),
        Path.unlink,
    ],
    ids=["damaged", "cut", "emptied", "begun", "gone"],
)
@pytest.mark.parametrize("name", ["values", "index"])
def test_a_damaged_cache_costs_time_alone(
    harm: Callable[[Path], object], name: str, table: Table, schema: Schema, tmp_path: Path
) -> None:
    plain = read_all(table, schema, None)
    read_all(table, schema, PreparedCache(tmp_path / "cache", 2**24))
    for file in (tmp_path / "cache").glob(f"*/{name}"):
        harm(file)
    for _ in range(2):
        assert_same(read_all(table, schema, PreparedCache(tmp_path / "cache", 2**24)), plain)


def test_a_full_cache_and_one_that_cannot_be_written_say_so_once(table: Table, schema: Schema, tmp_path: Path) -> None:
    plain = read_all(table, schema, None)
    (tmp_path / "file").touch()
    for folder, size, words in ((tmp_path / "small", 4000, "has no room"), (tmp_path / "file", 2**24, "written to")):
        with pytest.warns(RuntimeWarning, match=words) as warned:
            assert_same(read_all(table, schema, PreparedCache(folder, size)), plain)
        assert len(warned) == 1
    assert 0 < sum(file.stat().st_size for file in (tmp_path / "small").glob("*/*")) <= 4000
    with pytest.raises(ValueError, match="max_bytes must be positive, but got 0"):
        PreparedCache(tmp_path, 0)


def test_what_nobody_uses_goes_first(table: Table, schema: Schema, tmp_path: Path) -> None:
    read_all(table, schema, PreparedCache(tmp_path / "cache", 2**24))
    before = set((tmp_path / "cache").iterdir())
    for folder in before:
        os.utime(folder, (1, 1))
    speech = schema.preprocessing["speech"]
    shorter = attrs.evolve(speech, samples=200)  # type: ignore[call-arg]
    other = attrs.evolve(schema, preprocessing={**schema.preprocessing, "speech": shorter})
    # Room for these, and not for the longer sound too.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_all(table, other, PreparedCache(tmp_path / "cache", 40_000))
    after = set((tmp_path / "cache").iterdir())
    assert (len(before), len(after), len(before & after)) == (2, 2, 1)


def test_processes_find_what_others_add(tmp_path: Path) -> None:
    """Two of them, each with its own view of one folder; the second begins while the first is at work."""
    keys, arrays = [bytes([number] * 16) for number in range(4)], np.arange(12, dtype=np.float32).reshape(4, 3)
    one, other = (SharedArrays(tmp_path / "shared", (3,), np.float32) for _ in range(2))
    for number, writer in enumerate((one, other, other, one)):
        writer.write(keys[number], arrays[number], number)
    for reader in (one, other, SharedArrays(tmp_path / "shared", (3,), np.float32)):
        for number, key in enumerate(keys):
            found = reader.read(key)
            assert found is not None
            assert_same_bits(found[0], arrays[number])
            assert found[1] == number
    for name in ("values", "index"):
        (tmp_path / "shared" / name).unlink()
    one.write(keys[3], arrays[0], 5)
    found = other.read(bytes(16)), one.read(keys[3])
    # What is mapped stays there for whoever has it.
    for each in found:
        assert each is not None
        assert_same_bits(each[0], arrays[0])
    assert SharedArrays(tmp_path / "shared", (3,), np.float32).read(keys[1]) is None
