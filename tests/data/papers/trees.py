"""Made-up trees of the papers' data sets, each in exactly the layout in which it is distributed."""

from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

SAMPLING_RATE = 16000


def write_text(path: Path, *lines: str) -> Path:
    """A text file of these lines, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def write_sound(path: Path, seed: int = 0, length: int = 160) -> Path:
    """A short .wav of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.random.default_rng(seed).uniform(-0.5, 0.5, length), SAMPLING_RATE, subtype="PCM_16")
    return path


def write_picture(path: Path, seed: int = 0) -> Path:
    """A picture in RGB."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(path)
    return path


def write_array(path: Path, *shape: int) -> Path:
    """An .npy of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, np.random.default_rng(0).normal(size=shape).astype(np.float32))
    return path
