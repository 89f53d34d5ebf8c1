"""The oracle reports on the target's labels, and nothing else changes by it."""

from pathlib import Path

import attrs
import numpy as np
import pytest
import torch
from acclimate.framework import DataError, Lesson, Recipe, Side, adapt_table
from acclimate.framework.data import Schema, Table, read_table
from acclimate.framework.experiments.experiment import Experiment
from acclimate.framework.interfaces import TeacherSelector
from acclimate.framework.runs.run_folder import RunFolder
from acclimate.framework.training.oracle import Oracle, check_labels, open_oracle
from acclimate.framework.training.run_options import RunOptions

from .small import assert_same_tensors, checkpoint, class_spec, make_recipe, metrics, write_table


def with_test_split(table: Table) -> Table:
    """The target's training rows are its test rows as well, under other names."""
    copies = [attrs.evolve(row, id=f"{row.id}-test", split="test") for row in table.rows if row.domain == "there"]
    return table.with_rows([*table.rows, *copies])


def relabelled(table: Table) -> Table:
    """All of the target's labels are others."""
    classes = ("cut", "stir", "wash")
    return table.with_rows(
        attrs.evolve(row, labels={"label": classes[(classes.index(str(row.labels["label"])) + 1) % 3]})
        if row.domain == "there"
        else row
        for row in table.rows
    )


def recipe() -> Recipe:
    return make_recipe(
        model__encoders={"audio": {"class_path": "loop.parts.NoisyEncoder"}},
        aligners={
            "classification": class_spec("Supervised"),
            "information": class_spec("InformationMaximisation"),
        },
        selector=class_spec("FusedArgmax", threshold=0.4),
        stages=[{"name": "alone", "epochs": 1, "target": False}, {"name": "adaptation", "epochs": 2}],
        selection={"score": "modality_agreement", "tolerance": 1.0},
    )


def run(table: Table, out: Path, *, oracle: bool, labels: Table | None = None) -> Path:
    def make(schema: Schema) -> Oracle:
        return open_oracle(table if labels is None else labels, ("here",), "there", schema, 4)

    experiment = Experiment(recipe(), table, ("here",), "there")
    adapt_table(experiment, out, RunOptions(oracle=make if oracle else None), reference=None)
    return out


@pytest.fixture(scope="module")
def tested(table_path: Path) -> Table:
    return with_test_split(read_table(table_path))


@pytest.fixture(scope="module")
def asked(tested: Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tested, tmp_path_factory.mktemp("asked") / "run", oracle=True)


def without_oracle(out: Path) -> list[dict[str, object]]:
    return [{key: value for key, value in row.items() if key != "oracle"} for row in metrics(out)]


def test_a_run_is_the_same_with_and_without_an_oracle_and_whatever_its_labels(
    asked: Path, tested: Table, tmp_path: Path
) -> None:
    """Weights, moments, generators, history, choice; the reports alone differ."""
    plain = run(tested, tmp_path / "plain", oracle=False)
    other = run(tested, tmp_path / "other", oracle=True, labels=relabelled(tested))
    assert without_oracle(plain) == without_oracle(asked) == without_oracle(other)
    assert not any("oracle" in row for row in metrics(plain))
    reports = [[row["oracle"] for row in metrics(out) if "oracle" in row] for out in (asked, other)]
    assert len(reports[0]) == len(reports[1]) == 3
    assert reports[0] != reports[1]
    for out in (asked, other):
        for name in ("last", "best"):
            first, second = checkpoint(plain, name), checkpoint(out, name)
            assert_same_tensors(first.tensors, second.tensors)
            assert first.state["progress"]["best"] == second.state["progress"]["best"]
            assert first.state["progress"]["history"] == second.state["progress"]["history"]
            assert first.state.keys() == second.state.keys()


def test_reports_are_accuracies_of_the_logits(asked: Path) -> None:
    rows = [row for row in RunFolder(asked).metrics() if row["kind"] == "epoch"]
    for row in rows:
        found = row["oracle"]["target"]["label"]
        assert set(found) == {"fused", "audio", "video"}
        assert all(0.0 <= value <= 1.0 for value in found.values())
    right = 10 * rows[-1]["oracle"]["target"]["label"]["fused"]
    assert right == pytest.approx(round(right))


def test_lessons_are_scored_where_the_stage_sees_the_target(asked: Path) -> None:
    rows = [row for row in RunFolder(asked).metrics() if row["kind"] == "epoch"]
    assert ["lessons" in row["oracle"] for row in rows] == [False, True, True]
    lessons = rows[-1]["oracle"]["lessons"]["label"]
    assert 0.0 < lessons["kept"] <= 1.0
    assert 0.0 <= lessons["score"] <= 1.0


class EvenRows(TeacherSelector):
    """Teaches class 0, and keeps every other sample."""

    def forward(self, side: Side) -> dict[str, Lesson]:
        """It sees no label."""
        assert side.batch.labels is None
        index = side.batch.index
        return {
            "label": Lesson(torch.zeros_like(index), torch.zeros_like(index), torch.ones(len(index)), index % 2 == 0)
        }


def test_lessons_are_scored_by_hand(tested: Table) -> None:
    experiment = Experiment(make_recipe(), tested, ("here",), "there")
    schema, domains = experiment.open()
    method = experiment.build(make_recipe(), schema, domains)
    method.selector = EvenRows()
    oracle = open_oracle(tested, ("here",), "there", schema, 4)
    report = oracle.report(method, torch.device("cpu"), taught=True)
    # Rows 0, 2, 4, 6, 8 are kept, and rows 0 and 6 are of class 0.
    assert report["lessons"] == {"label": pytest.approx({"score": 2 / 5, "kept": 0.5})}
    assert "lessons" not in oracle.report(method, torch.device("cpu"), taught=False)


def test_training_rows_without_labels_leave_the_lessons_out(tested: Table) -> None:
    bare = tested.with_rows(
        attrs.evolve(row, labels={"label": None}) if (row.domain, row.split) == ("there", "train") else row
        for row in tested.rows
    )
    schema, _ = Experiment(make_recipe(), bare, ("here",), "there").open()
    oracle = open_oracle(bare, ("here",), "there", schema, 4)
    assert oracle.training is None


def test_a_test_row_without_label_is_named(tested: Table) -> None:
    bare = tested.with_rows(
        attrs.evolve(row, labels={"label": None}) if row.id == "there-train-4-test" else row for row in tested.rows
    )
    with pytest.raises(DataError, match="there-train-4-test"):
        check_labels(bare, "there", "test")
    check_labels(tested, "there", "test")


def test_a_regression_is_reported_by_its_mean_absolute_error(tmp_path: Path) -> None:
    table = with_test_split(read_table(write_table(tmp_path)))
    numbers = table.with_rows(
        attrs.evolve(row, labels={"label": f"{len(str(row.labels['label'])) + 0.5 * (number % 2)}"})
        for number, row in enumerate(table.rows)
    )
    experiment = Experiment(make_recipe(), numbers, ("here",), "there")
    schema, domains = experiment.open()
    assert schema.tasks[0].is_regression
    method = experiment.build(make_recipe(), schema, domains)
    report = open_oracle(numbers, ("here",), "there", schema, 4).report(method, torch.device("cpu"), taught=True)
    truth = np.array([float(str(row.labels["label"])) for row in numbers.select("there", "test").rows])
    predicted = []
    for batch in open_oracle(numbers, ("here",), "there", schema, 4).test:
        predicted += method.eval().look(batch, "target").outputs.joint_logits("label")[:, 0].tolist()
    assert report["target"]["label"]["fused"] == pytest.approx(float(np.abs(truth - predicted).mean()), rel=1e-5)
