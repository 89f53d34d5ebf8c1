"""Artefacts and runs that an earlier acclimate wrote are read as before; README.md says how they were made."""

import json
import shutil
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import torch
from acclimate.exporters import Session, export_onnx
from acclimate.exporters.artefact import Form
from acclimate.framework import RunError, RunOptions, load_run
from acclimate.framework.data import Samples, read_table
from acclimate.framework.evaluation.subsets import evaluate
from acclimate.framework.experiments.comparison import adapt_table
from acclimate.framework.experiments.experiment import Experiment
from acclimate.framework.recipes.recipe_files import read_recipe
from acclimate.framework.runs.checkpoint import read_checkpoint
from acclimate.framework.training.torch_predictor import TorchPredictor

HERE: Final = Path(__file__).parent
ANSWERS: Final[dict[str, Any]] = json.loads((HERE / "answers.json").read_text(encoding="utf-8"))


def check_answers(artefact: Path, form: Form) -> None:
    inputs = {name: np.array(rows, np.float32) for name, rows in ANSWERS["inputs"].items()}
    found = Session(artefact).run(inputs, np.array(ANSWERS["present"]))
    assert list(found) == list(ANSWERS["outputs"][form])
    for name, values in ANSWERS["outputs"][form].items():
        np.testing.assert_allclose(found[name], values, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("form", ["mask", "branch", "split"])
def test_an_artefact_gives_the_answers_that_it_gave(form: Form) -> None:
    check_answers(HERE / "artefacts" / form, form)


@pytest.mark.usefixtures("exports")
def test_a_run_can_be_evaluated_and_exported(tmp_path: Path) -> None:
    method, schema, recipe = load_run(HERE / "run")
    samples = Samples(read_table(HERE / "table.csv").select("there", "test"), schema, labelled=True)
    found = evaluate(TorchPredictor(method.model), samples).to_json()["tasks"]["label"]
    expected = json.loads((HERE / "scores.json").read_text(encoding="utf-8"))["scores"]["tasks"]["label"]
    for name in ("joint", "motion", "sound"):
        assert found[name]["accuracy"] == pytest.approx(expected[name]["accuracy"])
    export_onnx(method.model, tmp_path, schema, form="split", recipe=recipe.name)
    check_answers(tmp_path, "split")


def resume(run: Path, **changes: object) -> None:
    recipe = read_recipe(str(HERE / "recipe.yaml"), changes)
    experiment = Experiment(recipe, read_table(HERE / "table.csv"), ("here",), "there", name="table.csv")
    adapt_table(experiment, run, RunOptions(resume=True, checkpoint_every=2), reference=None)


def test_a_run_that_was_killed_goes_on_to_the_end_that_it_would_have_had(tmp_path: Path) -> None:
    shutil.copytree(HERE / "unfinished", tmp_path / "run")
    resume(tmp_path / "run")
    for name in ("best", "last"):
        found, expected = (
            read_checkpoint(folder / f"checkpoints/{name}.safetensors").tensors
            for folder in (tmp_path / "run", HERE / "run")
        )
        assert set(found) == set(expected)
        for key, values in expected.items():
            torch.testing.assert_close(found[key], values, rtol=1e-3, atol=1e-4, msg=key)


def test_a_run_that_cannot_be_gone_on_with_says_so(tmp_path: Path) -> None:
    shutil.copytree(HERE / "unfinished", tmp_path / "run")
    with pytest.raises(RunError, match="batch_size") as raised:
        resume(tmp_path / "run", **{"training.batch_size": 5})
    assert "\n" not in str(raised.value)
