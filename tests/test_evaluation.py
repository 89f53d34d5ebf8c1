"""Evaluation of split and subsets, in torch and in ONNX Runtime, on a table with missing modalities."""

import csv
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
import torch
from acclimate.adapters.late_sum import LateSum
from acclimate.exporters.onnx import export_onnx
from acclimate.exporters.predictor import SessionPredictor
from acclimate.exporters.session import Session
from acclimate.framework import JOINT, MultimodalModel, RunError
from acclimate.framework.data import Samples, Schema, Table, read_table
from acclimate.framework.encoders import MLP
from acclimate.framework.evaluation.intervals import Confidence, Interval
from acclimate.framework.evaluation.metrics import accuracy, balanced_accuracy, pearson
from acclimate.framework.evaluation.prediction import Logits
from acclimate.framework.evaluation.scores import (
    ClassificationScores,
    RegressionScores,
    sample_errors,
    score_task,
)
from acclimate.framework.evaluation.subsets import DropTable, SubsetScores, drop_table, evaluate
from acclimate.framework.evaluation.tables import scores_table
from acclimate.framework.layout import modality_subsets
from acclimate.framework.report.subset_tables import subset_table
from acclimate.framework.training.torch_predictor import TorchPredictor
from numpy.typing import NDArray
from rich.console import Console

CLASSES = ("cut", "stir", "wash")
MODALITIES = ("audio", "gaze", "video")
ROWS = 53
GENERATOR = np.random.default_rng(5)
LABELS = GENERATOR.integers(0, 3, ROWS)
VALENCE = GENERATOR.normal(size=ROWS).round(3)
# Four numbers a modality: one for each class and one for the valence, drowned in noise.
VALUES = {
    name: np.concatenate([np.eye(3)[LABELS], VALENCE[:, np.newaxis]], axis=1) + noise * GENERATOR.normal(size=(ROWS, 4))
    for name, noise in zip(MODALITIES, (0.4, 1.0, 0.8), strict=True)
}
# Every third sample lacks gaze, and the seven samples after row 20 have gaze alone.
PRESENT = np.ones((ROWS, 3), dtype=bool)
PRESENT[::3, 1] = False
PRESENT[20:27] = [False, True, False]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """The rows above as files."""
    folder = tmp_path_factory.mktemp("table")
    rows = []
    for row in range(ROWS):
        cells = dict.fromkeys(MODALITIES, "")
        for column, name in enumerate(MODALITIES):
            if PRESENT[row, column]:
                cells[name] = f"{name}{row}.npy"
                np.save(folder / cells[name], VALUES[name][row].astype(np.float32))
        labels = {"label.action": CLASSES[LABELS[row]], "label.valence": str(VALENCE[row])}
        rows.append({"id": f"row {row}", "domain": "kitchen", "split": "test", **labels, **cells})
    with (folder / "table.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return read_table(folder / "table.csv")


@pytest.fixture(scope="module")
def samples(table: Table) -> Samples:
    """Not normalised, so that the numbers above come through."""
    plain = {name: {"mean": (0.0,) * 4, "std": (1.0,) * 4} for name in MODALITIES}
    return Samples(table, Schema.fit(table, plain), labelled=True)


def late_sum(inputs: Mapping[str, NDArray[Any]], present: NDArray[np.bool_], _lengths: object = None) -> Logits:
    """Reads off what the rows say, sums it over modalities, and checks what it is given."""
    assert present.any(axis=1).all()
    assert tuple(inputs) == MODALITIES
    logits: dict[str, dict[str, NDArray[np.float32]]] = {"action": {}, "valence": {}}
    for column, (name, values) in enumerate(inputs.items()):
        assert not values[~present[:, column]].any()
        logits["action"][name], logits["valence"][name] = values[:, :3], values[:, 3:]
    for by_modality in logits.values():
        by_modality[JOINT] = np.sum(list(by_modality.values()), axis=0)
    return logits


def expected_joint(subset: tuple[str, ...]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which rows have some of a subset, and the sum over it."""
    kept = PRESENT & np.isin(MODALITIES, subset)
    summed = sum(VALUES[name] * kept[:, [column]] for column, name in enumerate(MODALITIES))
    return kept.any(axis=1), np.asarray(summed)


@pytest.fixture(scope="module")
def model(samples: Samples) -> MultimodalModel:
    """A model with random weights and dropout, left in training mode."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoders = {name: MLP(in_features=4, hidden=(8,), out_features=6, dropout=0.5) for name in MODALITIES}
        return MultimodalModel(encoders, samples.schema.tasks, LateSum())


@pytest.mark.parametrize("batch_size", [1, 7, ROWS, 1000])
def test_scores_every_sample_at_any_batch_size(samples: Samples, batch_size: int) -> None:
    scores = evaluate(late_sum, samples, batch_size)
    assert scores.samples == ROWS
    _, summed = expected_joint(MODALITIES)
    action, valence = scores.tasks["action"][JOINT], scores.tasks["valence"][JOINT]
    assert isinstance(action, ClassificationScores)
    assert isinstance(valence, RegressionScores)
    assert action.samples == valence.samples == ROWS
    assert action.accuracy == pytest.approx(accuracy(LABELS, summed[:, :3].argmax(axis=1)))
    assert action.balanced_accuracy == pytest.approx(balanced_accuracy(LABELS, summed[:, :3].argmax(axis=1)))
    assert action.k == 3
    assert action.top_k_accuracy == 1
    assert valence.mean_absolute_error == pytest.approx(np.abs(VALENCE - summed[:, 3]).mean(), abs=1e-6)
    assert valence.pearson == pytest.approx(pearson(VALENCE, summed[:, 3]), abs=1e-6)
    assert 0.3 < action.accuracy < 1


def test_a_modality_is_scored_where_it_is_there(samples: Samples) -> None:
    scores = evaluate(late_sum, samples).tasks["action"]
    assert tuple(scores) == (JOINT, *MODALITIES)
    for column, name in enumerate(MODALITIES):
        rows = PRESENT[:, column]
        found = scores[name]
        assert isinstance(found, ClassificationScores)
        assert found.samples == rows.sum() < ROWS
        assert found.accuracy == pytest.approx(accuracy(LABELS[rows], VALUES[name][rows, :3].argmax(axis=1)))


def test_a_modality_that_no_sample_has_is_not_scored(samples: Samples) -> None:
    only_gaze = Samples(samples.table.with_rows(samples.table.rows[20:27]), samples.schema, labelled=True)
    assert tuple(evaluate(late_sum, only_gaze).tasks["action"]) == (JOINT, "gaze")
    rows = drop_table(late_sum, only_gaze).tasks["action"]
    assert rows[("audio", "video")].scores is None
    assert rows[("audio", "video")].loss is None
    assert rows[("audio", "video")].excluded == 7
    assert rows[("gaze",)].loss == 0


@pytest.mark.parametrize("batch_size", [5, 1000])
def test_drop_table_scores_each_subset_on_the_samples_that_have_some_of_it(samples: Samples, batch_size: int) -> None:
    table = drop_table(late_sum, samples, batch_size)
    rows = table.tasks["action"]
    assert len(rows) == 7
    assert next(iter(rows)) == MODALITIES
    _, everything = expected_joint(MODALITIES)
    for subset, row in rows.items():
        kept, summed = expected_joint(subset)
        found = accuracy(LABELS[kept], summed[kept, :3].argmax(axis=1))
        before = accuracy(LABELS[kept], everything[kept, :3].argmax(axis=1))
        assert row.excluded == ROWS - kept.sum()
        assert isinstance(row.scores, ClassificationScores)
        assert row.scores.samples == kept.sum()
        assert row.scores.accuracy == pytest.approx(found)
        assert row.loss == pytest.approx(before - found)
        regression = table.tasks["valence"][subset]
        added = np.abs(VALENCE - summed[:, 3])[kept].mean() - np.abs(VALENCE - everything[:, 3])[kept].mean()
        assert regression.loss == pytest.approx(added, abs=1e-6)
    assert rows[MODALITIES].loss == 0
    assert rows[("gaze",)].loss != 0
    assert rows[("gaze",)].excluded > 0


def test_a_dropped_encoder_is_not_run(samples: Samples, model: MultimodalModel) -> None:
    rows_seen = dict.fromkeys(MODALITIES, 0)
    hooks = [
        encoder.register_forward_pre_hook(
            lambda _, inputs, name=name: rows_seen.__setitem__(name, rows_seen[name] + len(inputs[0].values))
        )
        for name, encoder in model.encoders.items()
    ]
    drop_table(TorchPredictor(model), samples)
    for hook in hooks:
        hook.remove()
    # Each modality is in four of the seven subsets.
    assert rows_seen == {name: 4 * int(PRESENT[:, column].sum()) for column, name in enumerate(MODALITIES)}


@pytest.mark.usefixtures("exports")
def test_torch_and_onnx_runtime_give_the_same_tables(samples: Samples, model: MultimodalModel, tmp_path: Path) -> None:
    export_onnx(model, tmp_path / "artefact", samples.schema)
    in_torch, in_onnx = TorchPredictor(model), SessionPredictor(Session(tmp_path / "artefact"))
    found = evaluate(in_onnx, samples, 9).to_json()
    assert_close(found, evaluate(in_torch, samples, 20).to_json())
    assert_close(drop_table(in_onnx, samples, 9).to_json(), drop_table(in_torch, samples, 20).to_json())
    assert len(found["tasks"]["action"]) == 4


def assert_close(first: object, second: object) -> None:
    """Equal plain data, numbers to 1e-5."""
    if isinstance(first, dict) and isinstance(second, dict):
        assert list(first) == list(second)
        for key, value in first.items():
            assert_close(value, second[key])
    else:
        assert first == pytest.approx(second, abs=1e-5)


def test_a_torch_predictor_leaves_the_model_as_it_was(samples: Samples, model: MultimodalModel) -> None:
    model.train()
    model.encoders["gaze"].eval()
    before = [module.training for module in model.modules()]
    first = evaluate(TorchPredictor(model), samples)
    assert [module.training for module in model.modules()] == before
    assert first == evaluate(TorchPredictor(model), samples)
    model.train()


def test_results_are_json(samples: Samples) -> None:
    scores = json.loads(json.dumps(evaluate(late_sum, samples).to_json(), allow_nan=False))
    assert scores["tasks"]["action"]["gaze"]["samples"] == PRESENT[:, 1].sum()
    table = json.loads(json.dumps(drop_table(late_sum, samples).to_json(), allow_nan=False))
    assert set(table["action"]) >= {"audio+gaze+video", "audio+video", "gaze"}
    assert table["valence"]["gaze"]["excluded"] == (~PRESENT[:, 1]).sum()


def test_scores_have_intervals_where_they_are_asked_for(samples: Samples) -> None:
    confidence = Confidence(level=0.8, seed=4)
    scores = evaluate(late_sum, samples, confidence=confidence)
    for task, measures in (
        ("action", {"accuracy", "balanced_accuracy"}),
        ("valence", {"mean_absolute_error", "pearson"}),
    ):
        for found in scores.tasks[task].values():
            assert set(found.intervals) == measures
            for name, interval in found.intervals.items():
                assert interval.low <= getattr(found, name) <= interval.high
    plain = evaluate(late_sum, samples).to_json()
    assert "intervals" not in plain["tasks"]["action"][JOINT]
    with_intervals = scores.to_json()["tasks"]["action"][JOINT]
    assert set(with_intervals.pop("intervals")) == {"accuracy", "balanced_accuracy"}
    assert with_intervals == plain["tasks"]["action"][JOINT]


def test_the_loss_of_a_drop_has_an_interval_of_paired_differences(samples: Samples) -> None:
    found = drop_table(late_sum, samples, confidence=Confidence())
    _, everything = expected_joint(MODALITIES)
    for subset, row in found.tasks["valence"].items():
        if subset == MODALITIES:
            assert row.loss_interval is None
            continue
        kept, summed = expected_joint(subset)
        added = (np.abs(VALENCE - summed[:, 3]) - np.abs(VALENCE - everything[:, 3]))[kept]
        assert row.loss_interval is not None
        assert row.loss is not None
        assert row.loss_interval.low < row.loss < row.loss_interval.high
        # The normal interval of a mean, which a bootstrap comes near.
        half = 1.96 * added.std() / np.sqrt(len(added))
        assert row.loss_interval.low == pytest.approx(row.loss - half, abs=0.4 * half)
        assert row.loss_interval.high == pytest.approx(row.loss + half, abs=0.4 * half)
    for row in drop_table(late_sum, samples).tasks["valence"].values():
        assert row.loss_interval is None


def test_intervals_are_the_same_each_time_and_whatever_the_batches(samples: Samples) -> None:
    confidence = Confidence(seed=1)
    first = drop_table(late_sum, samples, 7, confidence).to_json()
    assert first == drop_table(late_sum, samples, 1000, confidence).to_json()
    assert first != drop_table(late_sum, samples, 7, Confidence(seed=2)).to_json()


def test_errors_of_samples_are_what_scores_are_means_of(samples: Samples) -> None:
    action, valence = samples.schema.tasks
    _, summed = expected_joint(MODALITIES)
    for task, labels, logits in ((action, LABELS, summed[:, :3]), (valence, VALENCE, summed[:, 3:])):
        scores, errors = score_task(task, labels, logits), sample_errors(task, labels, logits)
        assert errors.mean() == pytest.approx(1 - scores.main if scores.higher_is_better else scores.main)


def printed(*tables: object, width: int = 80) -> str:
    """Tables as a terminal shows them."""
    console = Console(width=width, record=True, file=sys.stderr)
    for table in tables:
        console.print(table)
    return console.export_text()


def test_tables_show_what_was_found(samples: Samples) -> None:
    found = drop_table(late_sum, samples, confidence=Confidence())
    for task in ("action", "valence"):
        row = found.tasks[task][("gaze",)]
        assert row.scores is not None
        assert row.loss is not None
        assert row.loss_interval is not None
        lines = printed(subset_table(found, task, "title")).splitlines()
        first = next(number for number, line in enumerate(lines) if line.split()[:3] == ["│", "gaze", "│"])
        assert f"{row.scores.main:.3f}" in lines[first]
        assert f"{row.loss:+.3f}" in lines[first]
        assert f" {row.excluded} " in lines[first]
        interval = row.scores.intervals[row.scores.main_name.replace(" ", "_")]
        assert f"{interval.low:.3f}-{interval.high:.3f}" in lines[first + 1]
        assert f"{row.loss_interval.low:.3f}" in lines[first + 1]
        assert f"{row.loss_interval.high:.3f}" in lines[first + 1]
    scores = evaluate(late_sum, samples)
    text = printed(scores_table(scores, "action"), scores_table(scores, "valence"))
    assert "fused" in text
    assert "Pearson" in text


def test_tables_without_intervals_have_one_line_a_subset(samples: Samples) -> None:
    text = printed(subset_table(drop_table(late_sum, samples), "action"))
    assert len(text.splitlines()) == 7 + 4


def test_tables_stay_whole_in_80_columns_with_long_names_and_numbers(samples: Samples) -> None:
    names = ("accelerometer", "electrodermal activity", "photoplethysmogram", "[bold]")
    found = drop_table(late_sum, samples, confidence=Confidence()).tasks["valence"]
    row = found[("gaze",)]
    assert isinstance(row.scores, RegressionScores)
    large = attrs.evolve(
        row.scores,
        mean_absolute_error=12345.678,
        intervals={"mean_absolute_error": Interval(11234.567, 13456.789), "pearson": Interval(-0.123, 0.345)},
    )
    rows = {
        subset: attrs.evolve(row, subset=subset, scores=large, loss_interval=Interval(-123.456, 1234.567))
        for subset in modality_subsets(names)
    }
    text = printed(subset_table(DropTable({"valence": rows}), "valence"))
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "…" not in text
    for number in ("12346", "11235-13457", "-0.123 to 0.345", "-123.5 to 1235", "[bold]"):
        assert number in text


def test_a_split_without_one_score_still_has_its_table() -> None:
    nobody = {subset: SubsetScores(subset, None, None, 7) for subset in modality_subsets(MODALITIES)}
    text = printed(subset_table(DropTable({"action": nobody}), "action"))
    assert text.count("│ -") + text.count(" - │") >= 7


def test_an_unlabelled_split_is_refused(samples: Samples) -> None:
    unlabelled = Samples(samples.table, samples.schema, labelled=False)
    with pytest.raises(ValueError, match="samples must be labelled and at least one"):
        evaluate(late_sum, unlabelled)
    with pytest.raises(ValueError, match="samples must be labelled and at least one, but got 0"):
        evaluate(late_sum, Samples(samples.table.with_rows([]), samples.schema, labelled=True))
    with pytest.raises(ValueError, match="batch_size must be positive, but got 0"):
        evaluate(late_sum, samples, 0)


def test_logits_that_are_not_finite_are_refused_by_sample(samples: Samples) -> None:
    def diverged(inputs: Mapping[str, NDArray[Any]], present: NDArray[np.bool_], _lengths: object = None) -> Logits:
        logits = {task: dict(found) for task, found in late_sum(inputs, present).items()}
        logits["action"][JOINT] = logits["action"][JOINT].copy()
        logits["action"][JOINT][2, 1] = np.nan
        return logits

    with pytest.raises(RunError, match="task 'action', joint, has others for sample 'row 12'"):
        evaluate(diverged, Samples(samples.table.with_rows(samples.table.rows[10:]), samples.schema, labelled=True))


def test_logits_of_another_shape_or_name_are_refused(samples: Samples) -> None:
    def without_joint(
        inputs: Mapping[str, NDArray[Any]], present: NDArray[np.bool_], _lengths: object = None
    ) -> Logits:
        return {
            task: {name: values for name, values in found.items() if name != JOINT}
            for task, found in late_sum(inputs, present).items()
        }

    def too_few(inputs: Mapping[str, NDArray[Any]], present: NDArray[np.bool_], _lengths: object = None) -> Logits:
        return {
            task: {name: values[1:] for name, values in found.items()}
            for task, found in late_sum(inputs, present).items()
        }

    with pytest.raises(ValueError, match=r"task 'action' for audio, gaze, joint, video, but .* audio, gaze, v"):
        evaluate(without_joint, samples)
    with pytest.raises(ValueError, match=r"logits of task 'action', audio, must be of shape \(53, 3\)"):
        evaluate(too_few, samples)


def test_scores_need_logits_of_the_tasks_shape(samples: Samples) -> None:
    with pytest.raises(ValueError, match=r"logits of task 'action' must be of shape \(53, 3\), but got \(53, 2\)"):
        score_task(samples.schema.tasks[0], LABELS, np.zeros((ROWS, 2)))


@pytest.mark.parametrize(
    "name",
    [
        "framework.evaluation.tables",
        "framework.report.evaluation_picture",
        "framework.report.subset_tables",
        "exporters.predictor",
    ],
)
def test_needs_no_torch(name: str) -> None:
    code = f"import sys, acclimate.{name}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
