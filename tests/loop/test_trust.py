"""What a recipe from strangers may name: parts of a method, whatever it is written like."""

import re

import pytest
from acclimate.framework import RecipeError, read_recipe
from acclimate.framework.recipes.class_paths import TRUSTED, check_trusted, check_trusted_arguments
from acclimate.framework.recipes.class_spec import ClassSpec
from acclimate.framework.recipes.recipe_files import recipe_names

REACHABLE = [
    "acclimate.adapters.rna.torch.load",
    "acclimate.adapters.os.system",
    "acclimate.adapters.rna.nn.Linear",
    "acclimate.adapters.LateSum.__init__.__globals__",
    "acclimate.adapters.late_sum",
    "acclimate.adapters.nowhere.Thing",
    "acclimate.adapters.../os.Thing",
    "acclimate.framework.recipes.class_paths.Any",
    "acclimate.framework.commands.adapt.main",
    "acclimate.framework.encoders.timm_model.make_timm_model",
    "acclimate.framework.runs.run_folder.RunFolder",
    "acclimate.x.__globals__",
    "torch.optim.adam.torch.load",
    "torch.optim.lr_scheduler.LambdaLR",
    "torch.optim.swa_utils.AveragedModel",
]


@pytest.mark.parametrize("path", REACHABLE)
def test_what_lies_beside_or_behind_a_part_is_none(path: str) -> None:
    with pytest.raises(RecipeError, match="must name a class in acclimate"):
        check_trusted(ClassSpec(path), TRUSTED, "here")


@pytest.mark.parametrize(
    "path", ["torch.hub.load", "torch.load", "torch.nn.Linear", "os.system", "\uff41cclimate.adapters.X"]
)
def test_what_does_not_begin_as_a_part_is_none(path: str) -> None:
    with pytest.raises(RecipeError, match="must begin with one of acclimate"):
        check_trusted(ClassSpec(path), TRUSTED, "here")


@pytest.mark.parametrize(
    "text",
    [
        " torch.load",
        "torch.load\n",
        "'torch.load'",
        "\"'{class_path: torch.load}'\"",
        "[{a: {b: torch.load}}]",
        "{a.class_path: Linear}",
        "? class_path\n: Linear",
    ],
)
def test_quotes_and_spaces_hide_nothing(text: str) -> None:
    with pytest.raises(RecipeError, match="must begin with one of"):
        check_trusted_arguments({"x": text}, TRUSTED, "here")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": "[&a [1, 2], *a]"}, "anchors (&a) are not read"),
        ({"x": "&a [*a]"}, "anchors (&a) are not read"),
        ({"x": "&a torch.load"}, "anchors (&a) are not read"),
        ({"x": "!!str torch.load"}, "tags (!!str) are not read"),
        ({"x": "[2020-13-45, {class_path: torch.load}]"}, "would be a date"),
        ({"x": "{<<: {class_path: torch.load}}"}, "would be a merge key"),
        ({"x": "{a: {class_path: torch.load}, a: 1}"}, "stands there twice"),
        ({"x": "[" * 5000}, "may have 4096 characters, but has 5000"),
        ({"x": "[" * 4000 + "]" * 96}, "expected at most 32 levels"),
    ],
)
def test_texts_that_would_grow_are_refused(arguments: object, message: str) -> None:
    with pytest.raises(RecipeError, match=re.escape(message)) as raised:
        check_trusted_arguments(arguments, TRUSTED, "here")
    assert len(str(raised.value)) < 300


@pytest.mark.parametrize(
    "text", ["2020-13-45", "1:30", "*", "9" * 30, "weights.safetensors", "a: b: c", "0.5", "coral/*", "x" * 4096]
)
def test_plain_words_are_let_through(text: str) -> None:
    check_trusted_arguments({"x": text}, TRUSTED, "here")


def test_a_user_may_trust_more() -> None:
    for path in ("torch.optim.lr_scheduler.LambdaLR", "torch.nn.Linear"):
        check_trusted(ClassSpec(path), ("acclimate.", "torch."), "here")


@pytest.mark.parametrize("name", recipe_names())
def test_all_our_recipes_are_trusted(name: str) -> None:
    for key, spec in read_recipe(name).class_specs():
        check_trusted(spec, TRUSTED, key)
