"""What a run ran on: versions, processor, git state."""

import contextlib
import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

PACKAGES: Final = (
    "acclimate",
    "accelerate",
    "numpy",
    "onnxruntime",
    "onnxruntime-gpu",
    "timm",
    "torch",
    "torchaudio",
    "torchvision",
)


def describe_environment() -> dict[str, Any]:
    """Versions, processor, threads and git state, as plain data."""
    import torch

    return {
        **describe_machine(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "git": _git_state(),
    }


def describe_machine() -> dict[str, Any]:
    """Versions and processor, as plain data. Imports no torch."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor_name(),
        "cores": os.cpu_count(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
    }


def _processor_name() -> str:
    """Linux tells its name in a file only."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            key, _, name = line.partition(":")
            if key.strip() == "model name":
                return name.strip()
    return platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git_state() -> dict[str, Any] | None:
    """Commit and dirtiness of the repository around the current folder; None outside of one."""
    git = shutil.which("git")
    if git is None:
        return None
    try:
        commit, changes = _output(git, "rev-parse", "HEAD"), _output(git, "status", "--porcelain")
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": commit, "dirty": bool(changes)}


def _output(*command: str) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)  # noqa: S603 - both are ours
    return result.stdout.strip()
