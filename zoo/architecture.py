"""The model that a checkpoint's configuration describes, before it gets the checkpoint's weights."""

from collections.abc import Collection

from ..framework.builder import Builder
from ..framework.errors import RecipeError, ZooError
from ..framework.experiment import without_files
from ..framework.model import MultimodalModel
from .config import CheckpointConfig


def build_model(config: CheckpointConfig, name: str, *, trusted: Collection[str], seed: int = 0) -> MultimodalModel:
    """Make a model with fresh weights, without the files that its training began from.

    Args:
        config: of a checkpoint.
        name: what errors call it.
        trusted: prefixes, one of which every class that it names must have.
        seed: of the weights; torch's own generator is left as it was.

    Raises:
        ZooError: if it describes no model.
    """
    try:
        recipe = without_files(config.recipe, config.schema, config.encoders)
        return Builder(recipe, trusted=trusted).build(config.schema, config.samples, seed).model
    except (RecipeError, KeyError) as error:
        raise ZooError(f"{name} describes no model: {' '.join(str(error).split())[:500]}") from error
