"""Workers that read ahead change nothing of a run."""

from pathlib import Path

import attrs
import pytest
from acclimate.framework import adapt_table
from acclimate.framework.data import Table

from .small import Interrupted, Interrupting, assert_same_tensors, make_experiment, make_recipe, metrics, weights

# Python 3.12 warns of workers that are forked beside threads, which torch has.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")

RECIPE = make_recipe(stages=[{"name": "only", "epochs": 2}])


def train(table: Table, out: Path, workers: int, *, stop_after: int | None = None) -> None:
    """Train with so many workers; where a run was stopped, go on with it."""
    experiment = attrs.evolve(make_experiment(table, RECIPE), workers=workers)
    display = None if stop_after is None else Interrupting(stop_after)
    adapt_table(experiment, out, reference=None, resume=out.exists(), display=display, checkpoint_every=2)


def test_a_run_is_the_same_with_any_number_of_workers_and_goes_on_with_another(table: Table, tmp_path: Path) -> None:
    train(table, tmp_path / "unbroken", 0)
    with pytest.raises(Interrupted):
        train(table, tmp_path / "broken", 2, stop_after=7)
    train(table, tmp_path / "broken", 1)
    assert_same_tensors(weights(tmp_path / "broken", "last"), weights(tmp_path / "unbroken", "last"))
    assert metrics(tmp_path / "broken") == metrics(tmp_path / "unbroken")
