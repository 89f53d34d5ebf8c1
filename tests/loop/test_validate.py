"""`acclimate validate`: scores of finished runs, shift by shift, and what labels of the target say of them."""

import json
from pathlib import Path

import attrs
import numpy as np
import pytest
from acclimate.framework import RunError, adapt_table, read_recipe
from acclimate.framework.data import Table, read_table
from acclimate.framework.evaluation.rank_study import mean_ranks, spearman, study_score
from acclimate.framework.experiments.experiment import Experiment
from acclimate.framework.experiments.run_scores import ALL, make_scores
from acclimate.framework.experiments.run_validation import group_runs, summarise, validate_runs
from acclimate.framework.experiments.validation_text import shift_text, summary_text
from acclimate.framework.training.run_options import RunOptions
from bits import assert_same_bits
from scipy.stats import rankdata, spearmanr

from acclimate.__main__ import main

from .small import TARGET, VALIDATION, write_table

SMALL = {
    "model.encoders": {"features": {"class_path": "acclimate.framework.encoders.MLP"}},
    "stages.0.epochs": 1,
    "training.batch_size": 8,
}
FEW = ("entropy", "source_accuracy", "ensemble_agreement", "agreement_on_the_line")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of one seed and one of another."""
    folder = tmp_path_factory.mktemp("runs")
    path = write_table(folder)
    for name, seed in (("source-only", 0), ("coral", 0), ("mmd", 1)):
        experiment = Experiment(read_recipe(name, SMALL), read_table(path), ("here",), "there", name=str(path))
        adapt_table(experiment, folder / name, RunOptions(seed=seed), reference=None)
    return folder


def test_ranks_a_second_time() -> None:
    first, second = [3.0, 1.0, 3.0, 2.0, 0.5], [0.2, 0.4, 0.6, 0.6, 0.1]
    assert mean_ranks(np.array(first)).tolist() == pytest.approx(rankdata(first).tolist())
    assert spearman(np.array(first), np.array(second)) == pytest.approx(spearmanr(first, second).statistic)


def test_a_study_by_hand() -> None:
    found = study_score([0.5, 0.9, 0.9], [0.4, 0.8, 0.6], estimates=True)
    # Two are the highest, so half of each choice's loss is meant.
    assert found.regret == pytest.approx(0.1)
    assert found.error == pytest.approx((0.1 + 0.1 + 0.3) / 3)
    assert study_score([1.0, 1.0], [0.5, 0.7], estimates=False).spearman is None
    with pytest.raises(ValueError, match="scores must be 2, one for each candidate, but got 1"):
        study_score([1.0], [0.5, 0.7], estimates=False)


def test_runs_of_one_shift_and_seed_are_compared(folder: Path) -> None:
    runs = [folder / name for name in ("mmd", "source-only", "coral")]
    assert group_runs(runs) == [[runs[0]], runs[1:]]
    first, second = validate_runs(runs, FEW)
    assert [shift.recipes for shift in (first, second)] == [("mmd",), ("source-only", "coral")]
    assert second.rows == (VALIDATION, TARGET)
    (scored,) = second.tasks
    assert set(scored.scores) == {"entropy", "source_accuracy", "ensemble_agreement"}
    assert scored.left_out == {"agreement_on_the_line": "it compares at least 3 runs"}
    assert set(first.tasks[0].left_out) == {"agreement_on_the_line", "ensemble_agreement"}
    assert scored.accuracies is not None
    assert scored.studies["entropy"].error is None
    expected = study_score(scored.scores["source_accuracy"], scored.accuracies, estimates=True)
    assert scored.studies["source_accuracy"] == expected
    with pytest.raises(RunError, match="given twice"):
        group_runs([runs[0], runs[0]])


def test_labels_of_the_target_change_no_score(folder: Path, tmp_path: Path) -> None:
    runs = [folder / "source-only", folder / "coral"]
    table = read_table(folder / "table.csv")
    poisoned: Table = read_table(write_table(tmp_path, poison=True))
    (honest,), (wrong,) = (list(validate_runs(runs, ["all"], data)) for data in (table, poisoned))
    for name, scores in honest.tasks[0].scores.items():
        assert_same_bits(scores, wrong.tasks[0].scores[name])
    assert honest.tasks[0].accuracies != wrong.tasks[0].accuracies
    (blind,) = validate_runs(runs, FEW, table, oracle=False)
    assert (blind.tasks[0].accuracies, blind.tasks[0].studies) == (None, {})
    unlabelled = attrs.evolve(
        table,
        rows=[attrs.evolve(row, labels={}) if row.domain == "there" else row for row in table.rows],
    )
    (plain,) = validate_runs(runs, FEW, unlabelled)
    assert plain.tasks[0].accuracies is None
    assert "oracle" not in json.dumps(plain.to_json())


def test_the_summary_is_over_shifts(folder: Path) -> None:
    shift = next(validate_runs([folder / "source-only", folder / "coral"], FEW))
    (scored,) = shift.tasks
    study = scored.studies["entropy"]
    other = attrs.evolve(shift, tasks=(attrs.evolve(scored, studies={"entropy": attrs.evolve(study, regret=1.0)}),))
    found = summarise([shift, other])
    assert found["entropy"].shifts == 2
    assert found["entropy"].mean_regret == pytest.approx((study.regret + 1) / 2)
    assert found["entropy"].worst_regret == pytest.approx(1)
    assert [*found][-1] == "entropy"
    assert "Spearman" in summary_text(found)


def test_the_command_prints_and_stores(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [str(folder / "source-only"), str(folder / "coral")]
    assert main(["validate", *runs, "--validators", ",".join(FEW)]) == 0
    printed = capsys.readouterr().out
    assert "ensemble_agreement" in printed
    assert "not asked: agreement_on_the_line" in printed
    (stored,) = json.loads((folder / "validators.json").read_text(encoding="utf-8"))
    (task,) = stored["tasks"]
    assert set(task) == {"task", "scores", "seconds", "left_out", "oracle"}
    assert [len(values) for values in task["scores"].values()] == [2] * 3
    assert shift_text(next(validate_runs([Path(run) for run in runs], FEW))).splitlines()[0] in printed


def test_an_unknown_score_is_refused_by_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(folder / "coral"), "--validators", "luck"]) == 2
    assert "a score must be one of all, source_accuracy" in capsys.readouterr().err
    assert set(make_scores(["all"])) == set(ALL)
    assert list(make_scores(["acclimate.framework.validators.Entropy"])) == ["acclimate.framework.validators.Entropy"]
