"""The mean of several models is one model, and one artefact, in every form; it says what their mean says."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from acclimate.adapters.late_sum import LateSum
from acclimate.exporters.artefact import Form
from acclimate.exporters.mean_model import MeanModel, log_mean
from acclimate.exporters.onnx import export_onnx
from acclimate.exporters.session import Session
from acclimate.framework import MultimodalModel, Recipe, Task
from acclimate.framework.data import Table, read_table
from acclimate.framework.encoders import LSTM, MLP
from acclimate.framework.experiments.comparison import adapt_table
from acclimate.framework.experiments.saved_method import load_run
from acclimate.framework.files.hashes import file_sha256
from acclimate.framework.layout import JOINT
from acclimate.framework.training.run_options import RunOptions
from bits import assert_same_bits
from loop.small import CLASSES, SIZES, build, class_spec, make_experiment, make_recipe, make_schema, write_table

from acclimate.__main__ import main

PRESENT = torch.tensor([[True, True], [True, False], [False, True], [True, True]])


def recipes() -> tuple[Recipe, Recipe, Recipe]:
    """Other fusions, sizes of features and norms."""
    wide = {"class_path": "acclimate.framework.encoders.MLP", "init_args": {"hidden": [], "out_features": 3}}
    return (
        make_recipe(),
        make_recipe(model__fusion=class_spec("Concatenation", hidden=4), model__encoders={"audio": wide}),
        make_recipe(model__unit_norm=True, model__projection=4),
    )


def make_models() -> list[MultimodalModel]:
    """Three models of different parts."""
    return [build(recipe, seed).model.eval() for seed, recipe in enumerate(recipes())]


def make_inputs(rows: int = 4) -> dict[str, torch.Tensor]:
    """Random vectors; the ones that stand in an absent slot are no numbers."""
    generator = torch.Generator().manual_seed(3)
    inputs = {name: torch.randn(rows, size, generator=generator) for name, size in SIZES.items()}
    for column, values in enumerate(inputs.values()):
        values[~PRESENT[:rows, column]] = torch.nan
    return inputs


def test_log_mean_is_the_logarithm_of_the_weighted_mean() -> None:
    logits = torch.tensor([[[1.0, 3.0]], [[-2.0, 0.5]]], dtype=torch.float64)
    first, second = np.exp([1.0, 3.0]) / np.exp([1.0, 3.0]).sum(), np.exp([-2.0, 0.5]) / np.exp([-2.0, 0.5]).sum()
    found = log_mean(logits, torch.tensor([0.25, 0.75], dtype=torch.float64))
    torch.testing.assert_close(found[0], torch.from_numpy(np.log(0.25 * first + 0.75 * second)))


def test_what_is_next_to_impossible_stays_finite() -> None:
    logits = torch.tensor([[[0.0, 500.0]], [[0.0, 400.0]]])
    torch.testing.assert_close(log_mean(logits, torch.tensor([0.5, 0.5]))[0, 0].item(), -400.69314, rtol=1e-5, atol=0)


@torch.no_grad()
@pytest.mark.parametrize("weights", [None, [1.0, 2.0, 5.0]])
def test_every_head_is_the_mean_of_the_models_own(weights: list[float] | None) -> None:
    models, inputs = make_models(), make_inputs()
    found = MeanModel(models, weights).eval()(inputs, PRESENT).logits["label"]
    share = np.array(weights or [1.0] * 3) / sum(weights or [1.0] * 3)
    said = [model(inputs, PRESENT).logits["label"] for model in models]
    for head in (*SIZES, JOINT):
        mean = sum(weight * one[head].softmax(dim=1) for weight, one in zip(share, said, strict=True))
        has = PRESENT[:, list(SIZES).index(head)] if head != JOINT else torch.ones(4, dtype=torch.bool)
        torch.testing.assert_close(found[head][has].exp(), mean[has].float())
        assert not found[head][~has].any()


@torch.no_grad()
def test_numbers_are_averaged() -> None:
    tasks = (Task("score"),)
    models = [MultimodalModel({"audio": MLP(4, [3], 3)}, tasks, LateSum()).eval() for _ in range(2)]
    inputs, present = {"audio": torch.randn(5, 4)}, torch.ones(5, 1, dtype=torch.bool)
    found = MeanModel(models, [1.0, 3.0]).eval()(inputs, present).joint_logits("score")
    first, second = (model(inputs, present).joint_logits("score") for model in models)
    torch.testing.assert_close(found, 0.25 * first + 0.75 * second)


def test_it_is_a_copy_and_leaves_torchs_generator() -> None:
    models, before = make_models(), torch.random.get_rng_state()
    mean = MeanModel(models)
    assert_same_bits(torch.random.get_rng_state(), before)
    with torch.no_grad():
        next(models[0].parameters()).zero_()
    shared = {id(value) for model in models for value in model.parameters()}
    assert not shared & {id(value) for value in mean.parameters()}


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, 2.0], "weights must be one for each of 3 models, but got 2"),
        ([1.0, 0.0, 1.0], "weights must be positive, but got 0.0"),
        ([1.0, -0.5, 1.0], "weights must be positive, but got -0.5"),
        ([1.0, float("nan"), 1.0], "weights must be positive, but got nan"),
    ],
)
def test_weights_are_positive(weights: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        MeanModel(make_models(), weights)


def test_models_that_do_not_fit_together_are_refused() -> None:
    audio = MultimodalModel({"audio": MLP(4, [3], 3)}, (Task("label", CLASSES),), LateSum())
    steps = MultimodalModel({"audio": LSTM(4)}, (Task("label", CLASSES),), LateSum())
    with pytest.raises(ValueError, match="a mean must be of two models at least, but got 1"):
        MeanModel([audio])
    with pytest.raises(ValueError, match="models must have the same modalities and tasks, but got"):
        MeanModel([audio, make_models()[0]])
    with pytest.raises(ValueError, match="encoders of 'audio' must have one time_axis, but the models' have 1, none"):
        MeanModel([audio, steps])


@pytest.mark.usefixtures("exports")
@pytest.mark.parametrize("form", ["mask", "branch", "split"])
def test_every_form_says_what_torch_says(form: Form, tmp_path: Path) -> None:
    mean = MeanModel(make_models(), [0.5, 0.3, 0.2])
    report = export_onnx(mean, tmp_path, make_schema(), form=form)
    assert report.max_abs < 1e-5
    inputs = make_inputs()
    found = Session(tmp_path).run({name: values.numpy() for name, values in inputs.items()}, PRESENT.numpy())
    with torch.no_grad():
        expected = mean.eval()(inputs, PRESENT)
    np.testing.assert_allclose(found["logits"], expected.joint_logits("label").numpy(), atol=1e-5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table, two runs on it, and one with another seed, whose validation rows and so statistics are others."""
    path = tmp_path_factory.mktemp("mean")
    table = read_table(write_table(path, test=10))
    for name, recipe, seed in (
        ("first", recipes()[0], 0),
        ("second", recipes()[1], 0),
        ("stranger", make_recipe(data={"preprocessing": {"audio": {"mean": [9.0] * 4, "std": [1.0] * 4}}}), 0),
    ):
        train(table, recipe, path / name, seed)
    return path


def train(table: Table, recipe: Recipe, out: Path, seed: int) -> None:
    """A finished run."""
    options = RunOptions(accelerator=Accelerator(cpu=True), seed=seed)
    adapt_table(make_experiment(table, recipe), out, options, reference=None)


@pytest.mark.usefixtures("exports")
def test_runs_become_one_artefact_that_names_them(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [folder / "first", folder / "second"]
    arguments = ["export", str(runs[0]), "--mean-with", str(runs[1]), "--mean-weights", "3", "1"]
    assert main([*arguments, "--out", str(tmp_path / "mean")]) == 0
    assert "ONNX Runtime agrees with torch" in capsys.readouterr().out
    config = json.loads((tmp_path / "mean" / "config.json").read_text())
    assert config["recipe"] == "mean of small, small"
    parents = config["metadata"]["mean_of"]
    assert [parent["name"] for parent in parents] == ["first", "second"]
    assert [parent["weight"] for parent in parents] == pytest.approx([0.75, 0.25])
    assert [parent["sha256"] for parent in parents] == [
        file_sha256(run / "checkpoints" / "best.safetensors") for run in runs
    ]
    assert str(folder) not in json.dumps(config)
    session, inputs = Session(tmp_path / "mean"), make_inputs(2)
    found = session.run({name: values.numpy() for name, values in inputs.items()}, PRESENT[:2].numpy())
    mean = MeanModel([load_run(run)[0].model for run in runs], [3.0, 1.0]).eval()
    with torch.no_grad():
        expected = mean(inputs, PRESENT[:2]).joint_logits("label").numpy()
    np.testing.assert_allclose(found["logits"], expected, atol=1e-5)
    data = ["--data", str(folder / "table.csv"), "--domain", "there", "--split", "test"]
    assert main(["evaluate", str(tmp_path / "mean"), *data]) == 0
    assert "accuracy" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--mean-with", "second"], "which lies in none of them: give --out DIR"),
        (["--mean-weights", "1"], "--mean-weights are those of a mean: give --mean-with as well"),
        (["--mean-with", "stranger", "--out", "out"], "stranger has another schema than first: train them on the same"),
        (["--mean-with", "nowhere", "--out", "out"], "no run at nowhere: it has no config.yaml"),
        (
            ["--mean-with", "second", "--mean-weights", "1", "--out", "out"],
            "weights must be one for each of 2 models, but got 1",
        ),
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str],
    message: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    assert main(["export", "first", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert not (folder / "out").exists()
