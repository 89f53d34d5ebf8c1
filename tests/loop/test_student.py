"""A student of a consensus: it trains on to the same bits, and is opened where the consensus is gone."""

from pathlib import Path

import numpy as np
import pytest
from accelerate import Accelerator
from acclimate.framework import Recipe, RunError, read_recipe
from acclimate.framework.consensus.consensus_file import Consensus, Parent
from acclimate.framework.data import Table
from acclimate.framework.experiments.comparison import adapt_table
from acclimate.framework.experiments.saved_method import load_run
from acclimate.framework.runs.run_folder import RunFolder
from acclimate.framework.training.run_options import RunOptions

from .small import CLASSES, TARGET, assert_same_runs, make_experiment, mlp

PARENT = Parent("coral", "2" * 64, "acclimate choose")


def write_consensus(folder: Path, shift: int = 0) -> Path:
    """Of all rows of the target but the last; of their own classes, or others."""
    ids = [f"there-train-{number}" for number in range(TARGET - 1)]
    likely = np.eye(len(CLASSES))[[(number + shift) % len(CLASSES) for number in range(len(ids))]]
    path = folder / "consensus.npz"
    Consensus(ids, {"label": CLASSES}, {"label": likely}, [PARENT]).write(path)
    return path


def make_student(path: Path) -> Recipe:
    """The recipe, of two epochs."""
    return read_recipe(
        "student",
        {
            "selector.init_args.consensus": str(path),
            "stages.0.epochs": 2,
            "training.batch_size": 4,
            "model.encoders": {"features": mlp()},
        },
    )


def train(table: Table, path: Path, out: Path, **options: object) -> None:
    """As `adapt` does."""
    asked = RunOptions(accelerator=Accelerator(cpu=True), checkpoint_every=2, resume=True, **options)  # type: ignore[arg-type]
    adapt_table(make_experiment(table, make_student(path)), out, asked, reference=None)


@pytest.fixture(scope="module")
def trained(table: Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run whose consensus is gone."""
    folder = tmp_path_factory.mktemp("student")
    path = write_consensus(folder)
    train(table, path, folder / "run")
    path.unlink()
    return folder / "run"


def test_a_run_is_opened_where_the_consensus_is_gone(trained: Path) -> None:
    method, _, recipe = load_run(trained)
    assert recipe.selector is not None
    assert recipe.selector.init_args["consensus"].endswith("consensus.npz")
    assert method.selector is not None
    config = RunFolder.open(trained).config()
    assert config["selector"] == method.selector.portable_arguments()
    assert len(config["selector"]["sha256"]) == 64
    assert config["parents"] == [{"name": "coral", "sha256": "2" * 64, "command": "acclimate choose"}]


def test_it_goes_on_to_the_same_bits(trained: Path, table: Table, tmp_path: Path) -> None:
    path = write_consensus(trained.parent)
    for share in (0.3, 0.6, 1.0):
        train(table, path, tmp_path / "run", pause_at=share)
    path.unlink()
    assert_same_runs(trained, tmp_path / "run")


def test_it_does_not_go_on_with_another_consensus(table: Table, tmp_path: Path) -> None:
    train(table, write_consensus(tmp_path), tmp_path / "run", pause_at=0.5)
    path = write_consensus(tmp_path, shift=1)
    with pytest.raises(RunError, match=r"was started with selector.sha256: '\w+', but is to be resumed with"):
        train(table, path, tmp_path / "run")
