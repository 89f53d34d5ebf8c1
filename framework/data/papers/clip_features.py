"""Features of clips, packed in one .npz beside the clips' names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs

from ...errors import DataError
from ..problem import Problem
from .converted import open_arrays, read_shapes

_AXES: Final = (2, 3)


@attrs.frozen
class ClipFeatures:
    """Where the features of each clip stand.

    Args:
        path: of the .npz.
        keys: of the arrays by modality; `(clips, features)` or `(clips, steps, features)`.
        rows: position in the arrays by the clip's name.
    """

    path: Path
    keys: Mapping[str, str]
    rows: Mapping[str, int]

    def find(self, clip: str, root: Path) -> dict[str, str]:
        """The cells of a clip by modality.

        Raises:
            DataError: if there are no features of it.
        """
        if clip not in self.rows:
            raise DataError(f"expected features of {clip!r} in {self.path}, but found none.")
        path = self.path.relative_to(root)
        return {modality: f"{path}:{key}[{self.rows[clip]}]" for modality, key in self.keys.items()}


def read_clip_features(path: Path, names: str, modalities: Mapping[str, tuple[str, ...]]) -> ClipFeatures:
    """Find the arrays of a .npz by the last part of their keys, in small or capital letters.

    Args:
        path: of the .npz; its features are not read.
        names: last part of the key of the clips' names: `uid` finds `features/uid`.
        modalities: last parts that the key of a modality's features may have, by modality.

    Raises:
        DataError: if the names or all modalities are missing, two arrays fit one modality, a name stands twice, or an
            array has not a row for each name.
    """
    shapes = read_shapes(path)
    found = {modality: _find(shapes, parts) for modality, parts in modalities.items()}
    keys = {modality: matches[0] for modality, matches in found.items() if len(matches) == 1}
    names_keys = _find(shapes, (names,))
    if len(names_keys) != 1 or not keys or any(len(matches) > 1 for matches in found.values()):
        wanted = ", ".join(" or ".join(parts) for parts in modalities.values())
        raise DataError(
            f"{path}: expected one array {names} and one or more of {wanted}, but found {', '.join(shapes) or 'none'}."
        )
    if len(shapes[names_keys[0]]) != 1:
        raise DataError(f"{path}: expected {names_keys[0]} of one axis, but found {shapes[names_keys[0]]}.")
    with open_arrays(path) as archive:
        clips = [str(name) for name in archive[names_keys[0]].tolist()]
    for key in keys.values():
        if len(shapes[key]) not in _AXES or shapes[key][0] != len(clips):
            raise DataError(
                f"{path}: expected {key} of shape (clips, features) or (clips, steps, features), with {len(clips)} "
                f"clips as there are names, but found {shapes[key]}."
            )
    rows = {clip: row for row, clip in enumerate(clips)}
    if len(rows) != len(clips):
        twice = next(clip for row, clip in enumerate(clips) if rows[clip] != row)
        raise DataError(f"{path}: expected a name of its own for each clip, but found {twice!r} twice.")
    return ClipFeatures(path, keys, rows)


def name_problem(annotations: Path, line: int, clip: str, error: DataError) -> DataError:
    """An error about one line of the annotations."""
    return DataError(f"{annotations}, {Problem(str(error), line, clip)}")


def _find(shapes: Mapping[str, tuple[int, ...]], parts: tuple[str, ...]) -> list[str]:
    wanted = {part.lower() for part in parts}
    return [key for key in shapes if key.rsplit("/", maxsplit=1)[-1].lower() in wanted]
