"""What a candidate says of the rows by which it is judged, kept in a file. No torch."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs
import numpy as np
from numpy.typing import NDArray

from ..consensus.opinion import Opinion
from ..errors import RunError
from ..files.whole_file import whole_file
from ..layout import DomainSide

_NOTES: Final = ("groups", "scores", "seconds", "share")
_SIDES: Final[tuple[DomainSide, ...]] = ("source", "target")


@attrs.frozen(eq=False)
class Statement:
    """What a candidate says of the rows by which it is judged; no label of the target is among it.

    Args:
        source: of the source's validation rows.
        target: of the target's training rows.
        labels: `(n,)` of the source's rows, by task.
        groups: of the target's rows: those of one group, such as a speaker, are alike.
        scores: what its checkpoint was chosen by, and the source's score, by name.
        seconds: that its training took.
        share: of its epochs that it has trained for.
    """

    source: Opinion
    target: Opinion
    labels: Mapping[str, NDArray[np.int64]]
    groups: tuple[str | None, ...]
    scores: Mapping[str, float]
    seconds: float
    share: float

    @property
    def is_final(self) -> bool:
        """Whether its training has come to its end."""
        return self.share >= 1.0

    def write(self, path: Path) -> None:
        """Keep it as a .npz, whole or not at all."""
        arrays: dict[str, NDArray[Any]] = {f"labels/{name}": values for name, values in self.labels.items()}
        for side in _SIDES:
            opinion: Opinion = getattr(self, side)
            arrays[f"{side}/present"] = opinion.present
            for task, by_head in opinion.logits.items():
                arrays |= {f"{side}/logits/{task}/{head}": values for head, values in by_head.items()}
        notes = {name: getattr(self, name) for name in _NOTES} | {"scores": dict(self.scores)}
        arrays["notes"] = np.frombuffer(json.dumps(notes).encode(), dtype=np.uint8)
        with whole_file(path) as unfinished, unfinished.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    @classmethod
    def read(cls, path: Path) -> "Statement":
        """Read what `write` wrote.

        Raises:
            RunError: if it is damaged.
        """
        try:
            # Opened here: of a file that is no archive, numpy does not close its own.
            with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
                arrays = dict(found.items())
            notes = json.loads(arrays["notes"].tobytes())
            source, target = (_read_opinion(arrays, side) for side in _SIDES)
            labels = {name.partition("/")[2]: array for name, array in arrays.items() if name.startswith("labels/")}
            groups = tuple(notes["groups"])
            return cls(source, target, labels, groups, notes["scores"], notes["seconds"], notes["share"])
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise RunError(f"{path} is damaged, remove it and it is made again: {error}") from error


def _read_opinion(arrays: Mapping[str, NDArray[Any]], side: str) -> Opinion:
    logits: dict[str, dict[str, NDArray[np.float32]]] = {}
    begin = f"{side}/logits/"
    for name, values in arrays.items():
        if name.startswith(begin):
            # Heads are names of modalities or `joint`; a task's name may hold slashes.
            task, _, head = name.removeprefix(begin).rpartition("/")
            logits.setdefault(task, {})[head] = values
    return Opinion(logits, arrays[f"{side}/present"])
