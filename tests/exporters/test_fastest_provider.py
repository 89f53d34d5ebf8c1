"""The provider that answers fastest: tried once, kept by the artefact's hash, and never one that answers otherwise."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from acclimate.exporters import Execution, Session, TensorSession, fastest_provider, kept_measurement
from acclimate.exporters.artefact import METADATA_KEY, Form
from acclimate.exporters.artefact_folder import read_artefact
from acclimate.exporters.fastest_provider import find_fastest, measure
from acclimate.exporters.kept_measurement import Times, keep_times
from acclimate.framework.errors import ExportError
from acclimate.framework.files.hashes import sha256
from numpy.typing import NDArray

from acclimate.__main__ import main

from .trio import FORMS, Trio, export_trio

FOLDER = Path(__file__).parents[2] / "zoo/checkpoints/osan.wrist"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory, exports: None) -> Trio:
    return export_trio(tmp_path_factory.mktemp("trio"))


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[Execution]:
    """OpenVINO takes half of the time; a list of what was measured."""
    found: list[Execution] = []

    def pretend(path: object, execution: Execution, others: list[str]) -> Times:
        found.append(execution)
        return {"cpu": {1: 2.0, 8: 4.0}, **{name: {1: 1.0, 8: 2.0} for name in others}}

    monkeypatch.setattr(fastest_provider, "measure", pretend)
    return found


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({"cpu": {1: 2.0}}, "cpu"),
        ({"cpu": {1: 2.0}, "openvino": {1: 1.0}}, "openvino"),
        ({"cpu": {1: 2.0}, "openvino": {1: 1.95}}, "cpu"),
        ({"cpu": {1: 2.0, 8: 2.0}, "openvino": {1: 0.5, 8: 9.0}}, "cpu"),
        ({"cpu": {1: 2.0}, "openvino": {1: 1.5}, "openvino-bfloat16": {1: 1.0}}, "openvino-bfloat16"),
        ({"cpu": {1: 2.0}, "openvino": {8: 1.0}}, "cpu"),
        ({"openvino": {1: 1.0}}, "cpu"),
        ({}, "cpu"),
    ],
)
def test_the_fastest_is_taken_where_it_is_worth_it(times: Times, expected: str) -> None:
    assert find_fastest(times) == expected


def test_without_openvino_nothing_is_measured(measured: list[Execution], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fastest_provider, "find_spec", lambda _: None)
    assert Session(FOLDER, provider="auto").provider == "CPUExecutionProvider"
    assert Session(FOLDER, execution=Execution(provider="auto", pool="sleeping")).provider == "CPUExecutionProvider"
    assert not measured


def test_it_is_measured_once_for_each_number_of_threads(measured: list[Execution]) -> None:
    pytest.importorskip("openvino", reason="OpenVINO is not installed")
    for threads in (1, 1, 2):
        assert Session(FOLDER, provider="auto", threads=threads).provider == "OpenVINO"
    assert [execution.threads for execution in measured] == [1, 2]
    assert TensorSession(FOLDER, provider="auto").provider == "OpenVINO"


def keep_time(subject: Mapping[str, object], measured: float) -> int:
    """The time that is kept of a subject, where this one would be measured."""
    return round(keep_times(subject, lambda: {"cpu": {1: measured}})["cpu"][1])


def test_what_a_cache_holds_of_another_kind_is_measured_anew(tmp_path: Path) -> None:
    assert [keep_time({"artefact": name}, time) for name, time in (("a", 1.0), ("a", 2.0), ("b", 2.0))] == [1, 1, 2]
    for text in ("", "[]", "null", '{"cpu": 3}', '{"cpu": {"x": 1.0}}', '{"cpu": {"1": -1.0}}', '{"cpu": {"1": NaN}}'):
        for file in (tmp_path / "cache").rglob("*.json"):
            file.write_text(text)
        assert [keep_time({"artefact": "a"}, time) for time in (5.0, 6.0)] == [5, 5]


def test_a_cache_that_cannot_be_written_is_as_good_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert [keep_time({}, time) for time in (5.0, 6.0)] == [5, 6]


def test_another_processor_is_measured_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    assert keep_time({}, 5.0) == 5
    monkeypatch.setattr(kept_measurement, "_describe_processor", lambda: ["another"])
    assert keep_time({}, 6.0) == 6


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_are_measured_on_what_answers_alike(form: Form, trio: Trio, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino", reason="OpenVINO is not installed")
    monkeypatch.setattr(fastest_provider, "_SECONDS", 0.01)
    folder, execution = trio.folders[form], Execution(provider="auto", threads=1)
    found = measure(folder, execution, ["openvino"])
    assert set(found) == {"cpu", "openvino"}
    assert all(time > 0 for times in found.values() for time in times.values())
    run = Session.run

    def answer_otherwise(self: Session, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        factor = np.float32(1.5 if self.provider == "OpenVINO" else 1.0)
        return {name: factor * values for name, values in run(self, inputs).items()}

    monkeypatch.setattr(Session, "run", answer_otherwise)
    assert set(measure(folder, execution, ["openvino"])) == {"cpu"}


def test_bfloat16_is_tried_where_the_artefact_allows_it(tmp_path: Path) -> None:
    pytest.importorskip("openvino", reason="OpenVINO is not installed")
    graph = onnx.load(FOLDER / "model.onnx")
    note = next(note for note in graph.metadata_props if note.key == METADATA_KEY)
    document = {**json.loads(note.value), "precision": "bfloat16"}
    note.value = json.dumps(document)
    content = graph.SerializeToString()
    (tmp_path / "model.onnx").write_bytes(content)
    (tmp_path / "config.json").write_text(json.dumps({**document, "sha256": sha256(content)}))
    providers = fastest_provider._list_others(  # noqa: SLF001 - what would be tried, on any processor
        read_artefact(tmp_path), Execution(provider="auto")
    )
    assert providers == ["openvino", "openvino-bfloat16"]
    assert Session(tmp_path).config.precision == "bfloat16"


def test_auto_is_resolved_by_sessions_alone() -> None:
    with pytest.raises(ExportError, match="provider auto is chosen for an artefact: give a Session the execution"):
        _ = Execution(provider="auto").runtime
    with pytest.raises(ExportError, match="provider_options of auto must be left out, but got 'tf32'"):
        Execution(provider="auto", provider_options={"tf32": True})


def test_predict_says_the_same(measured: list[Execution], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "a.npy", np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32))
    said = []
    for provider in ("cpu", "auto"):
        code = main(["predict", str(FOLDER), "--accelerometer", str(tmp_path / "a.npy"), "--provider", provider])
        said.append((code, capsys.readouterr().out))
    assert said[0] == said[1]
    assert said[0][0] == 0
