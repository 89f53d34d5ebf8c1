"""Tensors such as encoders hand on beside features, made of a scene's features, for Fusions that read them."""

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor

from ..intermediate import Intermediate
from ..layout import RowShape
from .rows import Rows

STEPS: Final = 3
"""How many steps in time there are."""


def make_intermediate(rows: Rows, shapes: Mapping[str, RowShape]) -> dict[str, dict[str, Intermediate]]:
    """By modality and name; gradients reach the features, and what a row gets depends on nothing but the row.

    Args:
        rows: of one side.
        shapes: of each row's tensor, by name; None is the number of its steps in time.

    Example:
        >>> from acclimate.framework.testing import make_scene
        >>> make_intermediate(make_scene(2).rows["target"], {"steps": (None, 6)})["audio"]["steps"].values.shape
        torch.Size([7, 3, 6])
    """
    return {
        modality: {name: _one(values, present, shape) for name, shape in shapes.items()}
        for (modality, values), present in zip(rows.features.items(), rows.present.T, strict=True)
    }


def _one(values: Tensor, present: Tensor, shape: RowShape) -> Intermediate:
    sizes = [STEPS if size is None else size for size in shape]
    width, count = values.shape[1], torch.Size(sizes).numel()
    generator = torch.Generator().manual_seed(0)
    mixing = torch.randn(width, count, generator=generator, dtype=values.dtype)
    mixed = torch.where(present.unsqueeze(1), values, 0.0) @ mixing
    lengths = torch.where(values[:, 0] > 0, STEPS, 1).masked_fill(~present, 0) if None in shape else None
    return Intermediate(mixed.view(len(values), *sizes), lengths)
