"""Workers that read ahead change nothing of a run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import attrs
import pytest
from acclimate.framework import WorkerError, adapt_table
from acclimate.framework.data import Table
from acclimate.framework.training.read_ahead import naming_dead_workers
from acclimate.framework.training.run_options import RunOptions

from .small import Interrupted, Interrupting, assert_same_tensors, make_experiment, make_recipe, metrics, weights

# Python 3.12 warns of workers that are forked beside threads, which torch has.
pytestmark = [pytest.mark.processes, pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")]

TESTS = Path(__file__).parents[1]
RECIPE = make_recipe(stages=[{"name": "only", "epochs": 2}])


def train(table: Table, out: Path, workers: int, *, stop_after: int | None = None) -> None:
    """Train with so many workers; where a run was stopped, go on with it."""
    experiment = attrs.evolve(make_experiment(table, RECIPE), workers=workers)
    display = None if stop_after is None else Interrupting(stop_after)
    adapt_table(experiment, out, RunOptions(resume=out.exists(), display=display, checkpoint_every=2), reference=None)


def test_a_run_is_the_same_with_any_number_of_workers_and_goes_on_with_another(table: Table, tmp_path: Path) -> None:
    train(table, tmp_path / "unbroken", 0)
    with pytest.raises(Interrupted):
        train(table, tmp_path / "broken", 2, stop_after=7)
    train(table, tmp_path / "broken", 1)
    assert_same_tensors(weights(tmp_path / "broken", "last"), weights(tmp_path / "unbroken", "last"))
    assert metrics(tmp_path / "broken") == metrics(tmp_path / "unbroken")


def test_a_worker_that_dies_is_one_line_and_others_take_its_place(table_path: Path, tmp_path: Path) -> None:
    """In a process of its own: signals tell of it wherever that process stands."""
    command = [sys.executable, "-m", "loop.dying_workers", str(table_path), str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"}
    child = subprocess.run(command, cwd=TESTS, env=environment, capture_output=True, text=True, check=True)
    found = json.loads(child.stdout)
    for line in (found["reading"], found["step"]):
        assert line.startswith("a process that reads samples ahead has died: worker (pid ")
        assert " is killed by signal: Killed. The system does that where memory runs out" in line
        assert line.endswith("take fewer workers, or none, or smaller batches")
    assert found["again"] == [2 * number for number in range(9)]


def test_what_torch_says_of_a_death_is_told_from_other_errors() -> None:
    heard = "DataLoader worker (pid 7) is killed by signal: Bus error. It is"
    waiting = "DataLoader worker (pid(s) 7) exited"
    cases = [(heard, None), (waiting, RuntimeError(heard)), (waiting, TimeoutError())]
    for (text, cause), reason in zip(cases, ("is killed by signal: Bus error.",) * 2 + ("exited.",), strict=True):
        with pytest.raises(WorkerError, match=r"has died: worker \(pid") as found, naming_dead_workers():
            raise RuntimeError(text) from cause
        assert f" {reason} The system does that" in str(found.value)
    with pytest.raises(RuntimeError, match=r"^no memory$"), naming_dead_workers():
        raise RuntimeError("no memory")
