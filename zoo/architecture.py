"""The model that a checkpoint's configuration describes, before it gets the checkpoint's weights."""

import warnings
from collections.abc import Collection
from typing import Final

import attrs

from ..framework.builder import Builder
from ..framework.errors import AcclimateError, ZooError
from ..framework.experiments.saved_method import without_files
from ..framework.model import MultimodalModel
from ..framework.recipes.class_paths import check_no_files
from ..framework.recipes.selection import Selection
from .allocation_bound import AllocationBound
from .config import CheckpointConfig

_ROOM: Final = 2**28
"""Bytes that a model may take beside its weights: parts that it shares with its method, and small models' layers."""


def build_model(
    config: CheckpointConfig, name: str, *, weights: int, trusted: Collection[str], seed: int = 0
) -> MultimodalModel:
    """Make a model with fresh weights, without the files that its training began from.

    Args:
        config: of a checkpoint.
        name: what errors call it.
        weights: bytes of the checkpoint's weights: a model that would take many times that is not made.
        trusted: prefixes, one of which every class that it names must have.
        seed: of the weights; torch's own generator is left as it was.

    Raises:
        ZooError: if it describes no model, names files that the checkpoint does not have, or wants too much memory.
    """
    # Parts that it shares with its method are made with it, and a layer's output may be larger than its weights.
    room = _ROOM + 4 * weights
    try:
        recipe = without_files(config.recipe, config.schema, config.encoders)
        # What only trains a model need not even be installed where the model is used.
        recipe = attrs.evolve(recipe, aligners={}, selector=None, balancers={}, selection=Selection())
        for key, spec in recipe.class_specs():
            check_no_files(spec, key)
        with warnings.catch_warnings(), AllocationBound(made=room, result=2 * room):
            # Odd sizes make torch warn, and right ones do not.
            warnings.simplefilter("ignore")
            return Builder(recipe, trusted=trusted).build(config.schema, config.samples, seed).model
    except MemoryError as error:
        raise ZooError(f"{name} describes a model that is too large for its weights: {error}") from error
    except Exception as error:  # Arguments that anyone may have chosen make constructors fail in any way.
        reason = str(error) if isinstance(error, AcclimateError) else repr(error)
        raise ZooError(f"{name} describes no model: {' '.join(reason.split())[:500]}") from error
