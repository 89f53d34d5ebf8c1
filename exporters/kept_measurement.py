"""Measurements of this machine, kept in the user's cache by what they depend on."""

import contextlib
import json
import os
import platform
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from ..framework.data.array_cache import cache_folder
from ..framework.errors import AcclimateError
from ..framework.files.hashes import sha256
from ..framework.files.whole_file import write_whole

Times = Mapping[str, Mapping[int, float]]
"""Milliseconds by what was measured, then by the rows of a batch."""

_PACKAGES: Final = ("acclimate", "onnxruntime", "onnxruntime-gpu", "openvino")


def keep_times(subject: Mapping[str, object], measure: Callable[[], Times]) -> Times:
    """What was measured of a subject on this machine with these versions, or is measured now.

    A cache that cannot be read, or be written, is as good as none.

    Args:
        subject: JSON values that the times depend on, beside the machine.
        measure: takes the times.
    """
    text = json.dumps({**subject, **_describe_machine()}, sort_keys=True)
    file = cache_folder() / "times" / f"{sha256(text.encode())}.json"
    with contextlib.suppress(OSError, ValueError, TypeError, AttributeError, RecursionError):
        kept = json.loads(file.read_text(encoding="utf-8"))
        return {name: {int(rows): _positive(time) for rows, time in times.items()} for name, times in kept.items()}
    found = measure()
    with contextlib.suppress(OSError, AcclimateError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps(found) + "\n", sync=False)
    return found


def _positive(value: object) -> float:
    if not isinstance(value, float) or not 0 < value < float("inf"):
        raise TypeError(f"a time must be positive, but got {value!r}.")
    return value


def _describe_machine() -> dict[str, object]:
    """The processor with its instructions, how much of it this process may use, and versions."""
    return {
        "processor": _describe_processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "versions": {name: _find_version(name) for name in _PACKAGES},
    }


def _describe_processor() -> list[str]:
    """Virtual machines call different processors alike, so what they can do counts, too."""
    with contextlib.suppress(OSError):
        first = Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("\n\n")[0]
        told = [line for line in first.splitlines() if line.startswith(("model", "flags", "Features", "CPU part"))]
        if told:
            return told
    return [platform.machine(), platform.processor()]


def _find_version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
