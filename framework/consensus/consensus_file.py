"""What a consensus says of rows, by their ids, in a file that names the models it was made of. No torch."""

import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Self

import attrs
import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..files.shown_value import shown
from ..files.whole_file import whole_file
from .opinion import Probabilities

MAX_BYTES: Final = 2**30
"""What the arrays of such a file may take in memory."""

_NOTES: Final = "notes"
_POSTERIOR: Final = "posterior/"


def _to_tuple(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(names)


def _to_classes(classes: Mapping[str, Iterable[str]]) -> Mapping[str, tuple[str, ...]]:
    return {task: tuple(names) for task, names in classes.items()}


def _check_digest(_: object, field: "attrs.Attribute[str]", value: str) -> None:
    if len(value) != 64 or set(value) - set("0123456789abcdef"):
        raise ValueError(f"{field.name} must be 64 hexadecimal digits in small letters, but got {shown(value)}.")


@attrs.frozen
class Parent:
    """A model that others learn from, so that what they learned can be traced back.

    Args:
        name: of it, such as a candidate's.
        sha256: of its checkpoint's file.
        command: that trains it.

    Raises:
        ValueError: if `sha256` is none.
    """

    name: str
    sha256: str = attrs.field(validator=_check_digest)
    command: str = ""


def _to_parents(parents: Iterable[Parent]) -> tuple[Parent, ...]:
    return tuple(parents)


@attrs.frozen(eq=False)
class Consensus:
    """How likely each class is of each row, as several models say together.

    Args:
        ids: `N` rows of the target, by the table's ids.
        classes: `C` names, by task.
        posteriors: `(N, C)`, by task.
        parents: the models.

    Raises:
        DataError: if shapes do not fit, an id stands twice, or a row's probabilities do not sum to 1.

    Example:
        >>> from tempfile import mkdtemp
        >>> found = Consensus(["a", "b"], {"digit": ["one", "two"]}, {"digit": np.array([[0.9, 0.1], [0.2, 0.8]])})
        >>> found.write(Path(mkdtemp()) / "consensus.npz")
        >>> found.posteriors["digit"].argmax(axis=1)
        array([0, 1])
    """

    ids: tuple[str, ...] = attrs.field(converter=_to_tuple)
    classes: Mapping[str, tuple[str, ...]] = attrs.field(converter=_to_classes)
    posteriors: Mapping[str, Probabilities]
    parents: tuple[Parent, ...] = attrs.field(default=(), converter=_to_parents)

    def __attrs_post_init__(self) -> None:
        """Refuse what does not fit together."""
        if len(set(self.ids)) != len(self.ids):
            twice = next(name for name in self.ids if self.ids.count(name) > 1)
            raise DataError(f"ids of a consensus must be different, but {twice!r} stands twice.")
        if not self.classes or self.classes.keys() != self.posteriors.keys():
            found = f"{sorted(self.classes)} and {sorted(self.posteriors)}"
            raise DataError(f"classes and posteriors must be of the same tasks, one at least, but are of {found}.")
        for task, names in self.classes.items():
            _check_posterior(task, self.posteriors[task], (len(self.ids), len(names)))

    def write(self, path: Path) -> None:
        """Keep it as a .npz, whole or not at all; the same content has the same bytes.

        Raises:
            WriteError: if it cannot be written.
        """
        notes = {
            "ids": self.ids,
            "classes": self.classes,
            "parents": [attrs.asdict(parent) for parent in self.parents],
        }
        arrays: dict[str, NDArray[Any]] = {_NOTES: np.frombuffer(json.dumps(notes).encode(), dtype=np.uint8)}
        arrays |= {f"{_POSTERIOR}{task}": values for task, values in self.posteriors.items()}
        with whole_file(path) as unfinished, unfinished.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` wrote; nothing in it is unpickled.

        Raises:
            DataError: if there is no such file, or it is something else or damaged; one line.
        """
        if not path.is_file():
            raise DataError(f"a consensus must be a file that acclimate choose wrote, but there is none at {path}.")
        try:
            arrays = _load(path)
            notes = json.loads(arrays.pop(_NOTES).tobytes())
            posteriors = {name.removeprefix(_POSTERIOR): values for name, values in arrays.items()}
            parents = [Parent(**parent) for parent in notes["parents"]]
            return cls(notes["ids"], notes["classes"], posteriors, parents)
        except (AttributeError, EOFError, LookupError, OSError, TypeError, ValueError, zipfile.BadZipFile) as error:
            raise DataError(f"{path} is no consensus, or damaged: {' '.join(str(error).split())[:200]}") from error


def _load(path: Path) -> dict[str, NDArray[Any]]:
    # Opened here: of a file that is no archive, numpy does not close its own.
    with path.open("rb") as file:
        with zipfile.ZipFile(file) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > MAX_BYTES:
            raise ValueError(f"its arrays may take {MAX_BYTES} bytes, but take {size}")
        file.seek(0)
        with np.load(file, allow_pickle=False) as found:
            return dict(found.items())


def _check_posterior(task: str, posterior: NDArray[Any], shape: tuple[int, int]) -> None:
    if posterior.shape != shape or posterior.dtype != np.float64:
        found = f"{posterior.shape} of {posterior.dtype}"
        raise DataError(f"the posterior of task {task!r} must be of shape {shape} of float64, but is {found}.")
    if not ((posterior >= 0).all() and np.allclose(posterior.sum(axis=1), 1.0, rtol=0.0, atol=1e-6)):
        raise DataError(f"the posterior of task {task!r} must be probabilities that sum to 1 in each row.")
