"""A search over settings: as many trials for every recipe, chosen without target labels, all of them written down."""

from collections.abc import Mapping, Sequence
from itertools import islice
from math import prod
from pathlib import Path
from random import Random
from typing import Any, Final

import attrs

from ..errors import AcclimateError, RecipeError
from ..files.bounded_file import read_bounded_text
from ..files.shown_value import shown
from ..files.strict_yaml import MAX_BYTES, parse_yaml
from ..recipes.recipe import Recipe
from ..recipes.recipe_files import override_recipe
from ..recipes.selection import Selection
from .cell import Shift

FIRST_SEED: Final = 1000
"""Trials run on this seed plus that of the search; the reported seeds lie below."""

LARGEST: Final = 100_000
"""Settings that a search space may have at most: they are counted through."""

Space = Mapping[str, Sequence[Any]]
"""Values to try, by dotted key of the recipe."""


@attrs.frozen
class Trial:
    """A recipe with other settings.

    Args:
        number: from 0, which is the recipe as printed.
        tuned: what differs, by dotted key.
        recipe: the whole.
    """

    number: int
    tuned: Mapping[str, Any]
    recipe: Recipe


@attrs.frozen
class Search:
    """What is tried.

    Args:
        spaces: by name of the recipe; an empty one has nothing to search, and one trial.
        trials: of each recipe, the printed one among them.
        seed: of the draw, and of the trials' runs.
        shift: where trials run; what is chosen there serves all shifts. None searches on every shift for itself.
    """

    spaces: Mapping[str, Space]
    trials: int = attrs.field(default=8, validator=attrs.validators.ge(1))
    seed: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    shift: Shift | None = None

    @property
    def run_seed(self) -> int:
        """Of every trial's run: the same, so that trials differ in their settings alone, and none that is reported."""
        return FIRST_SEED + self.seed

    def draw(self, recipe: Recipe) -> list[Trial]:
        """A recipe's trials: the printed settings, then others drawn from its grid without replacement.

        They depend on the search's seed and the recipe's name and space alone: more trials begin with the same ones.

        Raises:
            RecipeError: if the recipe has no search space or too few settings, or a setting does not fit.

        Example:
            >>> from acclimate.framework import read_recipe
            >>> search = Search({"source-only": {"training.batch_size": [32, 64, 128]}}, trials=3)
            >>> sorted(trial.recipe.training.batch_size for trial in search.draw(read_recipe("source-only")))
            [32, 64, 128]
        """
        if recipe.name not in self.spaces:
            raise RecipeError(f"the search must name {recipe.name!r}, if only as '{recipe.name}: {{}}', but does not")
        space = self.spaces[recipe.name]
        printed = Trial(0, {}, recipe)
        if not space:
            return [printed]
        size = prod(map(len, space.values()))
        if size > LARGEST:
            raise RecipeError(f"search of {recipe.name}: a space has {LARGEST} settings at most, but this has {size}")
        order = Random(f"{self.seed} {recipe.name}").sample(range(size), size)  # noqa: S311 - no secret
        settings = ((tuned, override_recipe(recipe, tuned)) for tuned in (_setting(space, index) for index in order))
        others = ((tuned, other) for tuned, other in settings if other != recipe)
        trials = [Trial(number, *found) for number, found in enumerate(islice(others, self.trials - 1), start=1)]
        if len(trials) + 1 < self.trials:
            raise RecipeError(
                f"search of {recipe.name}: every recipe gets {self.trials} trials, but its space has only "
                f"{len(trials) + 1} settings, the printed one included"
            )
        return [printed, *trials]


def read_search(path: Path, trials: int, seed: int, shift: Shift | None = None) -> Search:
    """Read a YAML file: by recipe, a list of values for each dotted key.

    Raises:
        AcclimateError: if it cannot be read, or is something else.
    """
    try:
        spaces = parse_yaml(read_bounded_text(path, MAX_BYTES, error=AcclimateError))
    except ValueError as error:
        raise AcclimateError(f"{path}: {error}") from error
    if not isinstance(spaces, dict) or not all(
        isinstance(name, str) and isinstance(space, dict) for name, space in spaces.items()
    ):
        raise AcclimateError(f"{path} must map names of recipes to keys with lists of values, or to {{}}")
    for name, space in spaces.items():
        for key, values in space.items():
            if not isinstance(key, str):
                raise AcclimateError(f"{path}: {name}: keys must be those of a recipe, but one is {shown(key)}")
            if not isinstance(values, list) or not values:
                raise AcclimateError(f"{path}: {name}: {key} must be a list of values to try, but got {shown(values)}")
    return Search(spaces, trials, seed, shift)


def choose_trial(selections: Mapping[int, Mapping[str, Any]], rule: Selection) -> int:
    """The best trial, by what its selected checkpoint scores without target labels.

    As checkpoints are chosen: among the trials whose source score is within the rule's tolerance of the best, the
    highest score by the rule's Validator; where that scores the source, or there is no target, the highest source
    score. Of equally good ones, the first.

    Args:
        selections: by number of the trial, the `Record` of its selected checkpoint as plain data.
        rule: of the recipe as printed.

    Raises:
        ValueError: if there is no trial.

    Example:
        >>> agreements = {0: (0.90, 0.5), 1: (0.88, 0.7), 2: (0.60, 0.9)}
        >>> selections = {
        ...     number: {"source_accuracy": source, "target": {"modality_agreement": agreement}}
        ...     for number, (source, agreement) in agreements.items()
        ... }
        >>> choose_trial(selections, Selection("modality_agreement", tolerance=0.05))
        1
    """
    if not selections:
        raise ValueError("selections must hold at least one trial, but are empty.")
    source = {number: found["source_accuracy"] for number, found in selections.items()}
    scores = source
    if all(rule.name in found["target"] for found in selections.values()):
        floor = max(source.values()) - rule.tolerance
        scores = {number: selections[number]["target"][rule.name] for number in source if source[number] >= floor}
    return max(scores, key=lambda number: (scores[number], -number))


def _setting(space: Space, index: int) -> dict[str, Any]:
    """The index-th point of a grid, as digits of a number with mixed bases."""
    setting = {}
    for key, values in space.items():
        index, place = divmod(index, len(values))
        setting[key] = values[place]
    return setting
