"""Mutated files of tables: `[NUMBER [SEED]]`. Each is a table, which survives being written, or refused in one line."""

import json
import sys
import tempfile
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, Final

import pyarrow as pa
from acclimate.framework import DataError
from acclimate.framework.data import Row, Table, read_table, scan_table, write_table
from acclimate.framework.data.label_doubts import find_label_doubts
from acclimate.framework.data.schema_fitting import fit_tasks
from pyarrow import parquet

# Beside this file, for tests and for a script alike.
sys.path.append(str(Path(__file__).parents[1]))
from fuzz.campaign import print_campaign
from fuzz.hostile_values import VALUES, mutate, scramble

WORDS: Final = (
    *(b",", b";", b"\t", b"|", b'"', b'""', b"\n", b"\r", b"\r\n", b",,,,,,,", b"\\", b"'"),
    *(
        b"\0",
        b"\xff",
        b"\xfe\xff",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\xe2\x80\x8b",
        b"\xc3\xa9",
        b"\xe4",
        b"\x1a",
        b"\x1b[2J",
    ),
    *(b"[" * 3000, b'{"a":' * 3000, b"9" * 5000, b"x" * 200_000, b'"' * 999, b"a,b," * 3000, b"id,domain,split\n"),
    *(
        b"NaN",
        b"Infinity",
        b"-1e999",
        b"null",
        b"true",
        b'"\\ud800"',
        b'"\\u0000"',
        b"0,101",
        b"0",
        b"0.0",
        b"n/a",
        b"Yes",
    ),
    *(b"sep=;\n", b"Unnamed: 0", b"meta.x", b"label.verb", b"label", b"corrupt.said", b"group", b"PK\x03\x04", b"PAR1"),
)

NAMES: Final = ("id", "domain", "split", "label", "label.verb", "group", "said", "watch", "meta.x")

# A row for each kind of table that users brought: words among numbers, decimal commas, twins, ignored lists.
ROWS: Final = [
    ["s0", "A", "train", "1.251", "cut", "p1", "a fine day", "g.npz:x[0]", "40"],
    ["s1", "A", "train", "n/a", "Cut", "p1", "see b.txt", "g.npz:x[1]", ""],
    ["s2", "A", "train", "0,744", "fry,\nboil", "p2", 'they said "no"', "", "x"],
    ["s3", "B", "test", "", "", "", "\u00e9t\u00e9 \N{GRINNING FACE}", "g.npz:x[3]", "1"],
]


def _to_csv(rows: list[list[str]], delimiter: str, end: str) -> str:
    lines = [NAMES, *rows]
    quoted = [
        ['"' + cell.replace('"', '""') + '"' if set(cell) & {delimiter, '"', "\n", "\r"} else cell for cell in line]
        for line in lines
    ]
    return end.join(map(delimiter.join, quoted)) + end


def _to_json(rows: list[list[Any]]) -> str:
    return "\n".join(json.dumps(dict(zip(NAMES, row, strict=True))) for row in rows)


def attempt(random: Random) -> str:
    """Read a mutated file; write the table that it is, and read that again."""
    with tempfile.TemporaryDirectory() as folder:
        suffix = random.choice([".csv", ".csv", ".tsv", ".jsonl", ".jsonl", ".parquet"])
        path = Path(folder) / f"theirs{suffix}"
        {".jsonl": _write_json, ".parquet": _write_parquet}.get(suffix, _write_text)(path, random)
        table, problems = scan_table(path)
        _look(table, random, Path(folder))
    return f"read as {suffix}{', but for some rows' if problems else ''}"


def _write_text(path: Path, random: Random) -> None:
    rows = [[*row] for row in ROWS]
    for _ in range(random.randrange(3)):
        random.choice(rows)[random.randrange(len(NAMES))] = random.choice(WORDS).decode("utf-8", "replace")
    text = _to_csv(rows, random.choice([",", ",", ";", "\t", "|"]), random.choice(["\n", "\r\n", "\r"]))
    content = text.encode(
        random.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "cp1252"]), "replace"
    )
    path.write_bytes(content if random.random() < 0.3 else scramble(content, random, WORDS))


def _write_json(path: Path, random: Random) -> None:
    if random.random() < 0.5:
        path.write_bytes(scramble(_to_json(ROWS).encode(), random, WORDS))
        return
    documents = mutate([dict(zip(NAMES, row, strict=True)) for row in ROWS], random, random.randrange(1, 4))
    lines = documents if isinstance(documents, list) else [documents]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")


def _write_parquet(path: Path, random: Random) -> None:
    columns: dict[str, Any] = {name: [row[place] for row in ROWS] for place, name in enumerate(NAMES)}
    for _ in range(random.randrange(3)):
        columns[random.choice(NAMES)] = random.choice(COLUMNS)
    parquet.write_table(pa.table(columns), path, compression=random.choice(["snappy", "none", "zstd"]))
    if random.random() < 0.6:
        content = bytearray(scramble(path.read_bytes(), random, WORDS))
        for place in random.choices(range(len(content)), k=random.randrange(3)):
            content[place] ^= 1 << random.randrange(8)
        path.write_bytes(content)


COLUMNS: Final[list[Any]] = [
    pa.array([Decimal("1.5"), None, Decimal(2), Decimal(3)]),
    pa.array([[1], [2], None, []]),
    pa.array([{"a": 1}, None, None, None]),
    pa.array([1, None, 3, 4]),
    pa.array([0.5, float("nan"), float("inf"), None]),
    pa.array([True, False, None, None]),
    pa.array(["a", "b", None, "a"]).dictionary_encode(),
    pa.array([0, 1, 2, 3], pa.timestamp("ns", "Europe/Berlin")),
    pa.array([-(2**62), 1, 2, None], pa.timestamp("us")),
    pa.array([b"x", b"\xff", None, b""]),
    pa.array([0, 1, 2, 3], pa.duration("ms")),
    pa.nulls(4),
    pa.array(["x" * 9, "\0", "\u2028", " "], pa.large_string()),
    pa.array([text if isinstance(text, str) and text.isprintable() else None for text in VALUES[-4:]], pa.string()),
]


def _look(table: Table, random: Random, folder: Path) -> None:
    for task in table.tasks:
        for doubt in find_label_doubts(table, task):
            assert "\n" not in doubt.message
            assert len(doubt.message) < 1000
    try:
        fit_tasks(table, {})
    except DataError as error:
        # As every error must be, whether the file was refused or its labels.
        assert "\n" not in str(error)  # noqa: PT017 - what it says, not that it comes
    if len(table):
        path = folder / f"ours{random.choice(['.csv', '.tsv', '.jsonl', '.parquet'])}"
        write_table(table, path)
        assert [*map(_content, read_table(path).rows)] == [*map(_content, table.rows)]


def _content(row: Row) -> tuple[object, ...]:
    return (row.id, row.domain, row.split, row.group, {**row.labels}, {**row.cells}, {**row.corruptions})


if __name__ == "__main__":
    print_campaign(attempt, *sys.argv[1:])
