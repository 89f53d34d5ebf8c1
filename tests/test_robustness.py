"""Relative and effective robustness, and curves of scores over severities."""

import io
import json
from collections.abc import Mapping

import attrs
import numpy as np
import pytest
from acclimate.framework import JOINT
from acclimate.framework.data import Samples, Schema, Table, read_table
from acclimate.framework.data.corruptions import corrupt_table, parse_plan
from acclimate.framework.evaluation.prediction import Logits
from acclimate.framework.evaluation.robustness import effective_robustness, relative_robustness
from acclimate.framework.evaluation.severity_curve import SeverityCurve, evaluate_severities
from acclimate.framework.evaluation.subsets import evaluate
from acclimate.framework.report.severity_table import severity_table
from numpy.typing import NDArray
from rich.console import Console

SIGMA = np.arange(0, 1.1, 0.1).tolist()


def test_the_area_is_that_of_multibench() -> None:
    """Its code adds trapezoids of width 0.1 over eleven severities."""
    scores = np.random.default_rng(0).uniform(0.3, 0.9, 11)
    expected = sum((scores[i] + scores[i + 1]) * 0.1 / 2 for i in range(10))
    assert relative_robustness(SIGMA, scores.tolist()) == pytest.approx(expected)
    assert relative_robustness([0.0, 0.5, 2.0], [1.0, 1.0, 0.0]) == pytest.approx(0.25 + 0.375)
    assert relative_robustness([0.0, 1.0], [0.6, 0.6]) == pytest.approx(0.6)


def test_effective_robustness_is_what_the_model_keeps_beyond_the_baseline() -> None:
    generator = np.random.default_rng(1)
    scores, baseline = generator.uniform(0.3, 0.9, (2, 11))
    gain = scores - (baseline + (scores[0] - baseline[0]))
    # MultiBench sums the gains; trapezoids count the last one half, and the first is zero.
    expected = (gain.sum() - gain[-1] / 2) / 10
    found = effective_robustness(SIGMA, scores.tolist(), baseline.tolist())
    assert found == pytest.approx(expected)
    areas = [relative_robustness(SIGMA, curve.tolist()) for curve in (scores, baseline)]
    assert found == pytest.approx(areas[0] - areas[1] - (scores[0] - baseline[0]))


def test_a_curve_that_is_only_higher_is_not_more_robust() -> None:
    assert effective_robustness([0.0, 1.0, 3.0], [0.9, 0.7, 0.5], [0.6, 0.4, 0.2]) == pytest.approx(0)
    assert effective_robustness([0.0, 1.0], [0.9, 0.5], [0.9, 0.7]) == pytest.approx(-0.1)


@pytest.mark.parametrize("severities", [[0.0], [1.0, 2.0], [0.0, 2.0, 1.0], [0.0, 1.0, 1.0], []])
def test_severities_rise_from_zero(severities: list[float]) -> None:
    with pytest.raises(ValueError, match=r"^severities must be two or more that rise from 0, but got \["):
        relative_robustness(severities, [0.5] * len(severities))


def test_there_are_as_many_scores_as_severities() -> None:
    with pytest.raises(ValueError, match=r"^scores must be as many as severities, 3, but got 2\.$"):
        relative_robustness([0.0, 1.0, 2.0], [0.5, 0.5])
    with pytest.raises(ValueError, match=r"^scores must be as many as severities, 2, but got 1\.$"):
        effective_robustness([0.0, 1.0], [0.5, 0.5], [0.5])


ROWS, CLASSES = 400, 4


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """Vectors that say their class and a number, twice: as `sound` and as `touch`."""
    folder = tmp_path_factory.mktemp("table")
    generator = np.random.default_rng(2)
    labels, numbers = generator.integers(0, CLASSES, ROWS), generator.normal(size=ROWS).round(3)
    values = np.concatenate([np.eye(CLASSES)[labels], numbers[:, np.newaxis]], axis=1).astype(np.float32)
    np.savez(folder / "values.npz", sound=values, touch=values)
    lines = ["id,domain,split,label.class,label.number,sound,touch"]
    for row in range(ROWS):
        cells = f"values.npz:sound[{row}],values.npz:touch[{row}]"
        lines.append(f"row{row},x,test,c{labels[row]},{numbers[row]},{cells}")
    (folder / "table.csv").write_text("\n".join(lines))
    return read_table(folder / "table.csv")


@pytest.fixture(scope="module")
def schema(table: Table) -> Schema:
    plain = {name: {"mean": (0.0,) * 5, "std": (1.0,) * 5} for name in table.modalities}
    return Schema.fit(table, plain)


def mean_of_both(
    inputs: Mapping[str, NDArray[np.float32]], present: NDArray[np.bool_], _lengths: object = None
) -> Logits:
    """Reads off what the vectors say, and averages it over what is there."""
    logits: dict[str, dict[str, NDArray[np.float32]]] = {"class": {}, "number": {}}
    for name, values in inputs.items():
        logits["class"][name], logits["number"][name] = values[:, :CLASSES], values[:, CLASSES:]
    for by_modality in logits.values():
        summed = by_modality["sound"] + by_modality["touch"]
        by_modality[JOINT] = (summed / present.sum(axis=1, keepdims=True)).astype(np.float32)
    return logits


def touch_alone(
    inputs: Mapping[str, NDArray[np.float32]], present: NDArray[np.bool_], _lengths: object = None
) -> Logits:
    """The same without a look at `sound`."""
    logits = {task: dict(found) for task, found in mean_of_both(inputs, present).items()}
    for by_modality in logits.values():
        by_modality[JOINT] = by_modality["touch"]
    return logits


PLANS = {severity: (parse_plan("sound=gaussian_noise", severity=severity),) for severity in range(1, 6)}


@pytest.fixture(scope="module")
def curves(table: Table, schema: Schema) -> tuple[SeverityCurve, SeverityCurve]:
    """Of a model that hears the noise, and of one that does not."""
    return evaluate_severities(mean_of_both, schema, table, PLANS), evaluate_severities(
        touch_alone, schema, table, PLANS
    )


def test_each_severity_is_an_evaluation_of_corrupted_rows(
    table: Table, schema: Schema, curves: tuple[SeverityCurve, SeverityCurve]
) -> None:
    curve, deaf = curves
    assert curve.severities == (0, 1, 2, 3, 4, 5)
    for severity, scores in curve.scores.items():
        rows = corrupt_table(table, PLANS.get(severity, ()))
        assert scores == evaluate(mean_of_both, Samples(rows, schema, labelled=True))
    accuracy = curve.oriented("class")
    assert accuracy[0] == accuracy[1] == 1
    assert accuracy[5] < accuracy[4] < 0.95
    error = curve.oriented("number")
    assert error == sorted(error, reverse=True)
    assert error[0] == pytest.approx(0, abs=1e-6)
    assert error[5] < -0.5
    assert deaf.oriented("class") == [1] * 6


def test_measures_of_a_curve(curves: tuple[SeverityCurve, SeverityCurve]) -> None:
    curve, deaf = curves
    for task in ("class", "number"):
        area = curve.relative_robustness(task)
        assert area == pytest.approx(np.trapezoid(curve.oriented(task), dx=0.2))
        assert curve.effective_robustness(task, deaf) == pytest.approx(area - deaf.relative_robustness(task), abs=1e-6)
        assert curve.effective_robustness(task, deaf) < 0 < deaf.effective_robustness(task, curve)
        assert curve.effective_robustness(task, curve) == pytest.approx(0, abs=1e-12)
    shorter = attrs.evolve(curve, scores={severity: curve.scores[severity] for severity in (0, 1)})
    with pytest.raises(
        ValueError, match=r"^baseline must have the severities \(0, 1\), but has \(0, 1, 2, 3, 4, 5\)\.$"
    ):
        shorter.effective_robustness("class", curve)


def test_a_curve_as_json_and_as_a_table(curves: tuple[SeverityCurve, SeverityCurve]) -> None:
    curve, deaf = curves
    content = json.loads(json.dumps(curve.to_json()))
    assert list(content["severities"]) == list("012345")
    assert content["severities"]["5"]["tasks"]["class"][JOINT]["accuracy"] == curve.oriented("class")[5]
    assert content["relative_robustness"]["number"] == curve.relative_robustness("number")
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(severity_table({"model": curve, "baseline": deaf}, "class"))
    lines = [line.replace("│", "").split() for line in console.export_text().splitlines()]
    assert ["0", "(clean)", "1.000", "1.000"] in lines
    assert ["5", f"{curve.oriented('class')[5]:.3f}", "1.000"] in lines
    effective = f"{curve.effective_robustness('class', deaf):+.3f}"
    assert ["effective", "robustness", effective, "0"] in lines
    console.print(severity_table({"model": curve}, "class"))
    assert "effective" not in console.export_text()
