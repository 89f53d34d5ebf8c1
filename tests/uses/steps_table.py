"""A small table of two sequences a sample, of different lengths, one of which may be missing."""

import csv
from pathlib import Path

import numpy as np

CLASSES = ("falls", "rests", "rises")
SIZES = {"audio": 3, "video": 2}


def write_steps(folder: Path, source: int = 21, target: int = 10) -> Path:
    """A domain with labels, with some rows for validation, and one to adapt to."""
    generator, rows = np.random.default_rng(11), []
    for domain, split, count in (("here", "train", source), ("here", "validation", 9), ("there", "train", target)):
        for number in range(count):
            row = {"id": f"{domain}-{split}-{number}", "domain": domain, "split": split}
            for column, (name, size) in enumerate(SIZES.items()):
                steps = 1 + (3 * number + 2 * column) % 7
                course = (number % 3 - 1) * np.linspace(-1, 1, steps)[:, np.newaxis] + 0.5 * (domain == "there")
                values = course + 0.2 * generator.normal(size=(steps, size))
                row[name] = "" if number % 5 == 3 and number % 2 == column else f"{row['id']}-{name}.npy"
                np.save(folder / f"{row['id']}-{name}.npy", values.astype(np.float32))
            rows.append({**row, "label": CLASSES[number % 3]})
    path = folder / "table.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
