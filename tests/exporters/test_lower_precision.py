"""Artefacts in lower precision: what is measured, what is refused, and that absent slots reach nothing."""

import json
from collections.abc import Mapping
from functools import cache
from math import inf
from pathlib import Path
from typing import Any, cast

import attrs
import numpy as np
import pytest
import torch
from acclimate.adapters.late_sum import LateSum
from acclimate.exporters import Session, export_onnx, lower_precision
from acclimate.exporters.artefact import ArtefactConfig, Form, Precision
from acclimate.exporters.lower_precision import Evidence, check_thresholds, choose_rows
from acclimate.exporters.onnx import ExportReport
from acclimate.exporters.precision_report import Agreement, PrecisionReport, Timing
from acclimate.framework import Encoder, ExportError, MultimodalModel, Task
from acclimate.framework.data.arrays import Arrays
from acclimate.framework.data.schema import Schema
from acclimate.framework.encoders import MLP, LogMelCNN, SmallCNN, TransformerText
from bits import assert_same_bits
from encoders.encoder_cases import CASES
from numpy.typing import NDArray

pytestmark = pytest.mark.usefixtures("exports")

TASKS = (Task("label", ("a", "b", "c")), Task("size"))
PARTS = {name: CASES[case].preprocessing for name, case in (("image", "small_cnn"), ("sound", "log_mel_cnn"))}
SCHEMA = Schema({**PARTS, "text": CASES["transformer_text"].preprocessing}, TASKS)
BERT = {"model_type": "bert", "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}


def draw(rows: int, seed: int, *, labelled: bool = True) -> Arrays:
    """Rows whose class shows in each modality; every fifth lacks one."""
    generator = np.random.default_rng(seed)
    classes = generator.integers(3, size=rows)
    inputs: dict[str, Any] = {
        name: part.random(np.random.default_rng((seed, column)), rows)
        for column, (name, part) in enumerate(SCHEMA.preprocessing.items())
    }
    present = np.ones((rows, 3), np.bool_)
    for row, label in enumerate(classes):
        inputs["image"][row, :, 7 * label : 7 * (label + 1)] += 2
        inputs["sound"][row] *= 10.0**-label
        inputs["text"][row] = 4 + (inputs["text"][row] % 3) + 3 * label
        present[row, row // 5 % 3] = row % 5 > 0
    lengths = {
        name: np.full(rows, part.shape[part.time_axis])
        for name, part in SCHEMA.preprocessing.items()
        if part.time_axis is not None
    }
    labels = {"label": classes, "size": classes.astype(np.float32)} if labelled else None
    ids, domains = tuple(f"row {row}" for row in range(rows)), ("here",) * rows
    return Arrays(inputs, present, labels, ids, domains, np.arange(rows), lengths)


@pytest.fixture(scope="module")
def model() -> MultimodalModel:
    """A convolutional, a mel and a transformer encoder that have learnt the classes."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoders: dict[str, Encoder] = {
            "image": SmallCNN(1, 28, 20, out_features=8, channels=8),
            "sound": LogMelCNN(8000, out_features=8, width=8),
            "text": TransformerText(20, 0, 9, config={**BERT, "intermediate_size": 24}, out_features=8),
        }
        made = MultimodalModel(encoders, TASKS, LateSum())
        optimiser = torch.optim.Adam(made.parameters(), lr=3e-3)
        for step in range(40):
            rows = draw(16, seed=100 + step)
            outputs = made(
                {name: torch.from_numpy(values) for name, values in rows.inputs.items()}, torch.from_numpy(rows.present)
            )
            assert rows.labels is not None
            classes, sizes = (torch.from_numpy(rows.labels[task.name]) for task in TASKS)
            loss = torch.nn.functional.cross_entropy(outputs.logits["label"]["joint"], classes)
            loss = loss + (outputs.logits["size"]["joint"][:, 0] - sizes).abs().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return made.eval()


@pytest.fixture(scope="module")
def exported(
    model: MultimodalModel, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, tuple[Path, ExportReport]]:
    """Every form, in one precision or the other; `int8-mask` is the one in which rows could reach each other."""
    found: dict[str, tuple[Path, ExportReport]] = {}
    for name in ("float32-split", "float16-split", "int8-branch", "int8-mask"):
        precision, _, form = name.partition("-")
        folder = tmp_path_factory.mktemp(name)
        report = export_onnx(
            model,
            folder,
            SCHEMA,
            form=cast("Form", form),
            precision=cast("Precision", precision),
            samples=draw(120, seed=1, labelled=False),
            labelled=draw(60, seed=2),
            minimum_agreement=0.9,
            maximum_accuracy_drop=0.1,
            maximum_slowdown=inf,
        )
        found[name] = folder, report
    return found


@pytest.mark.parametrize("name", ["float16-split", "int8-branch", "int8-mask"])
def test_sessions_say_nearly_the_same_and_absent_slots_reach_nothing(
    name: str, exported: Mapping[str, tuple[Path, ExportReport]]
) -> None:
    session, reference = Session(exported[name][0]), Session(exported["float32-split"][0])
    assert session.config.precision == name.partition("-")[0]
    rows = draw(30, seed=3)
    clean = session.run(rows.inputs, rows.present, rows.lengths)
    dirty = {key: values.copy() for key, values in rows.inputs.items()}
    for column, key in enumerate(SCHEMA.modalities):
        dirty[key][~rows.present[:, column]] = np.nan if dirty[key].dtype.kind == "f" else 7
    expected = reference.run(rows.inputs, rows.present, rows.lengths)
    for output, values in session.run(dirty, rows.present, rows.lengths).items():
        assert_same_bits(values, clean[output])
        scale = np.abs(expected[output]).max()
        np.testing.assert_allclose(values, expected[output], atol=(0.01 if "float16" in name else 0.15) * scale)


def test_a_report_says_what_it_costs_and_brings(exported: Mapping[str, tuple[Path, ExportReport]]) -> None:
    report = exported["int8-branch"][1].precision
    assert report is not None
    assert {name: change.method for name, change in report.encoders.items()} == {
        "image": "static",
        "sound": "static",
        "text": "dynamic",
    }
    assert (report.calibrated, report.samples, report.labelled) == (60, 60, 60)
    assert list(report.tasks) == ["label", "size"]
    assert list(report.tasks["label"]) == ["joint", "image", "sound", "text"]
    fused, number = report.tasks["label"]["joint"], report.tasks["size"]["joint"]
    assert fused.rows == 60 > report.tasks["label"]["image"].rows
    assert fused.agreement >= 0.9
    assert 0.99 < fused.cosine < 1
    assert 0.99 < number.agreement < 1
    assert fused.float32_score is not None
    assert fused.score is not None
    assert fused.float32_score > 0.9
    assert fused.score > 0.8
    assert number.score == pytest.approx(number.float32_score, abs=0.1)
    assert report.encoders["image"].size < 0.5 * report.encoders["image"].float32_size
    assert report.size < 0.9 * report.float32_size
    assert [timing.batch for timing in report.timings] == [1, 16]
    assert all(timing.milliseconds > 0 and timing.float32_milliseconds > 0 for timing in report.timings)
    half = exported["float16-split"][1].precision
    assert half is not None
    assert (half.calibrated, half.samples) == (0, 120)
    assert half.tasks["label"]["joint"].cosine > fused.cosine
    assert exported["float32-split"][1].precision is None


def test_files_are_smaller(exported: Mapping[str, tuple[Path, ExportReport]]) -> None:
    full = Path(exported["float32-split"][0])
    half = exported["float16-split"][0]
    for encoder in ("image", "text"):
        file = f"encoders/{encoder}.onnx"
        assert (half / file).stat().st_size < 0.85 * (full / file).stat().st_size
    assert (half / "encoders/image.onnx").stat().st_size < 0.6 * (full / "encoders/image.onnx").stat().st_size


def test_the_artefact_says_what_it_costs_but_not_how_long_it_took(
    exported: Mapping[str, tuple[Path, ExportReport]],
) -> None:
    folder, report = exported["int8-mask"]
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert config["precision"] == "int8"
    assert report.precision is not None
    assert config["metadata"]["precision_report"] == json.loads(json.dumps(report.precision.to_json()))
    assert "timings" not in config["metadata"]["precision_report"]


@cache
def small(classes: int = 40) -> tuple[MultimodalModel, Schema]:
    """A model of random weights and many classes, between which the least noise decides."""
    torch.manual_seed(0)
    task = Task("label", tuple(map(str, range(classes))))
    model = MultimodalModel({"vector": MLP(in_features=10, hidden=(16,), out_features=8)}, (task,), LateSum())
    return model, Schema({"vector": CASES["mlp"].preprocessing}, (task,))


ANY: Mapping[str, float] = {"minimum_agreement": 0.0, "maximum_slowdown": inf}
"""Nothing is refused."""


def vectors(rows: int) -> Arrays:
    inputs = {"vector": np.random.default_rng(0).standard_normal((rows, 10), dtype=np.float32)}
    names = tuple(map(str, range(rows)))
    return Arrays(inputs, np.ones((rows, 1), np.bool_), None, names, names, np.arange(rows))


def test_what_disagrees_too_much_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    model, schema = small()
    with pytest.raises(
        ExportError,
        match=r"^int8 is refused: label: its agreement with float32, the share of rows of the same class, is "
        r"0\.\d{4} on 100 rows, where minimum_agreement is 1.0; by modality: vector 0\.\d{4}\.$",
    ):
        export_onnx(model, tmp_path / "new", schema, precision="int8", samples=vectors(200), minimum_agreement=1.0)
    assert not list(tmp_path.iterdir())
    report = export_onnx(model, tmp_path, schema, precision="int8", samples=vectors(200), **ANY)
    assert report.precision is not None
    assert 0.5 < report.precision.tasks["label"]["joint"].agreement < 1
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    export_onnx(model, tmp_path, schema, precision="int8", samples=vectors(200), **ANY)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_float16_is_compared_on_random_rows_where_there_are_no_others(tmp_path: Path) -> None:
    model, schema = small(classes=3)
    report = export_onnx(model, tmp_path, schema, precision="float16", minimum_agreement=0.9).precision
    assert report is not None
    assert (report.samples, report.labelled) == (64, 0)
    assert report.tasks["label"]["joint"].score is None


CONFIG = ArtefactConfig(schema=SCHEMA, opset=20, recipe=None, versions={}, metadata={}, precision="int8")


def reported(agreement: float, score: float, *, correlation: float = 1.0) -> PrecisionReport:
    label, size = Agreement(9, agreement, 1.0, score, 0.9), Agreement(9, correlation, 1.0, 5.0, 0.1)
    return PrecisionReport("int8", {"label": {"joint": label}, "size": {"joint": size}}, {}, 9, 9, 9, ())


def test_a_regression_is_judged_by_its_correlation_and_classes_by_their_accuracy_too() -> None:
    evidence = Evidence(minimum_agreement=0.95, maximum_accuracy_drop=0.025)
    check_thresholds(reported(0.95, 0.88), evidence, CONFIG)
    with pytest.raises(
        ExportError, match=r"label: the accuracy falls from 0.9000 to 0.8700, where maximum_accuracy_drop"
    ):
        check_thresholds(reported(0.95, 0.87), evidence, CONFIG)
    with pytest.raises(ExportError, match="label: its agreement with float32, the share of rows of the same class, is"):
        check_thresholds(reported(0.94, 0.9), evidence, CONFIG)
    with pytest.raises(ExportError, match=r"size: its agreement with float32, the correlation, is 0.9000 on 9 rows"):
        check_thresholds(reported(1.0, 0.9, correlation=0.9), evidence, CONFIG)


def test_int8_that_is_slower_for_every_batch_is_refused_and_float16_is_not() -> None:
    slow, fast = Timing(1, 3.0, 2.0), Timing(16, 3.0, 9.0)
    report = attrs.evolve(reported(1.0, 0.9), timings=(slow, slow))
    check_thresholds(attrs.evolve(report, timings=(slow, fast)), Evidence(), CONFIG)
    check_thresholds(attrs.evolve(report, precision="float16"), Evidence(), CONFIG)
    check_thresholds(report, Evidence(maximum_slowdown=1.5), CONFIG)
    with pytest.raises(
        ExportError,
        match=r"^int8 is refused: it is slower than float32 on this processor: 3 ms in place of 2 for a batch of 1, "
        r"3 ms .*, where maximum_slowdown is 1.1\.$",
    ):
        check_thresholds(report, Evidence(), CONFIG)


def test_rows_are_calibrated_on_or_compared_but_not_both() -> None:
    samples = draw(7, seed=0)
    rows = choose_rows(Evidence(samples=samples), CONFIG)
    assert rows.calibration is not None
    assert sorted((*rows.calibration.ids, *rows.compared.ids)) == sorted(samples.ids)
    assert (len(rows.calibration), len(rows.compared)) == (4, 3)
    assert rows.calibration.labels is None
    single = choose_rows(Evidence(samples=samples[:1]), CONFIG)
    assert single.calibration is not None
    assert single.calibration.ids == single.compared.ids == ("row 0",)


def test_what_evidence_cannot_be_is_said() -> None:
    with pytest.raises(ExportError, match=r"minimum_agreement must be from 0 to 1, but got 99.0"):
        Evidence(minimum_agreement=99.0)
    with pytest.raises(ExportError, match=r"maximum_accuracy_drop must be from 0 to 1, but got -0.1"):
        Evidence(maximum_accuracy_drop=-0.1)
    with pytest.raises(ExportError, match="maximum_slowdown must be positive, but got 0"):
        Evidence(maximum_slowdown=0)
    with pytest.raises(ExportError, match="samples must hold at least one row, but got none"):
        Evidence(samples=draw(2, seed=0)[:0])
    with pytest.raises(ExportError, match="labelled must hold rows with labels"):
        Evidence(labelled=draw(2, seed=0, labelled=False))
    with pytest.raises(
        ExportError, match="int8 needs samples to calibrate on: real rows, without labels, of the domain"
    ):
        choose_rows(Evidence(labelled=draw(2, seed=0)), CONFIG)
    odd = draw(2, seed=0)
    odd = attrs.evolve(odd, inputs={**odd.inputs, "sound": odd.inputs["sound"][:, :9]})
    with pytest.raises(
        ExportError, match=r"labelled: rows of sound must be float32 of shape \(2000,\), but are float32"
    ):
        choose_rows(Evidence(samples=draw(2, seed=0), labelled=odd), CONFIG)


def test_auto_takes_what_is_fastest_and_remembers_the_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    model, schema = small()
    lower, measured = [0.001], []

    def pretend(calls: Any, *_: object) -> NDArray[np.float64]:  # noqa: ANN401 - what is timed is not looked at
        measured.append(calls)
        return np.array([[lower[0], 0.004]])

    monkeypatch.setattr(lower_precision, "time_in_turns", pretend)
    options: dict[str, Any] = {"precision": "auto", "samples": vectors(40), "minimum_agreement": 0.0}
    fast = export_onnx(model, tmp_path / "fast", schema, **options)
    assert fast.precision is not None
    assert (fast.precision.precision, fast.precision.slowdown) == ("int8", pytest.approx(0.25))
    assert set(fast.refused) == {"bfloat16"}
    assert Session(tmp_path / "fast").config.precision == "int8"
    lower[0], times = 0.009, len(measured)
    assert export_onnx(model, tmp_path / "again", schema, **options) == attrs.evolve(
        fast, path=tmp_path / "again/model.onnx"
    )
    assert len(measured) == times
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    slow = export_onnx(model, tmp_path / "slow", schema, **options)
    assert slow.precision is None
    assert "int8 is refused: it is slower than float32 on this processor: 9 ms in place of 4" in slow.refused["int8"]
    assert Session(tmp_path / "slow").config.precision == "float32"


def test_reserved_metadata_are_refused(tmp_path: Path) -> None:
    model, schema = small()
    with pytest.raises(ExportError, match="metadata must leave 'precision_report' to the export"):
        export_onnx(model, tmp_path, schema, precision="float16", metadata={"precision_report": 1})
    assert not list(tmp_path.iterdir())


def test_rows_that_are_not_finite_are_named() -> None:
    rows = draw(6, seed=0)
    rows.inputs["image"][~rows.present[:, 0]] = np.nan  # an absent slot may hold anything
    choose_rows(Evidence(samples=rows), CONFIG)
    rows.inputs["sound"][3, 5] = np.inf
    with pytest.raises(ExportError, match="samples: sound of row 'row 3' must be finite, but holds NaN or infinity"):
        choose_rows(Evidence(samples=rows), CONFIG)
