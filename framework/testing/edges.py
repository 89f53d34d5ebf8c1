"""The edges of what parts meet: scenes with few rows, few classes, few modalities, and norms that vanish."""

import attrs
import torch

from .layouts import DIGIT, SCORE, VERB
from .row_changes import SCATTERED, drop, one_class, vanishing, without_labels
from .scene import Scene, make_scene


def make_edges(modalities: int = 3, dtype: torch.dtype = torch.float64) -> dict[str, Scene]:
    """Scenes in which every part must give finite values, by name.

    Args:
        modalities: how many a scene has that says nothing else, at least two.
        dtype: of the features, but for the last scene.

    Example:
        >>> make_edges()["batches of one"].step().target.batch.ids
        ('target0',)
    """
    whole = make_scene(modalities, dtype=dtype)
    some, last = SCATTERED.repeat(1, modalities)[:, :modalities], [False] * (modalities - 1) + [True]
    edges = {
        "one modality": make_scene(1, dtype=dtype),
        "two modalities": make_scene(2, dtype=dtype),
        "three modalities": make_scene(3, dtype=dtype),
        "four modalities": make_scene(4, dtype=dtype),
        "batches of one": make_scene(modalities, source=1, target=1, dtype=dtype),
        "batches of two": make_scene(modalities, source=2, target=2, dtype=dtype),
        "one class": whole.change(one_class),
        "no labels": whole.change(without_labels),
        "no labels of two tasks": make_scene(modalities, tasks=(DIGIT, SCORE), dtype=dtype).change(without_labels),
        "two tasks": make_scene(modalities, tasks=(DIGIT, VERB), dtype=dtype),
        "regression": make_scene(modalities, tasks=(SCORE,), dtype=dtype),
        "scattered absence": whole.change(drop(some)),
        "a modality absent everywhere": whole.change(drop(torch.tensor([[True, False, True, True][:modalities]]))),
        "one modality present": whole.change(drop(torch.tensor([last]))),
        "vanishing features": whole.change(vanishing),
        "no target": make_scene(modalities, target=None, dtype=dtype),
        "no source": make_scene(modalities, source=None, dtype=dtype),
        "float32": make_scene(modalities, dtype=torch.float32),
    }
    return {name: attrs.evolve(scene, name=name) for name, scene in edges.items()}
