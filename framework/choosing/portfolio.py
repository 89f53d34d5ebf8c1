"""A portfolio: the candidates that a choice is made among, and how long each may train."""

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal

import attrs
from attrs.validators import ge, gt, in_, le, lt

from ..errors import RecipeError
from ..files.bounded_file import read_bounded_text
from ..files.strict_yaml import MAX_BYTES, parse_yaml
from ..recipes.parsing import parse_attrs
from ..recipes.recipe import Recipe
from ..recipes.recipe_files import override_recipe, read_recipe

SOURCE_ONLY: Final = "source-only"
"""The recipe that a choice stays with unless another is surely better."""

STUDENT: Final = "student"
"""The recipe of a student, which is taught what the candidates say together."""

MAPPED: Final = "+maps"
"""What the name of a candidate ends in whose target is mapped before it is trained on."""


@attrs.frozen
class Member:
    """A recipe of a portfolio.

    Args:
        recipe: name of one of ours, or path of a YAML file, which is code.
        name: what tables call it; the recipe's own name where it is empty.
        settings: values of the recipe by dotted key.
    """

    recipe: str
    name: str = ""
    settings: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen
class Rung:
    """Where training pauses, and those that seem worst are left where they are (successive halving).

    Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization" (AISTATS 2016,
    https://arxiv.org/abs/1502.07943).

    Args:
        share: of each candidate's epochs after which it is judged.
        keep: share of the candidates that go on.
    """

    share: float = attrs.field(validator=[gt(0.0), lt(1.0)])
    keep: float = attrs.field(validator=[gt(0.0), le(1.0)])


@attrs.frozen
class Portfolio:
    """The candidates that a choice is made among.

    Args:
        candidates: recipes; `source-only` is always among them, and first.
        maps: whether each is also tried behind input maps that a search finds without labels: "auto" does where the
            search changes anything, "none" never.
        rungs: where training pauses; without any, all are trained to the end.
        least: candidates that go on behind a rung at least.
        student: whether a student of the consensus is trained in the end, and taken if it is surely better than the
            best candidate.

    Raises:
        RecipeError: if a name stands twice, or rungs do not rise.

    Example:
        >>> read_portfolio("default").names[:3]
        ('source-only', 'source-heads', 'coral')
    """

    candidates: tuple[Member, ...]
    maps: Literal["auto", "none"] = attrs.field(default="auto", validator=in_(("auto", "none")))
    rungs: tuple[Rung, ...] = ()
    least: int = attrs.field(default=2, validator=ge(1))
    student: bool = False

    def __attrs_post_init__(self) -> None:
        shares = [rung.share for rung in self.rungs]
        if shares != sorted(set(shares)):
            raise RecipeError(f"rungs must pause later and later, but their shares are {shares}")
        if STUDENT in self.names:
            raise RecipeError(
                f"no candidate may be called {STUDENT!r}: `student: true` teaches one what all of them say"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """Of the candidates, without those behind maps."""
        return tuple(member.name or Path(member.recipe).stem for member in self.candidates)

    def read_recipes(self, settings: Mapping[str, Any] | None = None) -> dict[str, Recipe]:
        """The candidates' recipes by name, `source-only` first.

        Args:
            settings: values by dotted key, of all candidates; by `NAME:KEY` of one alone.

        Raises:
            RecipeError: if a recipe cannot be read, a name stands twice, or a setting is for nobody.
        """
        found: dict[str, Recipe] = {}
        members = self.candidates
        if SOURCE_ONLY not in self.names:
            members = (Member(SOURCE_ONLY), *members)
        for member in members:
            recipe = read_recipe(member.recipe, member.settings)
            name = member.name or recipe.name
            if name in found or name.endswith(MAPPED):
                rule = f"have a name of its own that does not end in {MAPPED}"
                raise RecipeError(f"every candidate must {rule}, but got {name!r}")
            found[name] = attrs.evolve(recipe, name=name)
        return _override(dict(sorted(found.items(), key=lambda item: item[0] != SOURCE_ONLY)), settings or {})


def read_portfolio(name_or_path: str | Path) -> Portfolio:
    """Read a portfolio's YAML file, or one of ours by name.

    Args:
        name_or_path: path of a YAML file, or the name of a file of `acclimate/adapters/portfolios`.

    Raises:
        RecipeError: if it cannot be read, or a key or value is wrong; the message names it.
    """
    name = str(name_or_path)
    ours = resources.files("acclimate.adapters") / "portfolios"
    known = sorted(entry.name.removesuffix(".yaml") for entry in ours.iterdir() if entry.name.endswith(".yaml"))
    try:
        if name.endswith((".yaml", ".yml")):
            text = read_bounded_text(Path(name), MAX_BYTES, error=RecipeError)
        elif name in known:
            text = (ours / f"{name}.yaml").read_text(encoding="utf-8")
        else:
            rule = f"one of {', '.join(known)}, or the path of a YAML file"
            raise RecipeError(f"portfolio must be {rule}, but got {name!r}")
        data = parse_yaml(text)
    except ValueError as error:
        raise RecipeError(f"{name}: {error}") from error
    return parse_portfolio(data, name)


def parse_portfolio(data: object, name: str) -> Portfolio:
    """A portfolio from plain data.

    Args:
        data: as the YAML file holds it: a candidate may be the name of a recipe alone.
        name: what errors call it.

    Raises:
        RecipeError: if a key or value is wrong; the message names it.

    Example:
        >>> parse_portfolio({"schema": 1, "candidates": ["source-only", {"recipe": "coral"}]}, "mine").names
        ('source-only', 'coral')
    """
    if not isinstance(data, dict) or data.get("schema") != 1:
        raise RecipeError(f"{name}: a portfolio must be a mapping with schema: 1")
    content = {key: value for key, value in data.items() if key != "schema"}
    members = content.get("candidates")
    if isinstance(members, list):
        content["candidates"] = [{"recipe": each} if isinstance(each, str) else each for each in members]
    return parse_attrs(Portfolio, content, name)


def _override(recipes: dict[str, Recipe], settings: Mapping[str, Any]) -> dict[str, Recipe]:
    parted = [(*key.rpartition(":")[::2], value) for key, value in settings.items()]
    for owner, key, _ in parted:
        if owner and owner not in recipes:
            raise RecipeError(f"settings must be for one of {', '.join(recipes)}, but got '{owner}:{key}'")
    return {
        name: override_recipe(recipe, {key: value for owner, key, value in parted if owner in {"", name}})
        for name, recipe in recipes.items()
    }
