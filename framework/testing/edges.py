"""The edges of what parts meet: scenes with few rows, few classes, few modalities, and norms that vanish."""

from collections.abc import Mapping
from typing import Final

import torch

from .layouts import DIGIT, SCORE, VERB
from .row_changes import SCATTERED, drop, one_class, vanishing, without_labels
from .scene import Scene, make_scene

EDGES: Final[Mapping[str, Scene]] = {
    "one modality": make_scene(1),
    "two modalities": make_scene(2),
    "three modalities": make_scene(3),
    "four modalities": make_scene(4),
    "batches of one": make_scene(source=1, target=1),
    "batches of two": make_scene(source=2, target=2),
    "one class": make_scene().change(one_class),
    "no labels": make_scene(tasks=(DIGIT, SCORE)).change(without_labels),
    "two tasks": make_scene(tasks=(DIGIT, VERB)),
    "regression": make_scene(tasks=(SCORE,)),
    "scattered absence": make_scene().change(drop(SCATTERED)),
    "a modality absent everywhere": make_scene().change(drop(torch.tensor([[True, False, True]]))),
    "one modality present": make_scene().change(drop(torch.tensor([[False, False, True]]))),
    "vanishing features": make_scene().change(vanishing),
    "no target": make_scene(target=None),
    "no source": make_scene(source=None),
    "float32": make_scene(dtype=torch.float32),
}
"""Scenes in which every part must give finite values, by name."""
