"""Real files for the tests of data: sound, pictures, arrays, archives, and a table of them."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image

HEADER = "id,domain,split,label,image,signal,speech"
CLASSES = ("nod", "shake", "wave")

ENDINGS = ".flac, .jpeg, .jpg, .mp3, .npy, .ogg, .png, .tif, .tiff, .txt, .wav, .webp"
"""What errors say of the files that can be read."""

UNREADABLE = Path("/proc/self/mem")
"""A file whose first bytes the system refuses to read, even to root."""


def write_text(path: Path, *lines: str) -> Path:
    """A text file of these lines."""
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def write_sound(path: Path, values: NDArray[Any], sampling_rate: int = 8000) -> Path:
    """A .wav or .flac of 16 bits."""
    soundfile.write(path, values, sampling_rate, subtype="PCM_16")
    return path


def write_image(path: Path, pixels: NDArray[np.uint8]) -> Path:
    """A .png or .jpg."""
    Image.fromarray(pixels).save(path)
    return path


def write_zip(path: Path, members: Mapping[str, bytes]) -> Path:
    """A .zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def write_multimodal_table(folder: Path, rows: int = 24, domains: Sequence[str] = ("lab", "street")) -> Path:
    """A table of pictures, signals and speech, in a .csv; every fifth row has no picture, every seventh no speech."""
    generator = np.random.default_rng(0)
    np.savez(folder / "signals.npz", watch=generator.normal(size=(rows, 50, 3)).astype(np.float32))
    lines = [HEADER]
    for row in range(rows):
        image, speech = ("" if row % 5 == 4 else f"{row}.png"), ("" if row % 7 == 6 else f"{row}.wav")
        write_image(folder / f"{row}.png", generator.integers(0, 256, (6, 8, 3), dtype=np.uint8))
        write_sound(folder / f"{row}.wav", generator.uniform(-0.5, 0.5, 300 + row))
        domain, split, label = domains[row % len(domains)], "test" if row % 8 > 5 else "train", CLASSES[row // 2 % 3]
        lines.append(f"row{row},{domain},{split},{label},{image},signals.npz:watch[{row}],{speech}")
    return write_text(folder / "table.csv", *lines)
