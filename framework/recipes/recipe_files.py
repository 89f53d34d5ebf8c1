"""Recipe files: ours by name, a user's by path, and those that extend others."""

import json
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

from ..errors import RecipeError
from ..files.bounded_file import read_bounded_text
from ..files.shown_value import shown
from ..files.strict_yaml import MAX_BYTES, MAX_DEPTH, parse_yaml
from ..files.suggestion import suggestion
from .recipe import Recipe, parse_recipe

MAX_EXTENDED: Final = 16
"""Recipes that extend each other, at most."""


def read_recipe(name_or_path: str | Path, overrides: Mapping[str, object] | None = None) -> Recipe:
    """Read a recipe file, or one of ours by name.

    Args:
        name_or_path: path of a YAML file, or the name of a file of `acclimate/adapters/recipes`.
        overrides: values by dotted key, such as `{"training.batch_size": 64}`; None takes a key away, as null does in
            a recipe that extends another.

    Raises:
        RecipeError: if the file cannot be read, or a key or value is wrong; the message names it.

    Example:
        >>> read_recipe("source-only", {"training.batch_size": 64}).training.batch_size
        64
    """
    data = _load(str(name_or_path), ())
    for key, value in (overrides or {}).items():
        _override(data, key, value)
    return parse_recipe(data, str(name_or_path))


def override_recipe(recipe: Recipe, overrides: Mapping[str, object]) -> Recipe:
    """A recipe with other values.

    Args:
        recipe: as it was read.
        overrides: values by dotted key, as in `read_recipe`.

    Raises:
        RecipeError: if a key or value is wrong; the message names it.
    """
    data = json.loads(json.dumps(recipe.to_config()))
    for key, value in overrides.items():
        _override(data, key, value)
    return parse_recipe(data, recipe.name)


def recipe_names() -> list[str]:
    """Names of the recipes that come with acclimate."""
    return sorted(entry.name.removesuffix(".yaml") for entry in _ours().iterdir() if entry.name.endswith(".yaml"))


def _ours() -> Traversable:
    return resources.files("acclimate.adapters") / "recipes"


def _load(name: str, children: tuple[str, ...]) -> dict[str, Any]:
    """Read a recipe and those that it extends; `children` are the recipes that extend this one."""
    if name in children:
        raise RecipeError(f"{children[0]}: a recipe cannot extend itself, but {' extends '.join((*children, name))}")
    if len(children) > MAX_EXTENDED:
        raise RecipeError(f"{children[0]}: at most {MAX_EXTENDED} recipes may extend each other, but found more")
    data = _read_yaml(name)
    parent = data.pop("extends", None)
    if parent is None:
        return data
    if not isinstance(parent, str):
        raise RecipeError(f"{name}: extends must be the name or path of a recipe, but got {shown(parent)}")
    beside = Path(name).parent / parent
    found = str(beside) if _is_path(name) and _is_path(parent) else parent
    return _merge(_load(found, (*children, name)), data)


def _is_path(name: str) -> bool:
    return Path(name).suffix in {".yaml", ".yml"}


def _read_yaml(name: str) -> dict[str, Any]:
    if _is_path(name):
        text = read_bounded_text(name, MAX_BYTES, error=RecipeError)
    elif name in recipe_names():
        text = (_ours() / f"{name}.yaml").read_text(encoding="utf-8")
    else:
        known = recipe_names()
        raise RecipeError(f"no recipe is called {shown(name)}{suggestion(name, [*known, 'or give a .yaml file'])}")
    try:
        data = parse_yaml(text)
    except ValueError as error:
        raise RecipeError(f"{name}: {error}") from error
    if not isinstance(data, dict):
        raise RecipeError(f"{name}: a recipe must be a mapping of keys, but got {type(data).__name__}")
    return data


def _merge(base: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Lay changes over a recipe, key by key; null takes a key away, a class or list is replaced whole."""
    merged = dict(base)
    for key, value in changes.items():
        before = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(before, dict) and "class_path" not in value:
            merged[key] = _merge(before, value)
        else:
            merged[key] = value
    return merged


def _override(data: dict[str, Any], key: str, value: object) -> None:
    names = key.split(".")
    if not all(names) or len(names) > MAX_DEPTH:
        raise RecipeError(f"a key must be up to {MAX_DEPTH} names with dots between them, but got {shown(key)}")
    *parents, last = names
    node: Any = data
    for parent in parents:
        if isinstance(node, list) and (index := _index(parent)) < len(node):
            node = node[index]
        elif isinstance(node, dict):
            node = node.setdefault(parent, {})
        else:
            raise _no_key(key, parent)
    if not isinstance(node, dict):
        raise _no_key(key, last)
    if value is None:
        node.pop(last, None)
    else:
        node[last] = value


def _index(text: str) -> int:
    """Of a list's item; beyond all lists where the text is none: to Python, digits are many things."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 10**9


def _no_key(key: str, name: str) -> RecipeError:
    return RecipeError(f"no key {shown(key)} in the recipe: nothing there is called {shown(name)}")
