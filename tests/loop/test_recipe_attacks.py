"""Recipes that somebody else wrote, or that a slip of a finger made: one line each, at once."""

import os
import time
from pathlib import Path

import pytest
from acclimate.framework import AcclimateError, Aligner, RecipeError, read_recipe
from acclimate.framework.commands.options import read_settings
from acclimate.framework.recipes.class_paths import import_class, instantiate
from acclimate.framework.recipes.class_spec import ClassSpec
from acclimate.framework.recipes.recipe_files import override_recipe
from acclimate.framework.runs.run_folder import RunFolder

from acclimate.__main__ import main

BOMB = "[&b0 [x,x,x,x,x,x,x,x,x], " + ", ".join(
    f"&b{number} [{','.join([f'*b{number - 1}'] * 9)}]" for number in range(1, 9)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"name: {BOMB}]", "anchors"),
        ("name: 2020-13-45", "would be a date"),
        ("name: !!int abc", "tags"),
        ("name: " + "[" * 2000 + "]" * 2000, "at most 32 levels"),
        ("aligners: {rna: {class_path: a.B, init_args: &q {weight: *q}}}", "anchors"),
        ("aligners: {rna: {class_path: ..x}}", "aligners.rna: class_path must be an import path, but got '..x'"),
        ("aligners: {rna: {class_path: a..b}}", "class_path must be an import path"),
        ("aligners: {rna: {class_path: ''}}", "class_path must be an import path"),
        ("aligners: {rna: {class_path: a-b.C}}", "class_path must be an import path"),
        ("selection: {score: ..x}", "class_path must be an import path"),
        ("training: {gradient_clip: .nan}", "training.gradient_clip must be a finite number, but got nan"),
        ("training: {modality_dropout: nan}", "must be a finite number, but got 'nan'"),
        ("training: {gradient_clip: .inf}", "must be a finite number, but got inf"),
        ("schema: true", "schema must be 1, but got True"),
        ("stages: [{name: a, name: b}]", "the key 'name' stands there twice"),
    ],
)
def test_what_a_parser_trips_over_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "theirs.yaml"
    path.write_text(f"extends: rna-uda\n{text}\n")
    before = time.process_time()
    with pytest.raises(RecipeError) as caught:
        read_recipe(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert time.process_time() - before < 5


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("=", "--set takes KEY=VALUE"),
        ("stages.\u00b2.epochs=3", "nothing there is called '\u00b2'"),
        ("stages.\u0663.epochs=3", "nothing there is called '\u0663'"),
        ("stages.-1.epochs=3", "nothing there is called '-1'"),
        (f"stages.{'9' * 5000}.epochs=3", "nothing there is called '999"),
        ("stages.0=3", "nothing there is called '0'"),
        ("a..b=1", "names with dots between them, but got 'a..b'"),
        (".=1", "names with dots between them"),
        ("a." * 5000 + "b=1", "a key must be up to 32 names"),
        ("training.batch_size=!!int abc", "tags"),
        ("name=2020-13-45", "would be a date"),
        ("name=" + "[" * 2000, "at most 32 levels"),
        ("name=\udcff", "not valid YAML"),
    ],
)
def test_a_bad_setting_is_one_line(setting: str, message: str) -> None:
    with pytest.raises(AcclimateError) as caught:
        read_recipe("rna-uda", read_settings([setting]))
    assert message in str(caught.value)
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("kind", ["folder", "pipe", "long", "hole", "zero"])
def test_a_path_that_is_no_file_is_one_line(tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / ("x" * 300 + ".yaml" if kind == "long" else "theirs.yaml")
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "hole":
        path.touch()
        os.truncate(path, 2**30)
    given = "a\0.yaml" if kind == "zero" else str(path)
    assert main(["adapt", given, "--data", "digits", "--out", str(tmp_path / "run")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "expected" in line


def test_recipes_extend_each_other_a_few_times_only(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "itself.yaml").write_text("extends: x/../itself.yaml")
    with pytest.raises(RecipeError, match="at most 16 recipes may extend each other"):
        read_recipe(tmp_path / "itself.yaml")


@pytest.mark.parametrize("path", ["..x", ".", "", "a..b", "x" * 300, "a\0.b", "x" * 300 + ".b"])
def test_a_class_path_of_any_form_is_one_line(path: str) -> None:
    spec = ClassSpec(path)
    with pytest.raises(RecipeError, match=r"^here: ") as imported:
        import_class(spec, "here")
    with pytest.raises(RecipeError, match=r"^here: ") as made:
        instantiate(Aligner, spec, "here")
    assert "\n" not in f"{imported.value}{made.value}"


@pytest.mark.parametrize(
    "text", [f"{BOMB}]", "[" * 3000 + "]" * 3000, "x" * 300 + ".y", "2020-13-45", "9" * 10_000, "[1, 2020-13-45]"]
)
def test_yaml_in_a_string_is_bounded_too(text: str) -> None:
    """As jsonargparse reads it there."""
    before = time.process_time()
    spec = ClassSpec("acclimate.adapters.rna.RelativeNormAlignment", {"lambda_g": text})
    with pytest.raises(RecipeError, match=r"^here: ") as caught:
        instantiate(Aligner, spec, "here")
    assert "\n" not in str(caught.value)
    assert time.process_time() - before < 5


def test_plain_data_of_any_size_make_a_short_line() -> None:
    value: list[object] = ["x" * 10**6]
    for _ in range(5):
        value = [value] * 9
    with pytest.raises(RecipeError) as caught:
        override_recipe(read_recipe("rna-uda"), {"name": value})
    assert len(str(caught.value)) < 300


def test_a_deep_recipe_can_be_gone_on_with(tmp_path: Path) -> None:
    """What a recipe may hold, the run's configuration may, too."""
    value: object = 1
    for _ in range(28):
        value = [value]
    recipe = override_recipe(read_recipe("rna-uda"), {"aligners.rna.init_args.deep": value})
    RunFolder.create(tmp_path / "run", {"recipe": recipe.to_config(), "seed": 0})
    RunFolder.create(tmp_path / "run", {"recipe": recipe.to_config(), "seed": 0}, resume=True)
