"""Which signals belong to one device, by the names of their columns."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from ..data.preprocessing import Preprocessing
from ..errors import AcclimateError
from ..files.shown_value import shown
from .orientations import SignedPermutations
from .prepared import moments

_SENSORS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("acc", "accel", "accelerometer", "acceleration", "accelerometers"), "accelerometer"),
    **dict.fromkeys(("gyr", "gyro", "gyroscope", "gyroscopes"), "gyroscope"),
    **dict.fromkeys(("mag", "magn", "magnetometer", "magnetometers"), "magnetometer"),
}


def find_devices(preprocessing: Mapping[str, Preprocessing]) -> tuple[list[SignedPermutations], list[str]]:
    """Devices whose signals of three channels are named for their sensors, such as `watch_acc` and `watch_gyro`.

    What is left of a name beside the sensor's is the device's. Two signals of the same sensor and device, which no
    device has, are not put together.

    Args:
        preprocessing: By modality.

    Returns:
        The groups, and what was inferred, a line each.

    Example:
        >>> from acclimate.framework.data.preprocessing import SignalPreprocessing
        >>> signal = SignalPreprocessing(length=100, mean=[0.0] * 3, std=[1.0] * 3)
        >>> groups, said = find_devices(dict.fromkeys(["phone_acc", "phone_gyro", "watch_acc"], signal))
        >>> [group.modalities for group in groups]
        [('phone_acc', 'phone_gyro'), ('watch_acc',)]
        >>> said[0]
        "device 'phone', by the columns' names: accelerometer 'phone_acc', gyroscope 'phone_gyro'"
    """
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name, part in preprocessing.items():
        sensor, device = _split(name)
        if sensor and part.kind in {"signal", "sequence"} and len(moments(part)[0]) == 3:
            found[device][sensor].append(name)
    groups, said = [], []
    for device, sensors in found.items():
        called = f"device {device!r}" if device else "one device"
        double = next((names for names in sensors.values() if len(names) > 1), None)
        if double:
            said.append(f"{called} would have two signals of a sensor, {' and '.join(map(repr, double))}: left alone")
            continue
        groups.append(SignedPermutations(**{sensor: names[0] for sensor, names in sensors.items()}))
        members = ", ".join(f"{sensor} {names[0]!r}" for sensor, names in sorted(sensors.items()))
        said.append(f"{called}, by the columns' names: {members}")
    return groups, said


def read_devices(texts: Sequence[str]) -> tuple[SignedPermutations, ...]:
    """Devices as a user writes them.

    Args:
        texts: One for each device: its sensors with the modalities that they measure.

    Raises:
        AcclimateError: if one is not of this form.

    Example:
        >>> [device.modalities for device in read_devices(["accelerometer=wrist,gyroscope=spin"])]
        [('spin', 'wrist')]
    """
    devices = []
    for text in texts:
        pairs = [part.partition("=") for part in text.split(",")]
        known = {*_SENSORS.values()}
        if any(sensor not in known or not name for sensor, _, name in pairs) or len(dict.fromkeys(pairs)) < len(pairs):
            raise AcclimateError(
                f"a device is written as SENSOR=MODALITY,... with sensors {', '.join(sorted(known))}, "
                f"but got {shown(text)}"
            )
        try:
            devices.append(SignedPermutations(**{sensor: name for sensor, _, name in pairs}))
        except ValueError as error:
            raise AcclimateError(f"{shown(text)}: {error}") from error
    return tuple(devices)


def _split(name: str) -> tuple[str, str]:
    """The sensor, if the name says one, and what else the name says."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)
    sensors = [word for word in words if word.lower() in _SENSORS]
    if len(sensors) != 1:
        return "", ""
    return _SENSORS[sensors[0].lower()], " ".join(word for word in words if word != sensors[0])
