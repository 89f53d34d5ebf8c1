"""A schedule and a length as papers give them, in recipes as a user writes them (change 9)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from acclimate.framework import RunError, Stage, read_recipe
from acclimate.framework.data import read_table
from acclimate.framework.experiments.comparison import adapt_table, source_only
from acclimate.framework.report.finished_run import read_run
from loop.small import assert_same_runs, make_experiment, metrics, write_table

from .annealing import NotedSGD

TWO_LENGTHS = """
extends: source-only
name: two-lengths
model:
  encoders: {features: {class_path: acclimate.framework.encoders.MLP, init_args: {hidden: [4], out_features: 4}}}
stages:
  - {name: source, epochs: 2, target: false}
  - {name: both, steps: 9, rounds: 2}
training:
  batch_size: 2
  optimizer: {class_path: uses.annealing.NotedSGD, init_args: {lr: 0.01}}
  learning_rate: {decay: linear, flat: 0.5}
  parameter_groups:
    model.heads.*: {lr_factor: 10, learning_rate: {decay: constant}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `annealing.py` ran, on 200 rows of the source of which two make a batch."""
    folder = tmp_path_factory.mktemp("annealing")
    write_table(folder, source=200)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    subprocess.run([sys.executable, "-P", "-m", "uses.annealing", str(folder)], check=True, env=environment)
    return folder


@pytest.mark.processes
def test_three_thousand_steps_with_inverse_decay_and_ten_times_the_rate_on_heads(folder: Path) -> None:
    rates = json.loads((folder / "rates.json").read_text())[:3000]
    assert [row["steps"] for row in metrics(folder / "whole") if row["kind"] == "epoch"] == list(range(100, 3001, 100))
    assert rates[0] == pytest.approx([0.1, 0.01])
    assert rates[300] == pytest.approx([0.05946, 0.005946], rel=1e-3)  # 2^-.75 after a tenth
    assert rates[1500] == pytest.approx([0.02608, 0.002608], rel=1e-3)  # 6^-.75 after half
    assert rates[2999] == pytest.approx([0.01656, 0.001656], rel=1e-3)  # 11^-.75 at the end


@pytest.mark.processes
def test_a_run_that_was_killed_after_step_1234_goes_on_to_the_same_bits(folder: Path) -> None:
    rates = json.loads((folder / "rates.json").read_text())
    assert rates[3000:] == rates[1234:3000]
    assert_same_runs(folder / "whole", folder / "killed")


def test_stages_in_epochs_and_in_steps_share_the_progress(tmp_path: Path) -> None:
    """Two epochs of 11 steps, then two rounds of 9, which do not fill a pass: the rate falls from step 20 of 40 on."""
    NotedSGD.rates.clear()
    (tmp_path / "two-lengths.yaml").write_text(TWO_LENGTHS)
    recipe = read_recipe(tmp_path / "two-lengths.yaml")
    experiment = make_experiment(read_table(write_table(tmp_path)), recipe)
    compared = adapt_table(experiment, tmp_path / "run", reference=None)
    assert [record.stage for record in compared.adapted.history] == ["source", "source", "both", "both"]
    assert [row["steps"] for row in metrics(tmp_path / "run") if row["kind"] == "epoch"] == [11, 22, 31, 40]
    assert [heads for heads, _ in NotedSGD.rates] == pytest.approx([0.1] * 40)
    others = [rate for _, rate in NotedSGD.rates]
    assert others == pytest.approx([0.01] * 20 + [0.01 * (1 - step / 20) for step in range(20)])
    assert [(stage.epochs, stage.steps) for stage in source_only(recipe).stages] == [(2, None), (None, 18)]
    assert len(read_run(tmp_path / "run").epochs) == 4
    log = tmp_path / "run" / "metrics.jsonl"
    log.write_text("".join(log.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(RunError, match="holds 3 of 2 epochs and those of 18 steps; go on with it by --resume"):
        read_run(tmp_path / "run")


def test_a_stage_has_one_length() -> None:
    with pytest.raises(ValueError, match="stage 'a' must have epochs or steps, but has both"):
        Stage("a", epochs=1, steps=1)
    with pytest.raises(ValueError, match="stage 'a' must have epochs or steps, but has neither"):
        Stage("a")


def test_what_a_run_was_started_with_says_no_more_than_before() -> None:
    """So that runs and grids of before there were steps, and other decays, can be gone on with."""
    config = read_recipe("coral").to_config()
    assert config["stages"][0].keys() == {"name", "epochs", "rounds", "source", "target", "updates"}
    assert config["training"]["learning_rate"].keys() == {"decay", "warmup", "milestones", "gamma"}
