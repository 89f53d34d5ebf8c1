"""Portfolios are read strictly, and source-only is always among the candidates."""

from pathlib import Path

import pytest
from acclimate.framework.choosing import read_portfolio
from acclimate.framework.choosing.portfolio import parse_portfolio
from acclimate.framework.errors import RecipeError


@pytest.mark.parametrize("name", ["default", "signals"])
def test_our_portfolios_are_of_recipes_that_there_are(name: str) -> None:
    portfolio = read_portfolio(name)
    recipes = portfolio.read_recipes({"training.batch_size": 48, "coral:training.gradient_clip": 1.0})
    assert tuple(recipes) == portfolio.names
    assert len(recipes) >= 4
    assert {recipe.training.batch_size for recipe in recipes.values()} == {48}
    clips = {name: recipe.training.gradient_clip for name, recipe in recipes.items()}
    assert clips.pop("coral") == pytest.approx(1.0)
    assert 1.0 not in clips.values()


def test_source_only_comes_first_whether_it_is_named_or_not() -> None:
    for names in (["coral", "source-only"], ["coral"]):
        recipes = parse_portfolio({"schema": 1, "candidates": names}, "mine").read_recipes()
        assert tuple(recipes) == ("source-only", "coral")


def test_a_candidate_may_have_settings_and_a_name() -> None:
    slow = {"recipe": "rna-uda", "name": "slow", "settings": {"training.optimizer.init_args.lr": 0.0001}}
    recipes = parse_portfolio({"schema": 1, "candidates": ["rna-uda", slow]}, "mine").read_recipes()
    assert tuple(recipes) == ("source-only", "rna-uda", "slow")
    assert recipes["slow"].training.optimizer.init_args["lr"] == pytest.approx(1e-4)
    assert recipes["slow"].name == "slow"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "mine: a portfolio must be a mapping with schema: 1"),
        ({"schema": 2, "candidates": []}, "mine: a portfolio must be a mapping with schema: 1"),
        ({"schema": 1}, "mine: the key 'candidates' is missing"),
        ({"schema": 1, "candidates": [3]}, "mine: candidates.0 must be a mapping of keys, but got 3"),
        ({"schema": 1, "candidates": [], "rung": []}, "mine: unknown key 'rung'"),
        ({"schema": 1, "candidates": [], "maps": "some"}, "maps"),
        ({"schema": 1, "candidates": [], "rungs": [{"share": 1.5, "keep": 0.5}]}, "share"),
        (
            {"schema": 1, "candidates": [], "rungs": [{"share": 0.5, "keep": 1.0}, {"share": 0.2, "keep": 1.0}]},
            "rungs must pause later and later, but their shares are",
        ),
    ],
)
def test_errors_name_the_key(data: object, message: str) -> None:
    with pytest.raises(RecipeError, match="mine") as error:
        parse_portfolio(data, "mine")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("names", "settings", "message"),
    [
        (["coral", "coral"], {}, "every candidate must have a name of its own"),
        (["coral", {"recipe": "mmd", "name": "mmd+maps"}], {}, "does not end in +maps, but got 'mmd+maps'"),
        (["corral"], {}, "coral"),
        (["coral"], {"mmd:training.batch_size": 3}, "settings must be for one of source-only, coral, but got"),
    ],
)
def test_recipes_that_cannot_be_had_are_refused(names: list[object], settings: dict[str, object], message: str) -> None:
    with pytest.raises(RecipeError) as error:
        parse_portfolio({"schema": 1, "candidates": names}, "mine").read_recipes(settings)
    assert message in str(error.value)


def test_files_that_are_no_portfolio_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    with pytest.raises(RecipeError, match=r"mine\.yaml"):
        read_portfolio(path)
    path.write_text("candidates: [")
    with pytest.raises(RecipeError, match=r"mine\.yaml"):
        read_portfolio(path)
    with pytest.raises(RecipeError, match=r"one of default, .*, or the path of a YAML file, but got 'other'"):
        read_portfolio("other")
