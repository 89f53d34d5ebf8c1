"""A small run with an oracle's log, and its page."""

import csv
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from acclimate.framework import adapt_table, read_recipe
from acclimate.framework.data import Schema, Table, read_table
from acclimate.framework.experiments.experiment import Experiment
from acclimate.framework.training.oracle import Oracle, open_oracle
from acclimate.framework.training.run_options import RunOptions
from loop.small import write_table

from acclimate.__main__ import main

EPOCHS = 3


def rewrite(path: Path, name: str, change: Callable[[int, dict[str, str]], dict[str, str]]) -> Path:
    """A table beside another, whose rows are changed one by one."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [change(number, row) for number, row in enumerate(csv.DictReader(file))]
    out = path.with_name(name)
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return out


def _hold_back(number: int, row: dict[str, str]) -> dict[str, str]:
    return row | ({"split": "test"} if number % 4 == 1 and row["split"] == "train" else {})


@pytest.fixture(scope="session")
def table_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two domains with test rows, all labelled; some rows lack a modality."""
    path = write_table(tmp_path_factory.mktemp("report"), source=60, target=45)
    return rewrite(path, "tested.csv", _hold_back)


@pytest.fixture(scope="session")
def table(table_path: Path) -> Table:
    """The same, read."""
    return read_table(table_path)


def _oracle(table: Table, schema: Schema) -> Oracle:
    return open_oracle(table, ("here",), "there", schema, 8)


@pytest.fixture(scope="session")
def run(table_path: Path) -> Path:
    """A run of Boomda, which gives pseudo-labels and balances; an oracle logs how right they are."""
    recipe = read_recipe("boomda", {"stages.0.epochs": EPOCHS, "training.batch_size": 8})
    table = read_table(table_path)
    folder = table_path.with_name("run")
    experiment = Experiment(recipe, table, ("here",), "there", name=str(table_path))
    adapt_table(experiment, folder, RunOptions(oracle=partial(_oracle, table)))
    return folder


@pytest.fixture(scope="session")
def page(run: Path) -> Path:
    """The run's page."""
    assert main(["report", str(run)]) == 0
    return run / "report.html"
