"""The recipes that the docs give can be read, and name encoders with arguments that they have."""

import inspect
from importlib import import_module
from pathlib import Path

import pytest
from acclimate.framework import Encoder, read_recipe

RECIPES = sorted((Path(__file__).parents[2] / "docs" / "recipes").glob("*.yaml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_can_be_read(path: Path) -> None:
    recipe = read_recipe(path)
    assert recipe.name == path.stem
    assert recipe.model.encoders
    for spec in recipe.model.encoders.values():
        module, _, name = spec.class_path.rpartition(".")
        encoder = getattr(import_module(module), name)
        assert issubclass(encoder, Encoder)
        assert set(spec.init_args) <= set(inspect.signature(encoder).parameters)
