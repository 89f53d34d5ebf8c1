"""Files that cannot be used, one of each kind, and a table of good ones to put them into."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import soundfile
from PIL import Image

from .data_files import CLASSES, write_image, write_sound, write_text, write_zip

DOMAINS: Final = ("lab", "street")
ROWS: Final = 24


def write_good_table(folder: Path, cells: Mapping[int, tuple[str, str]] | None = None) -> Path:
    """A table of speech, images and vectors; some rows' cells may be replaced: position -> (modality, cell)."""
    generator = np.random.default_rng(0)
    lines = ["id,domain,split,label,image,speech,vector"]
    for row in range(ROWS):
        write_image(folder / f"{row}.png", generator.integers(0, 256, (6, 8, 3), dtype=np.uint8))
        write_sound(folder / f"{row}.wav", generator.uniform(-0.5, 0.5, 300))
        np.save(folder / f"{row}.npy", generator.normal(size=4).astype(np.float32))
        there = {"image": f"{row}.png", "speech": f"{row}.wav", "vector": f"{row}.npy"}
        there.update([cells[row]] if cells and row in cells else [])
        place = f"row{row},{DOMAINS[row % 2]},{'test' if row > 17 else 'train'},{CLASSES[row // 2 % 3]}"
        lines.append(",".join([place, *there.values()]))
    return write_text(folder / "table.csv", *lines)


def _truncated_sound(folder: Path) -> tuple[str, str]:
    path = write_sound(folder / "truncated.wav", np.zeros(300))
    path.write_bytes(path.read_bytes()[:200])
    return "speech", "truncated.wav"


def _no_sound(folder: Path) -> tuple[str, str]:
    return "speech", write_sound(folder / "empty.wav", np.zeros(0)).name


def _not_a_number_in_sound(folder: Path) -> tuple[str, str]:
    soundfile.write(folder / "nan.wav", np.array([0.0, np.nan], dtype=np.float32), 8000, subtype="FLOAT")
    return "speech", "nan.wav"


def _other_rate(folder: Path) -> tuple[str, str]:
    return "speech", write_sound(folder / "fast.wav", np.zeros(300), 16000).name


def _member_that_is_missing(folder: Path) -> tuple[str, str]:
    write_zip(folder / "sounds.zip", {"a.wav": b""})
    return "speech", "sounds.zip!b.wav"


def _cmyk(folder: Path) -> tuple[str, str]:
    Image.new("CMYK", (8, 6)).save(folder / "cmyk.jpg")
    return "image", "cmyk.jpg"


def _sixteen_bits(folder: Path) -> tuple[str, str]:
    Image.fromarray(np.zeros((6, 8), dtype=np.uint16)).save(folder / "deep.png")
    return "image", "deep.png"


def _half_a_picture(folder: Path) -> tuple[str, str]:
    path = write_image(folder / "half.jpg", np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    path.write_bytes(path.read_bytes()[:-500])
    return "image", "half.jpg"


def _grey_among_colours(folder: Path) -> tuple[str, str]:
    return "image", write_image(folder / "grey.png", np.zeros((6, 8), np.uint8)).name


def _not_a_number(folder: Path) -> tuple[str, str]:
    np.save(folder / "nan.npy", np.array([0.0, np.nan, 1.0, 2.0]))
    return "vector", "nan.npy"


def _infinity(folder: Path) -> tuple[str, str]:
    np.save(folder / "inf.npy", np.array([0.0, np.inf, 1.0, 2.0]))
    return "vector", "inf.npy"


def _other_length(folder: Path) -> tuple[str, str]:
    np.save(folder / "long.npy", np.zeros(5))
    return "vector", "long.npy"


def _other_axes(folder: Path) -> tuple[str, str]:
    np.save(folder / "axes.npy", np.zeros((4, 1, 2)))
    return "vector", "axes.npy"


def _objects(folder: Path) -> tuple[str, str]:
    np.save(folder / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    return "vector", "objects.npy"


def _no_file(folder: Path) -> tuple[str, str]:
    return "vector", (folder / "gone.npy").name


BAD_FILES: Final[Mapping[str, tuple[Callable[[Path], tuple[str, str]], str]]] = MappingProxyType(
    {
        "truncated sound": (_truncated_sound, "the file is truncated"),
        "no sound": (_no_sound, "expected at least one value"),
        "NaN in sound": (_not_a_number_in_sound, "expected finite numbers, but found nan"),
        "other rate": (_other_rate, "16000"),
        "member that is missing": (_member_that_is_missing, "'b.wav'"),
        "CMYK": (_cmyk, "CMYK"),
        "16 bits": (_sixteen_bits, "16 bits"),
        "half a picture": (_half_a_picture, "none or damaged"),
        "grey among colours": (_grey_among_colours, "3 channels"),
        "NaN": (_not_a_number, "expected finite numbers, but found nan"),
        "infinity": (_infinity, "expected finite numbers, but found inf"),
        "other length": (_other_length, "length 4"),
        "other axes": (_other_axes, "(4, 1, 2)"),
        "objects": (_objects, "object"),
        "no file": (_no_file, "found none at"),
    }
)
"""By kind: what writes it and returns its modality and cell, and words that its error has."""
