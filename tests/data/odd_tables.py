"""Tables as users have them: a good one of two domains, and what is odd about it, drawn by a seed."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

import attrs
import numpy as np
from numpy.random import Generator

from .data_files import write_image, write_sound, write_text

Cells: TypeAlias = dict[str, str]

SPLITS: Final = ("train", "train", "train", "train", "test")


@attrs.define
class OddTable:
    """Rows of domains `A` and `B`, before they are written.

    Args:
        folder: of the table and its files.
        draw: what is odd is drawn by it.
        rows: cells by column.
    """

    folder: Path
    draw: Generator
    rows: list[Cells] = attrs.field(factory=list)
    files: int = 0

    @property
    def modalities(self) -> list[str]:
        """Columns that hold data."""
        return [name for name in self.rows[0] if name in {"sound", "image", "vector", "signal", "text"}]

    def some(self, domain: str, split: str) -> list[Cells]:
        """One to three rows of a domain and a split, if it has any."""
        rows = [row for row in self.rows if (row["domain"], row["split"]) == (domain, split)]
        size = min(int(self.draw.integers(1, 4)), len(rows))
        return [rows[index] for index in self.draw.permutation(len(rows))[:size]]

    def somewhere(self) -> list[Cells]:
        """One to three rows of a domain and a split that are drawn."""
        return self.some(str(self.draw.choice(["A", "B"])), str(self.draw.choice(["train", "test"])))

    def sound(self, channels: int = 1, rate: int = 8000) -> str:
        """A new file of sound."""
        name = self._name("wav")
        values = self.draw.uniform(-0.5, 0.5, (int(self.draw.integers(200, 240)), channels))
        write_sound(self.folder / name, values[:, 0] if channels == 1 else values, rate)
        return name

    def image(self, channels: int = 3) -> str:
        """A new picture."""
        name = self._name("png")
        pixels = self.draw.integers(0, 256, (6, 8, channels), dtype=np.uint8)
        write_image(self.folder / name, pixels[:, :, 0] if channels == 1 else pixels)
        return name

    def array(self, *shape: int, dtype: str = "float32") -> str:
        """A new array."""
        name = self._name("npy")
        values = self.draw.integers(0, 256, shape) if dtype == "uint8" else self.draw.normal(size=shape)
        np.save(self.folder / name, np.asarray(values).astype(dtype))
        return name

    def words(self) -> str:
        """A sentence."""
        return " ".join(self.draw.choice(["a", "fine", "day", "off", "at", "sea"], int(self.draw.integers(2, 6))))

    def write(self) -> Path:
        """The table, as a file."""
        names = list(dict.fromkeys(name for row in self.rows for name in row))
        lines = [",".join(f'"{row.get(name, "")}"' for name in names) for row in self.rows]
        return write_text(self.folder / "table.csv", ",".join(names), *lines)

    def _name(self, suffix: str) -> str:
        self.files += 1
        return f"{self.files}.{suffix}"


def make_good(folder: Path, draw: Generator, needed: str | None = None) -> OddTable:
    """Thirty rows of one or two modalities, `needed` among them, and two or three classes."""
    table = OddTable(folder, draw)
    makers: Mapping[str, Callable[[], str]] = {
        "sound": table.sound,
        "image": table.image,
        "vector": lambda: table.array(5),
        "signal": lambda: table.array(int(draw.integers(18, 21)), 3),
        "text": table.words,
    }
    drawn = draw.choice(list(makers), int(draw.integers(1, 3)), replace=False).tolist()
    chosen = drawn if needed is None else sorted({needed, *drawn[1:]})
    classes = ["nod", "shake", "wave"][: int(draw.integers(2, 4))]
    for number in range(30):
        row = {
            "id": f"row{number}",
            "domain": "AB"[number // 15],
            "split": SPLITS[number % 5],
            "label": classes[number // 2 % len(classes)],
        }
        table.rows.append(row | {name: makers[name]() for name in chosen})
    return table


def _set(rows: list[Cells], column: str, make: Callable[[], str]) -> None:
    for row in rows:
        if column in row:
            row[column] = make()


def _rename(table: OddTable, columns: Mapping[str, str]) -> None:
    table.rows = [{columns.get(name, name): cell for name, cell in row.items()} for row in table.rows]


def _lack(table: OddTable, domain: str, split: str) -> None:
    name = str(table.draw.choice(table.modalities))
    _set([row for row in table.rows if (row["domain"], row["split"]) == (domain, split)], name, lambda: "")


def _clash(table: OddTable) -> None:
    for row in table.rows:
        row["signal_length"] = table.array(4)


def _relabel(table: OddTable, make: Callable[[int], str]) -> None:
    for number, row in enumerate(table.rows):
        row["label"] = make(number)


def _only(table: OddTable, keep: Callable[[int, Cells], bool]) -> None:
    table.rows = [row for number, row in enumerate(table.rows) if keep(number, row)]


def _without(table: OddTable, domain: str, split: str) -> None:
    _only(table, lambda _, row: (row["domain"], row["split"]) != (domain, split))


def _two_tasks(table: OddTable) -> None:
    _rename(table, {"label": "label.mood"})
    for number, row in enumerate(table.rows):
        row["label.mood_vector"] = "xy"[number % 2]
        row["vector"] = table.array(5)


ODDITIES: Final[Mapping[str, Callable[[OddTable], object]]] = MappingProxyType(
    {
        "nothing": lambda _: None,
        "stereo": lambda table: _set(table.somewhere(), "sound", lambda: table.sound(2)),
        "stereo target": lambda table: _set(
            [row for row in table.rows if row["domain"] == "B"], "sound", lambda: table.sound(2)
        ),
        "another rate": lambda table: _set(table.somewhere(), "sound", lambda: table.sound(1, 16000)),
        "grey": lambda table: _set(table.somewhere(), "image", lambda: table.image(1)),
        "other length": lambda table: _set(table.somewhere(), "vector", lambda: table.array(6)),
        "ragged": lambda table: _set(table.rows, "vector", lambda: table.array(int(table.draw.integers(5, 30)))),
        "other channels": lambda table: _set(table.somewhere(), "signal", lambda: table.array(20, 2)),
        "one channel": lambda table: _set(table.somewhere(), "signal", lambda: table.array(20)),
        "wide": lambda table: _set(table.rows, "signal", lambda: table.array(3, 70)),
        "three axes": lambda table: _set(table.somewhere(), "signal", lambda: table.array(3, 4, 5)),
        "no axis": lambda table: _set(table.somewhere(), "vector", table.array),
        "empty array": lambda table: _set(table.somewhere(), "vector", lambda: table.array(0)),
        "bytes": lambda table: _set(table.rows, "signal", lambda: table.array(3, 8, 9, dtype="uint8")),
        "complex numbers": lambda table: _set(table.somewhere(), "vector", lambda: table.array(5, dtype="complex64")),
        "words in an array": lambda table: _set(table.somewhere(), "vector", lambda: table.array(5, dtype="str")),
        "no file": lambda table: _set(table.somewhere(), table.modalities[0], lambda: "gone.wav"),
        "another kind": lambda table: _set(table.somewhere(), "vector", table.image),
        "file-like text": lambda table: _set(table.somewhere(), "text", lambda: "see notes.txt"),
        "file among text": lambda table: _set(table.somewhere(), "text", lambda: "notes.txt"),
        "single words": lambda table: _set(
            [row for row in table.rows if row["domain"] == "A"], "text", lambda: str(table.draw.choice(["yes", "no"]))
        ),
        "mp3": lambda table: _set(table.rows, "text", lambda: "clips/a long name of a recording that is not there.mp3"),
        "source lacks": lambda table: _lack(table, "A", "train"),
        "target lacks": lambda table: _lack(table, "B", "train"),
        "test lacks": lambda table: _lack(table, "B", "test"),
        "some lack": lambda table: _set(table.somewhere(), table.modalities[0], lambda: ""),
        "unlabelled": lambda table: _set(table.somewhere(), "label", lambda: ""),
        "unlabelled target": lambda table: _set(
            [row for row in table.rows if row["domain"] == "B"], "label", lambda: ""
        ),
        "extra class": lambda table: _set(table.somewhere(), "label", lambda: "jump"),
        "one class": lambda table: _relabel(table, lambda _: "nod"),
        "numbers": lambda table: _relabel(table, lambda number: f"{number / 8 - 1:.3f}"),
        "whole numbers": lambda table: _relabel(table, lambda number: str(number % 3)),
        "a word among numbers": lambda table: _relabel(
            table, lambda number: "n/a" if number == 3 else f"{number / 8 - 1:.3f}"
        ),
        "a word in the target": lambda table: _relabel(
            table, lambda number: "n/a" if number in {16, 19} else f"{number / 8 - 1:.3f}"
        ),
        "0 beside 0.0": lambda table: _relabel(table, lambda number: ("0", "0.0", "1", "2")[number % 4]),
        "a class a row": lambda table: _relabel(table, lambda number: f"take {number}"),
        "few rows": lambda table: _only(table, lambda number, _: number % 15 < 5),
        "fewer rows": lambda table: _only(table, lambda number, _: number % 15 in {0, 2}),
        "no target to train on": lambda table: _only(
            table, lambda _, row: (row["domain"], row["split"]) != ("B", "train")
        ),
        "no target to test on": lambda table: _only(
            table, lambda _, row: (row["domain"], row["split"]) != ("B", "test")
        ),
        "no source to train on": lambda table: _only(
            table, lambda _, row: (row["domain"], row["split"]) != ("A", "train")
        ),
        "validation": lambda table: _set(table.some("A", "train"), "split", lambda: "validation"),
        "a class in validation alone": lambda table: [
            row.update(split="validation", label="jump") for row in table.some("A", "train")
        ],
        "groups": lambda table: [row.update(group=str(number // 4)) for number, row in enumerate(table.rows)],
        "one group": lambda table: [row.update(group="all") for row in table.rows],
        "lengths clash": _clash,
        "logits clash": _two_tasks,
        "no labels": lambda table: _rename(table, {"label": "meta.label"}),
        "same id": lambda table: table.rows[1].update(id="row0"),
        "no domain": lambda table: _set(table.somewhere(), "domain", lambda: ""),
        "corrupted": lambda table: [
            row.update({f"corrupt.{table.modalities[0]}": "gaussian_noise(std=0.1)"}) for row in table.somewhere()
        ],
        "wrongly corrupted": lambda table: [
            row.update({f"corrupt.{table.modalities[0]}": "word_mask(share=0.5)"}) for row in table.somewhere()
        ],
        "odd names": lambda table: _rename(table, {table.modalities[0]: "json-help"}),
    }
)
"""By name, what changes a good table."""

_CONCERNED: Final = MappingProxyType(
    {
        **dict.fromkeys(("stereo", "stereo target", "another rate"), "sound"),
        **dict.fromkeys(
            (
                "other length",
                "ragged",
                "no axis",
                "empty array",
                "words in an array",
                "complex numbers",
                "another kind",
            ),
            "vector",
        ),
        **dict.fromkeys(("other channels", "one channel", "wide", "three axes", "bytes"), "signal"),
        **dict.fromkeys(("file-like text", "file among text", "single words", "mp3"), "text"),
        "grey": "image",
        "lengths clash": "signal",
    }
)
"""By oddity, the modality that a table must have for it."""


def write_odd_table(folder: Path, oddity: str, seed: int) -> Path:
    """A table with one oddity, drawn by a seed.

    Args:
        folder: that gets the table and its files.
        oddity: of `ODDITIES`.
        seed: of all that is drawn.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table = make_good(folder, np.random.default_rng(seed), _CONCERNED.get(oddity))
    ODDITIES[oddity](table)
    return table.write()
