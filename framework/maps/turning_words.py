"""What a signed permutation of three axes does, in words."""

from itertools import permutations, product
from typing import Final

import numpy as np
from numpy.typing import NDArray

_AXES: Final = "xyz"


def signed_permutations() -> list[NDArray[np.float64]]:
    """All 48 of three axes: matrices with one 1 or -1 in each row and column. The identity comes first."""
    signs = product((1.0, -1.0), repeat=3)
    return [np.diag(sign) @ np.eye(3)[list(order)] for sign in signs for order in permutations(range(3))]


def describe_turn(matrix: NDArray[np.float64]) -> str:
    """A signed permutation in words: a rotation, a mirror image, or both.

    Example:
        >>> describe_turn(np.diag([-1.0, -1.0, 1.0])), describe_turn(np.diag([-1.0, 1.0, 1.0]))
        ('turned by 180 degrees about z', 'mirrored in x')
    """
    if np.linalg.det(matrix) > 0:
        return _describe_rotation(matrix) or "as it is"
    opposite = -matrix
    if not _describe_rotation(opposite):
        return "inverted in x, y and z"
    angle, axis = _angle(opposite), _axis(opposite)
    if angle == 180:
        # Minus a half turn about an axis is the mirror image along it.
        return f"mirrored in {_AXES[int(np.abs(axis).argmax())]}" if np.abs(axis).sum() == 1 else _exchange(axis)
    if angle == 90:
        # Minus a turn about an axis is that by 180 degrees more, mirrored along the axis.
        return f"turned by {-_sign(axis) * 90} degrees about {_name(axis)} and mirrored in {_name(axis)}"
    return f"{_describe_rotation(opposite)} and inverted"


def _describe_rotation(matrix: NDArray[np.float64]) -> str:
    """Nothing for the identity."""
    angle = _angle(matrix)
    if not angle:
        return ""
    axis = _axis(matrix)
    straight = np.abs(axis).sum() == 1
    return f"turned by {_sign(axis) * angle if straight and angle != 180 else angle} degrees about {_name(axis)}"


def _angle(rotation: NDArray[np.float64]) -> int:
    return {3: 0, 1: 90, 0: 120, -1: 180}[round(float(np.trace(rotation)))]


def _axis(rotation: NDArray[np.float64]) -> NDArray[np.int64]:
    """The axis of a rotation that is none by 0 degrees, in numbers -1, 0 and 1."""
    if _angle(rotation) == 180:
        column = (rotation + np.eye(3))[:, int(np.diag(rotation).argmax())]
        return np.sign(column).astype(np.int64)
    skew = rotation - rotation.T
    return np.sign([skew[2, 1], skew[0, 2], skew[1, 0]]).astype(np.int64)


def _sign(axis: NDArray[np.int64]) -> int:
    return int(axis.sum()) if np.abs(axis).sum() == 1 else 1


def _name(axis: NDArray[np.int64]) -> str:
    if np.abs(axis).sum() == 1:
        return _AXES[int(np.abs(axis).argmax())]
    return "the diagonal (" + ", ".join(map(str, axis.tolist())) + ")"


def _exchange(axis: NDArray[np.int64]) -> str:
    first, second = (_AXES[at] for at in np.flatnonzero(axis))
    return f"{first} and {second} exchanged" + (" with opposite signs" if axis.sum() else "")
