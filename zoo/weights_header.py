"""The tensors of a checkpoint by name and shape, as the head of model.safetensors lists them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open

from ..framework.data.schema import Schema
from ..framework.errors import ZooError


def read_shapes(weights: Path) -> dict[str, tuple[int, ...]]:
    """Shapes of the tensors by name; no tensor is read.

    Raises:
        ZooError: if the file holds no tensors.
    """
    try:
        with safe_open(weights, framework="numpy") as tensors:
            return {name: tuple(tensors.get_slice(name).get_shape()) for name in sorted(tensors.keys())}
    except (SafetensorError, OSError) as error:
        raise ZooError(f"{weights} holds no tensors: {' '.join(str(error).split())[:200]}") from error


def check_shapes(shapes: Mapping[str, tuple[int, ...]], schema: Schema, name: str) -> None:
    """Compare names and shapes with what any model for these modalities and tasks has; the rest needs torch.

    Args:
        shapes: of the tensors, by name.
        schema: modalities and tasks.
        name: what errors call the weights.

    Raises:
        ZooError: naming the first tensor that is missing, or cannot belong to such a model.

    Example:
        >>> from acclimate.framework import Schema, Task
        >>> from acclimate.framework.data.preprocessing import FeaturesPreprocessing
        >>> schema = Schema({"face": FeaturesPreprocessing(mean=[0.0], std=[1.0])}, (Task("mood", ("bad", "good")),))
        >>> check_shapes({"heads.mood.face.weight": (3, 8)}, schema, "model.safetensors")
        Traceback (most recent call last):
        acclimate.framework.errors.ZooError: model.safetensors: heads.mood.face.weight must have 2 rows, but has (3, 8).
    """
    for found, shape in shapes.items():
        part, _, rest = found.partition(".")
        if part not in {"encoders", "fusion", "heads", "projections"}:
            raise ZooError(f"{name}: no model of acclimate has a tensor {found[:99]!r}.")
        if part == "encoders" and rest.partition(".")[0] not in schema.modalities:
            raise ZooError(f"{name}: {found[:99]!r} is of none of the modalities {', '.join(schema.modalities)}.")
        if not all(shape):
            raise ZooError(f"{name}: {found[:99]!r} is empty: it has the shape {shape}.")
    for head, rows in _heads(schema):
        if head not in shapes:
            raise ZooError(f"{name}: {head} is missing.")
        if len(shapes[head]) != 2 or shapes[head][0] != rows:
            raise ZooError(f"{name}: {head} must have {rows} rows, but has {shapes[head]}.")


def _heads(schema: Schema) -> Iterator[tuple[str, int]]:
    for task in schema.tasks:
        for modality in schema.modalities:
            yield f"heads.{task.name}.{modality}.weight", task.outputs
