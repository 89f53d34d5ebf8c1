"""How a device was worn: its axes turned or mirrored."""

import math
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ..arguments import check_within
from ..data.preprocessing import Preprocessing
from ..errors import DataError
from .group import AS_IT_IS, Candidate, MapGroup, Unlabelled
from .prepared import carry_over, moments
from .turning_words import describe_turn, signed_permutations

if TYPE_CHECKING:
    from ..data.input_maps import InputMap

_LAWS: Final = ("accelerometer", "gyroscope", "magnetometer")


class Device(MapGroup):
    r"""The signals on three axes of one device, which turn together.

    Where the axes of a device are mapped by an orthogonal R, an acceleration a becomes `R a`. What a gyroscope
    measures, w, is an axial vector, and becomes `det(R) R w`, as a magnetic field does: a mirror image turns the other
    way round. A rotation has the determinant 1, and maps all alike.

    Args:
        accelerometer: Name of a modality, or none.
        gyroscope: Name of a modality, or none.
        magnetometer: Name of a modality, or none.

    Raises:
        ValueError: if none is named, or one twice.
    """

    def __init__(
        self, accelerometer: str | None = None, gyroscope: str | None = None, magnetometer: str | None = None
    ) -> None:
        named = {"accelerometer": accelerometer, "gyroscope": gyroscope, "magnetometer": magnetometer}
        self.sensors = {name: sensor for sensor, name in named.items() if name is not None}
        given = [name for name in named.values() if name is not None]
        if not given or len(set(given)) < len(given):
            raise ValueError(f"{' or '.join(_LAWS)} must name modalities, each another, but got {given}.")
        super().__init__(sorted(given))

    def turned(self, matrix: NDArray[np.float64], name: str, seen: Unlabelled) -> Candidate:
        """All signals of the device, mapped by an orthogonal matrix of its axes.

        Args:
            matrix: R, `(3, 3)`.
            name: What it does, in words.
            seen: Preprocessing of the modalities.

        Raises:
            DataError: if a modality has not three channels.
        """
        maps: dict[str, InputMap] = {}
        for modality, sensor in self.sensors.items():
            preprocessing = _preprocessing(seen, modality)
            law = turning_law(matrix, sensor)
            if not np.array_equal(law, np.eye(3)):
                maps[modality] = carry_over(name, law, np.zeros(3), preprocessing)
        return Candidate(name, maps)

    def candidates(self, seen: Unlabelled) -> Sequence[Candidate]:
        """Each matrix of `matrices` that changes something."""
        return [self.turned(matrix, name, seen) for name, matrix in self.matrices() if name != AS_IT_IS]

    @abstractmethod
    def matrices(self) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """What R may be, with its name in words."""


class SignedPermutations(Device):
    """All 48 ways in which a device's axes can be exchanged and inverted: turned by right angles, or mirrored.

    A device that is worn on the other arm is mirrored; one that lies in a pocket the other way round is turned.

    Example:
        >>> group = SignedPermutations(accelerometer="acc", gyroscope="gyro")
        >>> names = [name for name, _ in group.matrices()]
        >>> len(names), names[0]
        (48, 'as it is')
    """

    def matrices(self) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """All 48, the identity first."""
        return ((describe_turn(matrix), matrix) for matrix in signed_permutations())


class Rotations(Device):
    """Turned about one of its axes in steps, for a device that is not mounted at right angles.

    Args:
        accelerometer: Name of a modality, or none.
        gyroscope: Name of a modality, or none.
        magnetometer: Name of a modality, or none.
        step: In degrees.

    Raises:
        ValueError: as `Device`, or if the step is not from 1 to 180.

    Example:
        >>> [name for name, _ in Rotations("acc", step=120).matrices()][:3]
        ['as it is', 'turned by 120 degrees about x', 'turned by 240 degrees about x']
    """

    def __init__(
        self,
        accelerometer: str | None = None,
        gyroscope: str | None = None,
        magnetometer: str | None = None,
        step: float = 30.0,
    ) -> None:
        super().__init__(accelerometer, gyroscope, magnetometer)
        check_within("[1, 180]", step=step)
        self.step = step

    def matrices(self) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """The identity, and turns about x, y and z."""
        yield AS_IT_IS, np.eye(3)
        for axis in range(3):
            for count in range(1, math.ceil(360 / self.step)):
                angle = count * self.step
                yield f"turned by {angle:g} degrees about {'xyz'[axis]}", _rotation(axis, math.radians(angle))


def turning_law(matrix: NDArray[np.float64], sensor: str) -> NDArray[np.float64]:
    """What becomes of a sensor's signal where the axes are mapped by an orthogonal matrix.

    Args:
        matrix: R, `(3, 3)`.
        sensor: Accelerometer, gyroscope or magnetometer.

    Example:
        >>> mirror = np.diag([-1.0, 1.0, 1.0])
        >>> np.diag(turning_law(mirror, "accelerometer")).tolist(), np.diag(turning_law(mirror, "gyroscope")).tolist()
        ([-1.0, 1.0, 1.0], [1.0, -1.0, -1.0])
    """
    sign = 1.0 if sensor == "accelerometer" else round(float(np.linalg.det(matrix)))
    return sign * matrix + 0.0  # Not -0.


def _rotation(axis: int, angle: float) -> NDArray[np.float64]:
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = math.cos(angle)
    matrix[first, second], matrix[second, first] = -math.sin(angle), math.sin(angle)
    return matrix


def _preprocessing(seen: Unlabelled, modality: str) -> Preprocessing:
    if modality not in seen.preprocessing:
        known = ", ".join(map(repr, seen.preprocessing))
        raise DataError(f"a device's signal must be a modality, {known}, but got {modality!r}.")
    preprocessing = seen.preprocessing[modality]
    channels = len(moments(preprocessing)[0])
    if preprocessing.kind not in {"signal", "sequence"} or channels != 3:
        raise DataError(
            f"{modality}: axes can be turned of a signal of 3 channels, but it is {preprocessing.kind} of {channels}."
        )
    return preprocessing
