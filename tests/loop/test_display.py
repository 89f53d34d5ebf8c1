"""What a run shows: a bar with losses and time left, also where there is no terminal, and TensorBoard's files."""

import time
from pathlib import Path

import pytest
import torch
from acclimate.framework import read_recipe
from acclimate.framework.data import Table
from acclimate.framework.training.display import RichDisplay

from .small import assert_same_runs, make_recipe, run


def test_without_a_terminal_the_end_is_shown(table: Table, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(table, make_recipe(), tmp_path / "run", display=RichDisplay())
    shown = "".join(capsys.readouterr())
    assert "small" in shown
    assert "epoch 2.0/2" in shown
    assert "loss" in shown
    assert "left" in shown
    assert shown.count("\n") < 10


def test_showing_changes_nothing(table: Table, tmp_path: Path) -> None:
    run(table, make_recipe(), tmp_path / "shown", display=RichDisplay(tmp_path / "events"))
    run(table, make_recipe(), tmp_path / "quiet")
    assert_same_runs(tmp_path / "shown", tmp_path / "quiet")


def test_showing_a_step_costs_little() -> None:
    """A step of the smallest model takes a millisecond or more."""
    display, loss = RichDisplay(), torch.zeros(())
    with display.training("fast", 1):
        started = time.process_time()
        for step in range(1000):
            display.step(step / 1000, loss)
        spent = time.process_time() - started
    assert spent / 1000 < 2e-4


def test_tensorboard_gets_losses_and_scores(table: Table, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    recipe = read_recipe("rna-uda", {"stages.0.epochs": 2, "training.batch_size": 4})
    adapted = run(table, recipe, tmp_path / "run", display=RichDisplay(tmp_path / "run" / "tensorboard"))
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard" / "rna-uda"))
    events.Reload()
    tags = set(events.Tags()["scalars"])
    assert {"loss/total", "loss/rna/global/source", "source/accuracy", "target/modality_agreement"} <= tags
    accuracies = [(event.step, event.value) for event in events.Scalars("source/accuracy")]
    assert accuracies == [(record.epoch, pytest.approx(record.source_score)) for record in adapted.history]


def test_no_events_unless_asked_for(table: Table, tmp_path: Path) -> None:
    run(table, make_recipe(), tmp_path / "run", display=RichDisplay())
    assert not list(tmp_path.rglob("*tfevents*"))


def test_an_error_takes_the_bar_down_and_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    display = RichDisplay()
    with pytest.raises(ZeroDivisionError), display.training("broken", 3):
        _ = 1 / 0
    capsys.readouterr()
    with display.training("again", 3):
        display.step(3.0, torch.zeros(()))
    assert "again" in "".join(capsys.readouterr())
