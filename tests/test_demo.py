"""The whole pipeline on real recordings: it adapts better than source-only, and the artefact agrees with torch."""

import io
import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from acclimate.exporters.demo import Demo, results_table, run_demo, warnings
from rich.console import Console

pytestmark = pytest.mark.skipif(
    find_spec("seglearn") is None, reason="the package seglearn, which holds wrist, is absent"
)
EPOCHS = {"stages.0.epochs": 8}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, exports: None) -> Path:
    """A small demo: two recipes, one seed."""
    out = tmp_path_factory.mktemp("demo")
    demo = Demo("wrist", ("right_arm",), "left_arm", ("source-only", "rna-uda"), settings=EPOCHS)
    results = run_demo(demo, out)
    assert results == json.loads((out / "metrics.json").read_text())
    return out


def test_adaptation_helps_on_the_other_arm(folder: Path) -> None:
    plain, adapted = json.loads((folder / "metrics.json").read_text())["runs"]
    assert (plain["recipe"], adapted["recipe"]) == ("source-only", "rna-uda")
    assert plain["source"]["fused"] > 0.6
    assert adapted["target"]["fused"] > plain["target"]["fused"] + 0.1
    assert adapted["measures"]["norm_variation/both"] < plain["measures"]["norm_variation/both"]


def test_the_artefact_agrees_with_torch_for_every_subset(folder: Path) -> None:
    for run in json.loads((folder / "metrics.json").read_text())["runs"]:
        assert (folder / run["recipe"] / "model.onnx").is_file()
        assert set(run["drop"]) == {"accelerometer+gyroscope", "accelerometer", "gyroscope"}
        assert all(scores["torch"] == scores["onnx"] for scores in run["drop"].values())
        assert run["drop"]["accelerometer+gyroscope"]["torch"] == run["target"]["fused"]
        assert run["parity"]["argmax_agreement"] == pytest.approx(1.0)
        assert 0 < run["parity"]["max_abs"] < 1e-4
        assert run["parity"]["samples"] > 400


def test_a_second_call_goes_on_with_what_is_there(folder: Path) -> None:
    before = json.loads((folder / "metrics.json").read_text())["runs"][0]
    demo = Demo("wrist", ("right_arm",), "left_arm", ("source-only",), settings=EPOCHS)
    (again,) = run_demo(demo, folder)["runs"]
    assert {**again, "seconds": 0} == {**before, "seconds": 0}


def test_the_table_shows_each_recipe_and_each_lost_modality(folder: Path) -> None:
    run = json.loads((folder / "source-only" / "run" / "summary.json").read_text())["best"]
    runs = [
        {
            "recipe": recipe,
            "seed": seed,
            "measure": "accuracy",
            "source": {"fused": 0.9},
            "drop": {"a+b": {"torch": value}, "a": {"torch": 0.25}, "b": {"torch": 0.125}},
            "parity": {"argmax_agreement": agreement},
            "falls_below_source_only": {"modality_agreement": (0.5, 0.4)} if recipe == "worse" else {},
            "epoch": run["epoch"],
        }
        for recipe, agreement in (("source-only", 1.0), ("worse", 0.99))
        for seed, value in ((0, 0.4), (1, 0.6))
    ]
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(results_table(Demo("wrist", ("x",), "y", seeds=(0, 1)), runs))
    lines = console.export_text()
    assert "0.500 ± 0.141" in lines
    assert "DIFFERENT" in lines
    assert list(warnings(runs)) == [
        f"worse, seed {seed}: target modality_agreement 0.400 is below source-only's 0.500" for seed in (0, 1)
    ]
