"""A label that is a number, the whole road: a sentiment that sound and text tell, and a room that shifts both."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import numpy as np
import pytest
import torch
from acclimate.exporters import Session
from acclimate.exporters.demo import Demo, compare_runtimes, results_table, run_demo
from acclimate.framework import JOINT, Batch, Builder, Method, RecipeError, Schema, Task, read_recipe
from acclimate.framework.data import Samples, Table, read_table
from acclimate.framework.data.preprocessing import FeaturesPreprocessing
from acclimate.framework.evaluation.metrics import pearson
from acclimate.framework.evaluation.prediction import Logits, predict_subsets
from acclimate.framework.evaluation.scores import RegressionScores, SentimentScores, score_task
from acclimate.framework.evaluation.subsets import evaluate as evaluate_model
from acclimate.framework.evaluation.tables import scores_table
from acclimate.framework.experiments.saved_method import load_run
from acclimate.framework.recipes.recipe_files import recipe_names
from acclimate.framework.training.torch_predictor import TorchPredictor
from numpy.typing import NDArray
from rich.console import Console

from acclimate.__main__ import main

SIZES = {"sound": 6, "text": 4}
DOMAINS = ["--source", "studio", "--target", "street", "--device", "cpu"]
ADAPT = [*DOMAINS, "--set", "stages.0.epochs=20", "--set", "training.batch_size=16"]


def write_table(folder: Path, *, whole: bool = False) -> Path:
    """Two rooms of 150 samples; on the street, features are scaled and shifted. Every tenth sample lacks its sound."""
    generator = np.random.default_rng(3)
    directions = {name: generator.normal(size=size) for name, size in SIZES.items()}
    rows = []
    for domain, scale, shift in (("studio", 1.0, 0.0), ("street", 1.5, 1.0)):
        for number in range(150):
            sentiment = generator.uniform(-3, 3)
            row = {"id": f"{domain}{number}", "domain": domain, "split": "train" if number < 100 else "test"}
            for name, size in SIZES.items():
                clean = sentiment * directions[name] + 0.3 * generator.normal(size=size)
                np.save(folder / f"{row['id']}-{name}.npy", (scale * clean + shift).astype(np.float32))
                row[name] = f"{row['id']}-{name}.npy"
            if number % 10 == 9:
                row["sound"] = ""
            hidden = domain == "street" and number < 100
            row["label"] = "" if hidden else f"{round(sentiment)}" if whole else f"{sentiment:.3f}"
            rows.append(row)
    path = folder / "table.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table."""
    return write_table(tmp_path_factory.mktemp("rooms"))


@pytest.fixture(scope="module")
def table(path: Path) -> Table:
    """The table, read."""
    return read_table(path)


@pytest.fixture(scope="module")
def run(path: Path) -> Path:
    """A run that adapts, with source-only beside it."""
    folder = path.parent / "run"
    assert main(["adapt", "rna-uda", "--data", str(path), *ADAPT, "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def artefact(run: Path, exports: None) -> Path:
    """The run's artefact."""
    assert main(["export", str(run)]) == 0
    return run / "artefact"


Evaluate: TypeAlias = Callable[..., dict[str, Any]]


@pytest.fixture
def evaluate(path: Path, tmp_path: Path) -> Evaluate:
    """What `acclimate evaluate` writes of a model on the test rows of a room."""

    def score(model: Path, domain: str = "street") -> dict[str, Any]:
        arguments = ["--data", str(path), "--domain", domain, "--json", str(tmp_path / "scores.json")]
        assert main(["evaluate", str(model), *arguments]) == 0
        found: dict[str, Any] = json.loads((tmp_path / "scores.json").read_text())
        return found

    return score


def test_numbers_that_are_not_whole_make_a_regression_task(table: Table) -> None:
    schema = Schema.fit(table.select("studio", "train"))
    assert schema.tasks == (Task("label"),)
    assert Schema.from_config(schema.to_config()) == schema


def test_source_and_target_are_learnt(run: Path, evaluate: Evaluate) -> None:
    """In its own room the source-only model is far better than the best constant, whose error would be 1.5."""
    joint = evaluate(run / "source-only", "studio")["scores"]["tasks"]["label"][JOINT]
    assert joint["mean_absolute_error"] < 0.3
    assert joint["pearson"] > 0.95
    assert joint["sentiment"]["accuracy_2_nonzero"] > 0.9
    before, after = (evaluate(model)["scores"]["tasks"]["label"][JOINT] for model in (run / "source-only", run))
    assert after["mean_absolute_error"] < 0.85 * before["mean_absolute_error"]


def test_checkpoints_are_chosen_by_the_error_on_the_source(run: Path) -> None:
    """No target-side score fits a number, so whichever a recipe names, the least error on the source counts."""
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    errors = [-row["source_accuracy"] for row in rows if row["kind"] == "epoch"]
    assert all(row["target"] == {} for row in rows if row["kind"] == "epoch")
    summary = json.loads((run / "summary.json").read_text())
    assert summary["best"]["epoch"] == errors.index(min(errors))
    assert summary["source_only"] == summary["falls_below_source_only"] == {}


def test_terms_without_classes_are_trained_and_the_others_absent(run: Path) -> None:
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    terms = next(row["losses"] for row in rows if row["kind"] == "step")
    assert {name for name in terms if "/" in name} == {
        "classification/source/joint",
        *("rna/global/source", "rna/global/target", "rna/cross/sound", "rna/cross/text"),
        *("domain/sound", "domain/text"),
    }


def test_a_run_says_what_was_not_checked(path: Path, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["adapt", "rna-uda", "--data", str(path), *ADAPT, "--out", str(run), "--resume"]) == 0
    text = capsys.readouterr().out
    best = json.loads((run / "summary.json").read_text())["best"]["source_accuracy"]
    assert f"source mean absolute error {-best:.3f}" in text
    assert "whether a target got worse is not checked" in text


def test_torch_and_onnx_score_the_same(run: Path, artefact: Path, evaluate: Evaluate) -> None:
    in_torch, in_onnx = evaluate(run), evaluate(artefact)
    assert (in_torch["runtime"], in_onnx["runtime"]) == ("torch", "onnx")
    assert_close(in_torch["scores"], in_onnx["scores"])
    assert_close(in_torch["drop"], in_onnx["drop"])
    drop = in_onnx["drop"]["label"]
    assert set(drop) == {"sound+text", "sound", "text"}
    assert drop["sound"]["excluded"] == 5
    assert drop["sound+text"]["loss"] == 0
    assert drop["text"]["loss"] == pytest.approx(
        drop["text"]["mean_absolute_error"] - drop["sound+text"]["mean_absolute_error"], abs=1e-5
    )


def assert_close(first: object, second: object) -> None:
    """Equal plain data, numbers to 1e-5."""
    if isinstance(first, dict) and isinstance(second, dict):
        assert first.keys() == second.keys()
        for key, value in first.items():
            assert_close(value, second[key])
    else:
        assert first == pytest.approx(second, abs=1e-5)


def test_the_artefact_predicts_the_number(
    run: Path, artefact: Path, table: Table, capsys: pytest.CaptureFixture[str]
) -> None:
    method, schema, _ = load_run(run)
    samples = Samples(table.select("street", "test"), schema, labelled=True)
    predicted = predict_subsets(TorchPredictor(method.model), samples, [schema.modalities], 256)[schema.modalities]
    assert predicted is not None
    files = {name: str(table.root / f"{samples[1].id}-{name}.npy") for name in SIZES}
    prediction = Session(artefact).predict(files)
    assert prediction.labels == {"label": pytest.approx(float(predicted.logits["label"][JOINT][1, 0]), abs=1e-4)}
    assert prediction.probabilities == {}
    options = [argument for name, file in files.items() for argument in (f"--{name}", file)]
    capsys.readouterr()
    assert main(["predict", str(artefact), *options]) == 0
    assert main(["predict", str(artefact), *options, "--json"]) == 0
    line, document = capsys.readouterr().out.splitlines()
    assert line == f"label: {prediction.labels['label']:.4g}   from sound, text"
    assert json.loads(document) == {
        "labels": dict(prediction.labels),
        "probabilities": {},
        "modalities": ["sound", "text"],
    }


@pytest.mark.usefixtures("exports")
def test_the_demo_reports_errors(path: Path, tmp_path: Path) -> None:
    demo = Demo(str(path), ("studio",), "street", ("source-only",), settings={"stages.0.epochs": 2})
    (found,) = run_demo(demo, tmp_path)["runs"]
    assert found["measure"] == "mean absolute error"
    assert found["drop"]["sound+text"]["torch"] == found["target"]["fused"] > found["source"]["fused"]
    assert found["parity"]["argmax_agreement"] == 1
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(results_table(demo, [found]))
    assert "Mean absolute error on recordings" in console.export_text()


def test_runtimes_whose_numbers_differ_do_not_agree(run: Path, table: Table) -> None:
    """Of one output per row, the largest is always the same: it says nothing of a number."""
    method, schema, _ = load_run(run)
    samples = Samples(table.select("street", "test"), schema, labelled=True)
    model = TorchPredictor(method.model)

    def other(inputs: Mapping[str, NDArray[np.float32]], present: NDArray[np.bool_], _lengths: object = None) -> Logits:
        by_modality = model(inputs, present)["label"]
        return {"label": {name: values + (0.01 if name == JOINT else 0.0) for name, values in by_modality.items()}}

    assert compare_runtimes({"one": model, "other": model}, samples)["argmax_agreement"] == 1
    found = compare_runtimes({"one": model, "other": other}, samples)
    assert found["argmax_agreement"] == pytest.approx(2 / 3)
    assert found["max_abs"] == pytest.approx(0.01, rel=1e-3)


def test_whole_numbers_are_a_regression_where_the_user_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(write_table(tmp_path, whole=True))
    assert Schema.fit(read_table(path).select("studio")).tasks[0].classes is not None
    arguments = ["adapt", "source-only", "--data", path, *DOMAINS, "--set", "stages.0.epochs=1"]
    assert main([*arguments, "--task", "label=regression", "--out", str(tmp_path / "run")]) == 0
    assert load_run(tmp_path / "run")[1].tasks == (Task("label"),)
    assert main(["data", "check", path, "--task", "label=regression"]) == 0
    text = capsys.readouterr().out
    assert "labelled" in text
    assert "no problems" in text
    for given, message in (("label", "--task takes NAME=classes or NAME"), ("mood=regression", "but got 'mood'")):
        assert main([*arguments, "--task", given, "--out", str(tmp_path / "other")]) == 2
        assert message in capsys.readouterr().err


def test_scores_of_a_sentiment_and_of_another_number() -> None:
    task, generator = Task("score"), np.random.default_rng(0)
    labels = generator.uniform(-3, 3, 80).round(1)
    labels[:5] = 0
    predictions = labels + generator.normal(size=80)
    found = score_task(task, labels, predictions[:, np.newaxis])
    assert isinstance(found, RegressionScores)
    assert found.sentiment is not None
    signed = labels != 0
    assert found.sentiment.accuracy_2_nonzero == np.mean((predictions > 0)[signed] == (labels > 0)[signed])
    assert found.sentiment.accuracy_2 != found.sentiment.accuracy_2_nonzero
    assert json.loads(json.dumps(found.to_json()))["sentiment"]["accuracy_7"] == found.sentiment.accuracy_7
    for other in (labels * 1.1, np.abs(labels), np.zeros(80)):
        assert SentimentScores.of(other, predictions) is None
        plain = score_task(task, other, predictions[:, np.newaxis])
        assert plain == RegressionScores(80, float(np.abs(other - predictions).mean()), pearson(other, predictions))


def test_tables_show_a_sentiment(table: Table, run: Path) -> None:
    method, schema, _ = load_run(run)
    scores = evaluate_model(
        TorchPredictor(method.model), Samples(table.select("studio", "test"), schema, labelled=True)
    )
    joint = scores.tasks["label"][JOINT]
    assert isinstance(joint, RegressionScores)
    assert joint.sentiment is not None
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(scores_table(scores, "label"))
    text = console.export_text()
    assert f" {joint.sentiment.accuracy_2:.3f}/ " in text
    assert f" {joint.sentiment.accuracy_2_nonzero:.3f} " in text
    lines = {line.split()[1]: line for line in text.splitlines() if line.startswith("│")}
    assert f"{joint.sentiment.accuracy_7:.3f}" in lines["fused"]
    # A modality whose samples hold no sentiment has no such measures.
    plain = attrs.evolve(joint, sentiment=None)
    console.print(scores_table(attrs.evolve(scores, tasks={"label": {JOINT: joint, "sound": plain}}), "label"))
    assert next(line for line in console.export_text().splitlines() if "sound" in line).count(" - ") == 4


SCHEMA = Schema(
    {name: FeaturesPreprocessing([0.0] * size, [1.0] * size) for name, size in SIZES.items()}, (Task("label"),)
)


def make_batch(rows: int, *, labelled: bool) -> Batch:
    generator = torch.Generator().manual_seed(rows)
    inputs = {name: torch.randn(rows, SIZES[name], generator=generator) for name in sorted(SIZES)}
    return Batch(
        inputs=inputs,
        present=torch.ones(rows, 2, dtype=torch.bool),
        domain=torch.zeros(rows, dtype=torch.int64),
        index=torch.arange(rows),
        ids=tuple(map(str, range(rows))),
        labels={"label": inputs["sound"].sum(dim=1)} if labelled else None,
    )


def build(name: str) -> Method | None:
    """A recipe's Method for a number; None where the recipe says that it needs classes."""
    try:
        return Builder(read_recipe(name)).build(SCHEMA, {"source": 6, "target": 5})
    except RecipeError as error:
        if "'label'" in str(error) and "classes" in str(error):
            return None
        raise


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_trains_on_numbers_or_says_why_not(name: str) -> None:
    method = build(name)
    if method is None:
        return
    optimizer = torch.optim.SGD(method.parameters(), lr=1e-3)
    for stage in read_recipe(name).stages:
        source = make_batch(6, labelled=True) if stage.source else None
        target = make_batch(5, labelled=False) if stage.target else None
        if target is not None and method.selector is not None:
            with torch.no_grad():
                method.selector.study([method.eval().look(target, "target")])
        losses = method.train().step(source, target, progress=0.5, generator=torch.Generator().manual_seed(0))
        assert losses.total.isfinite()
        optimizer.zero_grad()
        losses.total.backward()
        gradients = {key: value.grad for key, value in method.named_parameters() if value.grad is not None}
        assert all(value.isfinite().all() for value in gradients.values())
        # A stage without source and without classes may have nothing to learn.
        moved = any(key.startswith("model.encoders.sound.") and value.any() for key, value in gradients.items())
        assert moved or not stage.source
        optimizer.step()
