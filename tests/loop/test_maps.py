"""Maps that are searched before training: kept in the run, resumed with it, and found without labels."""

import json
from pathlib import Path

import numpy as np
import pytest
from acclimate.framework import Builder, RunOptions, read_table
from acclimate.framework.data import Schema
from acclimate.framework.data.input_maps import Affine
from acclimate.framework.errors import RecipeError, RunError
from acclimate.framework.experiments.comparison import ComparedRun, adapt_table
from acclimate.framework.experiments.experiment import Experiment
from acclimate.framework.experiments.input_maps import choose_groups, map_run
from acclimate.framework.experiments.saved_method import load_run
from acclimate.framework.maps import Statistics
from acclimate.framework.runs.run_folder import RunFolder
from acclimate.framework.training.torch_predictor import TorchPredictor
from bits import same_bits

from .small import make_experiment, make_recipe, make_schema, weights, write_table

RECIPE = make_recipe(stages=[{"name": "only", "epochs": 10}])


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_table(tmp_path_factory.mktemp("table"), target=40)


def adapt_mapped(table: Path, out: Path, *, resume: bool = False) -> ComparedRun:
    return adapt_table(make_experiment(read_table(table), RECIPE), out, RunOptions(resume=resume), maps="auto")


@pytest.fixture(scope="module")
def run(table: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[ComparedRun, Path]:
    out = tmp_path_factory.mktemp("runs") / "run"
    return adapt_mapped(table, out), out


def test_a_run_keeps_the_maps_that_were_found(run: tuple[ComparedRun, Path]) -> None:
    comparison, out = run
    assert comparison.maps is not None
    assert not comparison.maps.is_identity
    _, schema, _ = load_run(out)
    assert dict(schema.maps) == dict(comparison.maps.maps)
    assert {step.group for step in comparison.maps.steps} == {"audio", "video"}
    assert json.loads((out / "maps.json").read_text()) == json.loads(json.dumps(comparison.maps.to_json()))


def test_source_only_is_compared_with_the_same_maps(run: tuple[ComparedRun, Path]) -> None:
    comparison, out = run
    assert comparison.maps is not None
    assert dict(comparison.reference) == dict(comparison.maps.after)
    _, plain, _ = load_run(out / "source-only")
    assert not plain.maps
    summary = json.loads((out / "summary.json").read_text())
    assert summary["maps"]["steps"][0]["group"] == "audio"


def test_labels_of_the_target_change_no_byte(run: tuple[ComparedRun, Path], tmp_path: Path) -> None:
    _, out = run
    other = write_table(tmp_path, poison=True, target=40)
    adapt_mapped(other, tmp_path / "run")
    assert (tmp_path / "run/maps.json").read_bytes() == (out / "maps.json").read_bytes()
    before, after = weights(out), weights(tmp_path / "run")
    assert all(same_bits(before[name], after[name]) for name in {**before, **after})


def test_a_run_that_was_broken_off_goes_on_with_its_maps(
    run: tuple[ComparedRun, Path], table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken off after the search, and before the run itself has begun: it is not searched again."""
    from acclimate.framework.experiments import comparison

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("broken off")

    with monkeypatch.context() as patch:
        patch.setattr(comparison.ComparedRun, "__init__", fail)
        with pytest.raises(RuntimeError, match="broken off"):
            adapt_mapped(table, tmp_path / "run")
    found = (tmp_path / "run/maps.json").read_bytes()
    monkeypatch.setattr(comparison, "find_maps", fail)
    adapt_mapped(table, tmp_path / "run", resume=True)
    assert (tmp_path / "run/maps.json").read_bytes() == found
    assert all(same_bits(value, weights(run[1])[name]) for name, value in weights(tmp_path / "run").items())


def test_maps_that_cannot_be_read_are_named(table: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/maps.json").write_text("{}")
    with pytest.raises(RunError, match=r"maps.json cannot be read"):
        adapt_mapped(table, tmp_path / "run")


def test_without_a_target_there_is_nothing_to_search(table: Path, tmp_path: Path) -> None:
    experiment = Experiment(RECIPE, read_table(table), ("here",), None)
    with pytest.raises(RunError, match="input maps are searched for a target, but there is none"):
        adapt_table(experiment, tmp_path / "run", maps="auto")


def test_a_finished_run_is_written_again_with_maps(run: tuple[ComparedRun, Path], tmp_path: Path) -> None:
    comparison, out = run
    assert comparison.maps is not None
    map_run(out / "source-only", comparison.maps, tmp_path / "mapped")
    method, schema, _ = load_run(tmp_path / "mapped")
    assert dict(schema.maps) == dict(comparison.maps.maps)
    plain, _, _ = load_run(out / "source-only")
    inputs = {"audio": np.ones((2, 4), np.float32), "video": np.ones((2, 3), np.float32)}
    mapped = {name: schema.maps[name](values) if name in schema.maps else values for name, values in inputs.items()}
    found = TorchPredictor(method.model)(inputs, np.ones((2, 2), bool))["label"]["joint"]
    expected = TorchPredictor(plain.model)(mapped, np.ones((2, 2), bool))["label"]["joint"]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    config = RunFolder.open(tmp_path / "mapped").config()
    assert config["mapped"]["checkpoint"] == "best"
    assert len(config["mapped"]["sha256"]) == 64


def test_a_recipe_names_its_groups() -> None:
    spec = {"class_path": "acclimate.framework.maps.Statistics", "init_args": {"modality": "video"}}
    recipe = make_recipe(data={"maps": [spec]})
    groups, said = choose_groups(recipe, make_schema())
    assert [type(group) for group in groups] == [Statistics]
    assert said == ("video: as the recipe says",)
    assert "data.maps.0" in dict(recipe.class_specs())
    assert "maps" not in make_recipe().to_config().get("data", {})
    wrong = make_recipe(data={"maps": [{"class_path": "acclimate.framework.encoders.MLP", "init_args": {}}]})
    with pytest.raises(RecipeError, match=r"data\.maps\.0"):
        choose_groups(wrong, make_schema())


def test_a_model_that_is_given_must_have_the_schemas_maps() -> None:
    schema = Schema(make_schema().preprocessing, make_schema().tasks, {"video": Affine("half", (0.5,) * 3, (0.0,) * 3)})
    mapped = Builder(make_recipe()).build(schema).model
    assert dict(mapped.input_maps) == dict(schema.maps)
    Builder(make_recipe()).with_model(mapped).build(schema)
    with pytest.raises(RecipeError, match="the model and the schema must have the same input maps"):
        Builder(make_recipe()).with_model(mapped).build(make_schema())
