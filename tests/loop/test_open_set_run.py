"""A target with classes that the source lacks: a run is evaluated on the others, and says how many there were."""

import json
from pathlib import Path

import attrs
import pytest
import torch
from acclimate.framework import DataError, adapt_table
from acclimate.framework.data import Schema, Table, read_table, write_table
from acclimate.framework.experiments.experiment import Experiment
from acclimate.framework.report.finished_run import read_run
from acclimate.framework.report.rows import choose_rows
from acclimate.framework.training.oracle import open_oracle

from acclimate.__main__ import main

from .small import assert_same_tensors, checkpoint, make_recipe, metrics, write_table as write_small_table
from .test_oracle import EvenRows, with_test_split


def with_unknown(table: Table, rows: int) -> Table:
    """So many of the first rows of each split of the target have a class of their own."""
    odd = {row.id for split in ("train", "test") for row in table.select("there", split).rows[:rows]}
    return table.with_rows(attrs.evolve(row, labels={"label": "peel"}) if row.id in odd else row for row in table.rows)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, and `open.csv`, of whose 10 test rows 4 are of a class that it does not know."""
    path = tmp_path_factory.mktemp("open")
    table = with_unknown(with_test_split(read_table(write_small_table(path))), 4)
    write_table(table, path / "open.csv")
    write_table(table.with_rows(row for row in table.rows if row.labels["label"] != "peel"), path / "known.csv")
    recipe = make_recipe(stages=[{"name": "only", "epochs": 1}])
    adapt_table(Experiment(recipe, table, ("here",), "there"), path / "run", reference=None)
    return path


@pytest.mark.parametrize("corrupt", [[], ["--corrupt", "audio=gaussian_noise(std=0.1)"]], ids=["subsets", "corrupted"])
def test_known_classes_are_scored_and_the_others_counted(
    folder: Path, corrupt: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    scores = []
    for name in ("open", "known"):
        given = ["--domain", "there", "--json", str(folder / f"{name}.json")]
        options = corrupt or ["--no-timing"]
        assert main(["evaluate", str(folder / "run"), "--data", str(folder / f"{name}.csv"), *given, *options]) == 0
        scores.append(json.loads((folder / f"{name}.json").read_text()))
    shown = capsys.readouterr().out
    assert "left out 4 of 10 rows, of classes that the model does not know: 'peel' (4)" in shown
    assert "4 of 10" in shown.split("left out", 2)[1].split("fused")[0]
    assert scores[0].pop("left_out") == {"rows": 4, "of": 10, "classes": {"label": {"peel": 4}}}
    assert scores[1].pop("left_out") == {"rows": 0, "of": 6, "classes": {}}
    if not corrupt:
        assert scores[0] == scores[1]


def test_a_domain_without_a_known_class_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = with_unknown(read_table(folder / "known.csv"), 10)
    write_table(table, folder / "unknown.csv")
    assert main(["evaluate", str(folder / "run"), "--data", str(folder / "unknown.csv"), "--domain", "there"]) == 2
    assert "but all 6 are of others: 'peel' (6)" in capsys.readouterr().err


def test_a_report_is_of_known_classes(folder: Path) -> None:
    run = read_run(folder / "run")
    schema = Schema.from_config(run.config["schema"])
    table = read_table(folder / "open.csv")
    rows = choose_rows(run, table, schema, None, oracle=True)
    assert len(rows["target"].table) == 6
    assert "left out 4 of 10 rows" in rows["target"].split
    assert len(choose_rows(run, table, schema, None, oracle=False)["target"].table) == 10


def test_no_label_of_the_target_changes_a_run(folder: Path, tmp_path: Path) -> None:
    """Known or not: the log is the same, and no epoch, choice or weight differs."""
    table = read_table(folder / "open.csv")
    recipe = make_recipe(stages=[{"name": "only", "epochs": 1}])
    bare = table.with_rows(
        attrs.evolve(row, labels={"label": None}) if row.domain == "there" else row for row in table.rows
    )
    adapt_table(Experiment(recipe, bare, ("here",), "there"), tmp_path / "bare", reference=None)
    assert_same_tensors(checkpoint(folder / "run").tensors, checkpoint(tmp_path / "bare").tensors)
    assert metrics(folder / "run") == metrics(tmp_path / "bare")


def test_an_oracle_reports_on_known_classes(folder: Path) -> None:
    """Lessons keep the positions of all training rows, and are scored on the known ones."""
    table = read_table(folder / "open.csv")
    experiment = Experiment(make_recipe(), table, ("here",), "there")
    schema, domains = experiment.open()
    method = experiment.build(make_recipe(), schema, domains)
    method.selector = EvenRows()
    oracle = open_oracle(table, ("here",), "there", schema, 4)
    assert sum(len(batch) for batch in oracle.test) == 6
    assert oracle.training is not None
    assert [index for batch in oracle.training for index in batch.index.tolist()] == list(range(10))
    lessons = oracle.report(method, torch.device("cpu"), taught=True)["lessons"]["label"]
    # Of rows 4 to 9, rows 4, 6 and 8 are kept, and row 6 is of class 0.
    assert lessons == pytest.approx({"score": 1 / 3, "kept": 1 / 2})
    unknown = with_unknown(read_table(folder / "known.csv"), 10)
    with pytest.raises(DataError, match="all 6 are of others"):
        open_oracle(unknown, ("here",), "there", schema, 4)
