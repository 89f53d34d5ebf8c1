"""The method of a run folder, built again without the files that its encoders began from, or its selector read."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import attrs

from ..builder import Builder
from ..data import Schema
from ..errors import RunError
from ..method import Method
from ..recipes.recipe import Recipe, parse_recipe
from ..runs.checkpoint import load_weights
from ..runs.run_folder import BEST, RunFolder

if TYPE_CHECKING:
    from ..interfaces import Encoder


def load_run(path: Path, checkpoint: str = BEST) -> tuple[Method, Schema, Recipe]:
    """The method of a run, with the weights of a checkpoint.

    Args:
        path: run folder.
        checkpoint: "best" or "last".

    Raises:
        RunError: if there is no such run or checkpoint, or it does not fit its own configuration.
    """
    folder = RunFolder.open(path)
    config = folder.config()
    try:
        recipe, schema = parse_recipe(config["recipe"], f"{path}: recipe"), Schema.from_config(config["schema"])
    except KeyError as error:
        raise RunError(f"{path}: config.yaml lacks the key {error}") from error
    whole = without_files(recipe, schema, config.get("encoders", {}), config.get("selector", {}))
    method = Builder(whole).build(schema, config.get("samples", {}))
    load_weights(method, folder.load(checkpoint).under("method."), f"{path}: {checkpoint}")
    return method, schema, recipe


def read_run_recipe(path: Path) -> Recipe:
    """The recipe of a run.

    Args:
        path: run folder.

    Raises:
        RunError: if there is no run, or its configuration has none.
    """
    config = RunFolder.open(path).config()
    if "recipe" not in config:
        raise RunError(f"{path}: config.yaml lacks the key 'recipe'")
    return parse_recipe(config["recipe"], f"{path}: recipe")


def portable_parts(method: Method) -> dict[str, Any]:
    """What a run must know where it is opened without the files that its parts began from, and whom it learned from."""
    encoders = {name: cast("Encoder", encoder) for name, encoder in method.model.encoders.items()}
    found = {name: encoder.portable_arguments() for name, encoder in encoders.items()}
    selector = method.selector
    every = {
        "encoders": {name: arguments for name, arguments in found.items() if arguments},
        "selector": {} if selector is None else selector.portable_arguments(),
        "parents": [] if selector is None else selector.parents(),
    }
    return {name: known for name, known in every.items() if known}


def without_files(
    recipe: Recipe,
    schema: Schema,
    changes: Mapping[str, Mapping[str, Any]],
    selector: Mapping[str, Any] | None = None,
) -> Recipe:
    """The recipe with arguments that stand for files which are no longer needed.

    Args:
        recipe: of the run.
        schema: of its data.
        changes: arguments of encoders by modality.
        selector: arguments of the selector.
    """
    if selector and recipe.selector is not None:
        changed = attrs.evolve(recipe.selector, init_args={**recipe.selector.init_args, **selector})
        recipe = attrs.evolve(recipe, selector=changed)
    encoders = dict(recipe.model.encoders)
    for modality, arguments in changes.items():
        kind = schema.preprocessing[modality].kind
        spec = encoders.get(modality) or encoders[kind]
        encoders[modality] = attrs.evolve(spec, init_args={**spec.init_args, **arguments})
    return attrs.evolve(recipe, model=attrs.evolve(recipe.model, encoders=encoders))


def load_model_weights(method: Method, path: Path) -> None:
    """Start a method's model from the best checkpoint of a run; other parts keep their first weights."""
    load_weights(method.model, RunFolder.open(path).load(BEST).under("method.model."), str(path))
