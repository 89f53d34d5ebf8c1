"""A small encoder with a frozen trunk, for rows of different lengths, and a table for it."""

import csv
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from acclimate.framework import EncoderInput, Recipe
from acclimate.framework.encoders.masking import clear_padding, mean_over_steps, row_lengths
from acclimate.framework.encoders.trunk_encoder import TrunkEncoder
from torch import Tensor, nn

from .small import CLASSES, make_recipe


class Tally:
    """Counts rows, and is no part of what tells one trunk from another."""

    __slots__ = ("rows",)

    def __init__(self) -> None:
        self.rows = 0


class ToyTrunk(TrunkEncoder):
    """Mixes each step with the mean of its row, and makes half as many steps; the top takes the mean.

    Args:
        in_features: of a step.
        steps: not used; a sequence's preprocessing gives it.
        out_features: length of the feature vectors.
        dropout: of the top.
        stretch: a number that no weight shows.
        freeze: whether the trunk is frozen.
    """

    time_axis = 1

    def __init__(
        self,
        in_features: int,
        steps: int = 0,
        out_features: int = 5,
        *,
        dropout: float = 0.3,
        stretch: float = 1.0,
        freeze: bool = True,
    ) -> None:
        super().__init__()
        self.out_features, self.stretch, self.freeze = out_features, stretch, freeze
        self.lower = nn.Sequential(nn.Linear(2 * in_features, 6), nn.Tanh(), nn.Dropout(0.5), nn.Linear(6, 6))
        self.upper = nn.Sequential(nn.Dropout(dropout), nn.Linear(6, 8), nn.ReLU())
        self.last = nn.Linear(8, out_features)
        self.computed = Tally()
        if freeze:
            self.lower.requires_grad_(requires_grad=False).eval()

    @property
    def frozen(self) -> nn.Module | None:
        """The lower half."""
        return self.lower if self.freeze else None

    def train(self, mode: bool = True) -> Self:  # noqa: FBT001, FBT002 - torch's signature
        """Set the mode of the upper half."""
        super().train(mode)
        if self.freeze:
            self.lower.eval()
        return self

    def steps(self, lengths: Tensor) -> Tensor:
        """Half as many, and at least one."""
        return (lengths + 1) // 2

    def trunk(self, values: Tensor, lengths: Tensor | None) -> Tensor:
        """Activations; rows are counted."""
        self.computed.rows += len(values)
        own = row_lengths(EncoderInput(values, lengths))
        clear = clear_padding(values, own)
        mean = mean_over_steps(clear, own).unsqueeze(1).expand_as(clear)
        activations: Tensor = self.stretch * self.lower(torch.cat([clear, mean], dim=2))[:, ::2]
        return activations

    def top(self, activations: EncoderInput) -> Tensor:
        """Features."""
        features: Tensor = self.last(mean_over_steps(self.upper(activations.values), row_lengths(activations)))
        return features


SOURCE, VALIDATION, TARGET = 14, 6, 9


def write_sequences(folder: Path) -> Path:
    """A table of one modality of 3 features, of 1 to 7 steps, beside one of plain vectors; some cells are empty."""
    generator = np.random.default_rng(3)
    rows: list[dict[str, Any]] = []
    for domain, split, count in (
        ("here", "train", SOURCE),
        ("here", "validation", VALIDATION),
        ("there", "train", TARGET),
    ):
        for number in range(count):
            name = f"{domain}-{split}-{number}"
            label = number % len(CLASSES)
            np.save(folder / f"{name}-w.npy", generator.normal(label, 1.0, (1 + number % 7, 3)).astype(np.float32))
            np.save(folder / f"{name}-v.npy", generator.normal(label, 1.0, 4).astype(np.float32))
            cells = {"words": "" if number % 5 == 4 else f"{name}-w.npy", "video": f"{name}-v.npy"}
            rows.append({"id": name, "domain": domain, "split": split, **cells, "label": CLASSES[label]})
    path = folder / "table.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def trunk_recipe(**changes: object) -> Recipe:
    """A small recipe with such an encoder."""
    trunk = {"class_path": "loop.trunks.ToyTrunk", "init_args": {}}
    fields: dict[str, object] = {
        "model__encoders": {"words": trunk},
        "data": {"preprocessing": {"words": {"kind": "sequence"}}},
        "stages": [{"name": "only", "epochs": 3}],
    }
    return make_recipe(**{**fields, **changes})
