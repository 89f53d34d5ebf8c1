"""Which of a recipe's classes are the user's own code: with other code, a run is another run."""

import inspect
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from ..errors import RecipeError
from ..files.hashes import file_sha256
from .class_paths import import_class
from .recipe import Recipe


def user_sources(recipe: Recipe) -> dict[str, str]:
    """SHA-256 of the files that hold the user's own classes of a recipe, and what these inherit from, by module.

    Own is what belongs neither to acclimate nor to what is installed, which the versions in environment.json tell of.

    Args:
        recipe: whose classes are imported.
    """
    found: dict[str, str] = {}
    for key, spec in recipe.class_specs():
        try:
            named = import_class(spec, f"{recipe.name}: {key}")
        except RecipeError:
            # Whoever builds the recipe says so.
            continue
        for owner in named.__mro__:
            file = _own_file(owner)
            if file is not None:
                found[owner.__module__] = file_sha256(file)
    return dict(sorted(found.items()))


def _own_file(owner: type) -> Path | None:
    if owner.__module__.startswith("acclimate."):
        return None
    try:
        file = Path(inspect.getfile(owner)).resolve()
    except (OSError, TypeError):
        # Built in, or typed into an interpreter.
        return None
    return file if file.is_file() and not any(map(file.is_relative_to, _installed())) else None


def _installed() -> Iterator[Path]:
    """Folders of what is installed: an environment may see the packages of others beside its own."""
    yield from (Path(sysconfig.get_path(kind)).resolve() for kind in ("purelib", "platlib", "stdlib"))
    yield from (Path(entry).resolve() for entry in sys.path if Path(entry).name in {"site-packages", "dist-packages"})
