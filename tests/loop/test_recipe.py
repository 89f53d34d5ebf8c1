"""Recipes: what they say, how files extend each other, and one clear line for each mistake."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from acclimate.framework import ClassSpec, Recipe, RecipeError, read_recipe, recipe_names
from acclimate.framework.recipes.class_paths import import_class
from acclimate.framework.recipes.learning_rate import LearningRate
from acclimate.framework.recipes.recipe import parse_recipe

from .small import make_recipe

MINIMAL = """
schema: 1
name: mine
model: {fusion: {class_path: acclimate.adapters.LateSum}}
aligners: {classification: {class_path: acclimate.adapters.Supervised}}
stages: [{name: only, epochs: 1}]
"""


def write(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", recipe_names())
def test_each_of_our_recipes_survives_the_way_through_a_run_folder(name: str) -> None:
    recipe = read_recipe(name)
    assert recipe.name == name
    assert parse_recipe(yaml.safe_load(yaml.safe_dump(json.loads(json.dumps(recipe.to_config()))))) == recipe


def test_what_is_known_of_the_data_is_written_out_only_where_there_is_something(tmp_path: Path) -> None:
    path = write(tmp_path, MINIMAL)
    assert "data" not in read_recipe(path).to_config()
    recipe = read_recipe(path, {"data.preprocessing.sound.samples": 100})
    assert recipe.to_config()["data"] == {"preprocessing": {"sound": {"samples": 100}}}
    assert parse_recipe(recipe.to_config()) == recipe


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[2] / "docs" / "recipes").glob("*.yaml")), ids=str)
def test_the_recipes_of_the_docs_name_classes_that_there_are(path: Path) -> None:
    for key, spec in read_recipe(path).class_specs():
        import_class(spec, key)


def test_defaults_are_written_out(tmp_path: Path) -> None:
    recipe = read_recipe(write(tmp_path, MINIMAL))
    config = recipe.to_config()["training"]["optimizer"]
    assert config == {"class_path": "torch.optim.Adam", "init_args": {"lr": pytest.approx(1e-3)}}
    assert recipe.stages[0].updates[0].terms == ("*",)


def test_a_recipe_extends_another_key_by_key(tmp_path: Path) -> None:
    write(tmp_path, MINIMAL)
    text = """
    extends: mine.yaml
    name: child
    training: {batch_size: 5, gradient_clip: 1}
    aligners: {rna: {class_path: acclimate.adapters.RelativeNormAlignment}}
    """
    child = read_recipe(write(tmp_path, text, "child.yaml"))
    assert (child.name, child.training.batch_size, child.training.gradient_clip) == ("child", 5, 1)
    assert set(child.aligners) == {"classification", "rna"}


def test_null_takes_a_key_away_in_a_file_and_in_an_override(tmp_path: Path) -> None:
    path = write(tmp_path, "extends: rna-uda\nname: child\nselector: null\naligners: {rna: null}")
    child = read_recipe(path, {"aligners.domain": None, "training.gradient_clip": None})
    assert child.selector is None
    assert child.training.gradient_clip is None
    assert set(child.aligners) == {"classification", "information"}


def test_a_class_is_replaced_whole_but_single_arguments_can_be_changed(tmp_path: Path) -> None:
    parent = """
    extends: source-only
    name: parent
    aligners: {a: {class_path: x.A, init_args: {one: 1, two: 2}}, b: {class_path: x.B, init_args: {one: 1}}}
    """
    write(tmp_path, parent, "parent.yaml")
    text = """
    extends: parent.yaml
    name: child
    aligners: {a: {init_args: {two: 3}}, b: {class_path: x.C}}
    """
    child = read_recipe(write(tmp_path, text, "child.yaml"))
    assert child.aligners["a"] == ClassSpec("x.A", {"one": 1, "two": 3})
    assert child.aligners["b"] == ClassSpec("x.C")


def test_overrides_reach_into_lists_and_arguments() -> None:
    overrides = {"stages.0.epochs": 3, "aligners.rna.init_args.lambda_g": 0.5, "training.learning_rate.decay": "step"}
    recipe = read_recipe("rna-uda", overrides)
    assert recipe.stages[0].epochs == 3
    assert recipe.aligners["rna"].init_args == pytest.approx({"lambda_g": 0.5})
    assert recipe.training.learning_rate.decay == "step"


def test_a_number_that_yaml_takes_for_a_string_is_a_number(tmp_path: Path) -> None:
    assert yaml.safe_load("1e-2") == "1e-2"
    recipe = read_recipe(write(tmp_path, MINIMAL + "training: {gradient_clip: 1e-2}"))
    assert recipe.training.gradient_clip == pytest.approx(0.01)


def test_reading_imports_nothing_that_the_recipe_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, f"raise SystemExit({str(tmp_path)!r})", "explosive.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    spec = {"class_path": "explosive.Thing", "init_args": {"inner": {"class_path": "explosive.Inner"}}}
    recipe = read_recipe(
        "rna-uda",
        {"aligners.rna": spec, "training.optimizer": spec, "parts.x": spec, "selector": spec, "model.fusion": spec},
    )
    assert len([key for key, found in recipe.class_specs() if found.class_path == "explosive.Thing"]) == 5


WRONG: Mapping[str, tuple[dict[str, object], str]] = {
    "key at the top": ({"trainig.batch_size": 3}, "unknown key 'trainig'; did you mean 'training'?"),
    "nested key": ({"training.batchsize": 3}, "unknown key 'training.batchsize'; did you mean 'batch_size'?"),
    "key in a list": ({"stages.0.epoch": 3}, "unknown key 'stages.0.epoch'; did you mean 'epochs'?"),
    "key of a class": (
        {"aligners.rna.clas_path": "x"},
        "unknown key 'aligners.rna.clas_path'; did you mean 'class_path'?",
    ),
    "aligner without a class": (
        {"aligners.rnaa.init_args.lambda_g": 3},
        "the key 'aligners.rnaa.class_path' is missing",
    ),
    "string for a number": ({"training.batch_size": "x"}, "training.batch_size must be a whole number, but got 'x'"),
    "fraction": ({"training.batch_size": 3.5}, "training.batch_size must be a whole number, but got 3.5"),
    "boolean for a number": ({"training.gradient_clip": True}, "training.gradient_clip must be a number, but got True"),
    "string for a list": (
        {"stages.0.updates": "x"},
        "stages.0.updates must be a list, but got 'x'",
    ),
    "number for a string": ({"name": 3}, "name must be a string, but got 3"),
    "no such choice": (
        {"training.precision": "fp8"},
        "training.precision must be one of 'no', 'fp16', 'bf16', but got 'fp8'",
    ),
    "out of range": ({"training.batch_size": 0}, "training: 'batch_size' must be >= 1: 0"),
    "no such score": ({"selection.score": "luck"}, "selection: score must be one of source_accuracy, "),
    "number for a score": ({"selection.score": 3}, "selection.score must be a string, but got 3"),
    "schedule's number of another decay": (
        {"training.learning_rate.alpha": 3},
        "training.learning_rate: alpha is for the decay 'inverse', but the decay is 'cosine'.",
    ),
    "no stages": ({"stages": []}, "Length of 'stages' must be >= 1: 0"),
    "no such stage": ({"stages.3.epochs": 1}, "no key 'stages.3.epochs' in the recipe: nothing there is called '3'"),
    "key below a number": ({"training.batch_size.x": 1}, "nothing there is called 'x'"),
    "neither side": (
        {"stages.0.source": False, "stages.0.target": False},
        "stages.0: stage 'adaptation' must use the source, the target or both, but uses neither.",
    ),
    "other version": ({"schema": 2}, "schema must be 1, but got 2"),
}


@pytest.mark.parametrize(("overrides", "message"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_one_line_that_names_it(overrides: dict[str, object], message: str) -> None:
    with pytest.raises(RecipeError, match=re.escape(message)) as caught:
        read_recipe("rna-uda", overrides)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "mine.yaml: not valid YAML: while parsing a flow node"),
        ("- 1", "mine.yaml: a recipe must be a mapping of keys, but got list"),
        ("", "mine.yaml: a recipe must be a mapping of keys, but got NoneType"),
        ("extends: [1]", "mine.yaml: extends must be the name or path of a recipe, but got [1]"),
        ("extends: rna-udaa", "no recipe is called 'rna-udaa'; did you mean 'rna-uda'?"),
        ("name: x", "mine.yaml: the key 'schema' is missing"),
        ("schema: 1\nname: x", "mine.yaml: the key 'model' is missing"),
        (MINIMAL + "3: x", "mine.yaml: unknown key '3'"),
    ],
)
def test_a_bad_file_is_one_line_that_names_it(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=re.escape(message)) as caught:
        read_recipe(write(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_recipes_that_extend_each_other_are_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, "extends: b.yaml", "a.yaml")
    write(tmp_path, "extends: a.yaml", "b.yaml")
    with pytest.raises(RecipeError, match=r"a recipe cannot extend itself, but .*a\.yaml extends .*b\.yaml extends"):
        read_recipe(path)


@pytest.mark.parametrize("name", ["rna-udaa", "absent.yaml"])
def test_an_unknown_recipe_is_named(name: str) -> None:
    with pytest.raises(RecipeError, match=name):
        read_recipe(name)


def test_a_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(RecipeError, match=r"binary\.yaml: line 1: expected UTF-8, but found byte 0xff"):
        read_recipe(tmp_path / "binary.yaml")


def test_a_recipe_that_is_no_mapping_is_an_error() -> None:
    with pytest.raises(RecipeError, match=r"recipe: it must be a mapping of keys, but got \[\]"):
        parse_recipe([])


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (LearningRate(), [1.0, 1.0, 1.0]),
        (LearningRate("cosine"), [1.0, 0.5, 0.0]),
        (LearningRate("step", milestones=(0.5, 1.0), gamma=0.5), [1.0, 0.5, 0.25]),
        (LearningRate(warmup=1.0), [0.0, 0.5, 1.0]),
        (LearningRate("cosine", warmup=0.5), [0.0, 0.5, 0.0]),
    ],
)
def test_the_learning_rate_follows_progress(rate: LearningRate, expected: list[float]) -> None:
    assert [rate.factor(progress) for progress in (0.0, 0.5, 1.0)] == pytest.approx(expected)


def test_a_recipe_uses_the_target_if_a_stage_does() -> None:
    both: Recipe = make_recipe()
    alone = make_recipe(stages=[{"name": "only", "epochs": 1, "target": False}])
    assert both.uses_target
    assert not alone.uses_target
