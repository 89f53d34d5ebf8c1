"""`RunOptions`, from the command line and from Python to the loop."""

from functools import partial
from pathlib import Path

import pytest
from acclimate.framework import RunOptions, adapt_table, read_recipe, read_table
from acclimate.framework.experiments.experiment import Experiment
from acclimate.framework.runs.run_folder import RunFolder
from acclimate.framework.training.oracle import open_oracle
from loop.small import Interrupted, Interrupting, assert_same_runs, write_table

from acclimate.__main__ import main

SETTINGS = {"stages.0.epochs": 2, "training.batch_size": 4}


def test_the_command_line_and_python_train_alike(tmp_path: Path) -> None:
    table = write_table(tmp_path, test=4)
    options = ["--seed", "3", "--device", "cpu", "--checkpoint-every", "2", "--oracle", "--reference", "none"]
    settings = [f"--set={key}={value}" for key, value in SETTINGS.items()]
    data = ["--data", str(table), "--source", "here", "--target", "there", "--out", str(tmp_path / "typed")]
    assert main(["adapt", "rna-uda", *data, *options, *settings]) == 0

    rows, recipe = read_table(table), read_recipe("rna-uda", SETTINGS)
    experiment = Experiment(recipe, rows, "here", "there", name=str(table))
    oracle = partial(open_oracle, rows, ("here",), "there", batch_size=4)
    called = RunOptions(seed=3, checkpoint_every=2, oracle=oracle, display=Interrupting(7))
    with pytest.raises(Interrupted):
        adapt_table(experiment, tmp_path / "called", called, reference=None)
    adapt_table(experiment, tmp_path / "called", RunOptions(seed=3, oracle=oracle, resume=True), reference=None)

    assert_same_runs(tmp_path / "typed", tmp_path / "called")
    assert all("oracle" in row for row in RunFolder(tmp_path / "called").metrics() if row["kind"] == "epoch")


@pytest.mark.parametrize("every", [0, -2])
def test_a_wrong_number_of_steps_is_said(every: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="'checkpoint_every' must be >= 1"):
        RunOptions(checkpoint_every=every)
    table = write_table(tmp_path)
    data = ["--data", str(table), "--source", "here", "--target", "there", "--out", str(tmp_path / "run")]
    assert main(["adapt", "rna-uda", *data, "--checkpoint-every", str(every)]) == 2
    assert f"--checkpoint-every must be positive, but got {every}" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
