"""What a run ran on: versions, processor, git state."""

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
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
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "git": _git_state(),
    }


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
