"""Exported graphs say what their models say, and a failed export leaves nothing behind."""

import json
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import onnx
import pytest
import torch
from acclimate.exporters import onnx as exporter
from acclimate.exporters.components import Components
from acclimate.exporters.onnx import export_onnx
from acclimate.exporters.session import Session
from acclimate.framework import EncoderInput, ExportError, Task, modality_subsets
from acclimate.framework.data.arrays import Arrays
from acclimate.framework.data.schema import Schema
from bits import assert_same_bits
from onnx import numpy_helper
from torch import nn

from .conftest import Convolution, Exported, make_model

ROOT = Path(__file__).parents[2]


def test_session_agrees_with_torch_for_every_subset(exported: Exported) -> None:
    session = Session(exported.folder)
    inputs = exported.inputs(rows=5, seed=1)
    for subset in modality_subsets(exported.schema.modalities):
        present = np.tile([name in subset for name in exported.schema.modalities], (5, 1))
        expected = exported.torch_logits(inputs, present)
        found = session.run({name: inputs[name] for name in subset})
        for task, names in session.outputs.items():
            for modality, name in names.items():
                torch.testing.assert_close(
                    torch.from_numpy(found[name]),
                    expected[task][modality],
                    atol=1e-5,
                    rtol=1e-4,
                    msg=f"{subset} {name}",
                )


def test_report_says_how_much_was_compared(exported: Exported) -> None:
    report, modalities = exported.report, len(exported.schema.modalities)
    assert report.samples == (1 + 3 + 17) * 2**modalities  # all subsets but the empty one, and mixed rows
    assert 0 < report.max_abs < 1e-4
    assert report.argmax_agreement == pytest.approx(1.0)
    assert report.path == exported.folder / ("fusion.onnx" if report.form == "split" else "model.onnx")
    assert report.size == sum(file.stat().st_size for file in graph_files(exported))


def test_absent_slots_reach_nothing(exported: Exported) -> None:
    session, modalities = Session(exported.folder), exported.schema.modalities
    subsets = modality_subsets(modalities)
    present = np.array([[name in subset for name in modalities] for subset in subsets])
    clean = exported.inputs(rows=len(subsets))
    dirty = {name: values.copy() for name, values in clean.items()}
    for column, name in enumerate(modalities):
        clean[name][~present[:, column]] = 0
        dirty[name][~present[:, column]] = np.where(column % 2, np.nan, np.inf)
    expected, found = session.run(clean, present), session.run(dirty, present)
    for name, values in expected.items():
        assert np.isfinite(values).all()
        assert_same_bits(found[name], values)


def test_graph_has_the_promised_inputs_and_outputs(vectors: Exported, recordings: Exported) -> None:
    graph = onnx.load(recordings.report.path).graph
    assert [port.name for port in graph.input] == ["audio", "image", "wrist-left", "present"]
    assert [port.name for port in graph.output] == ["logits", "audio_logits", "image_logits", "wrist-left_logits"]
    several = onnx.load(vectors.report.path).graph
    assert [port.name for port in several.input] == ["relu", "where", "present"]
    assert [port.name for port in several.output] == [
        *("verb_logits", "verb_relu_logits", "verb_where_logits"),
        *("valence_logits", "valence_relu_logits", "valence_where_logits"),
    ]
    for port in (*graph.input, *graph.output, *several.input, *several.output):
        assert port.type.tensor_type.shape.dim[0].dim_param == "batch"


def graph_files(exported: Exported) -> list[Path]:
    return sorted(exported.folder.rglob("*.onnx"))


def test_files_are_valid_and_complete(exported: Exported) -> None:
    for file in graph_files(exported):
        model = onnx.load(file, load_external_data=False)
        onnx.checker.check_model(model, full_check=True)
        assert b"external" not in file.read_bytes()
    expected = {"config.json", exported.report.path.name}
    if exported.report.form == "split":
        assert {path.name for path in (exported.folder / "encoders").iterdir()} == {
            f"{name}.onnx" for name in exported.schema.modalities
        }
        expected |= {"encoders"}
    assert {path.name for path in exported.folder.iterdir()} == expected


def test_files_do_not_tell_where_they_were_made(exported: Exported) -> None:
    for file in graph_files(exported):
        content = file.read_bytes()
        for trace in (".py", str(ROOT), str(Path(torch.__file__).parents[1]), "Traceback"):
            assert trace.encode() not in content


def test_config_is_the_models_metadata_and_its_hash(exported: Exported) -> None:
    config = json.loads((exported.folder / "config.json").read_text(encoding="utf-8"))
    assert config.pop("sha256") == exported.report.sha256
    metadata = {prop.key: prop.value for prop in onnx.load(exported.report.path).metadata_props}
    assert json.loads(metadata.pop("acclimate.config")) == config
    assert not metadata
    assert Schema.from_config(config["schema"]) == exported.schema


def test_config_can_be_read_by_other_programs(recordings: Exported) -> None:
    config = json.loads((recordings.folder / "config.json").read_text(encoding="utf-8"))
    assert config["labels"] == {"digit": ["one", "two", "three"]}
    assert config["modalities"] == ["audio", "image", "wrist-left"]
    assert config["inputs"] == ["audio", "image", "wrist-left", "present"]
    assert config["outputs"]["digit"]["joint"] == "logits"
    assert config["recipe"] == "rna"
    assert config["metadata"] == {"seed": 3, "note": "groß"}
    assert config["versions"]["torch"].startswith(torch.__version__.partition("+")[0])


@pytest.mark.usefixtures("exports_anew")
def test_exporting_again_gives_the_same_bytes_and_keeps_the_models_modes(vectors: Exported, tmp_path: Path) -> None:
    model = vectors.model
    model.train()
    model.encoders["where"].eval()
    modes = [module.training for module in model.modules()]
    report = export_onnx(model, tmp_path / "again", vectors.schema, form="mask", samples=some_samples(vectors))
    assert [module.training for module in model.modules()] == modes
    for name in ("model.onnx", "config.json"):
        assert (tmp_path / "again" / name).read_bytes() == (vectors.folder / name).read_bytes()
    assert report.sha256 == vectors.report.sha256
    model.eval()


@pytest.mark.usefixtures("exports")
def test_a_graph_that_disagrees_is_found_and_nothing_is_written(
    vectors: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_components = exporter.export_components

    def break_a_weight(*arguments: Any) -> Components:  # noqa: ANN401 - passed on
        parts = export_components(*arguments)
        weights = parts.fusion.graph.initializer
        weight = next(tensor for tensor in weights if tensor.name.endswith("heads.verb.where.weight"))
        weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight) * np.float32(1.01), weight.name))
        return parts

    monkeypatch.setattr(exporter, "export_components", break_a_weight)
    with pytest.raises(ExportError, match=r"'verb_logits', relu\+where, batch of 1: they differ by [\d.e-]+, where"):
        export_onnx(vectors.model, tmp_path / "new", vectors.schema)
    assert not list(tmp_path.iterdir())
    before = {path.name: path.read_bytes() for path in vectors.folder.iterdir()}
    with pytest.raises(ExportError, match="disagrees with the model"):
        export_onnx(vectors.model, vectors.folder, vectors.schema)
    assert {path.name: path.read_bytes() for path in vectors.folder.iterdir()} == before


@pytest.mark.usefixtures("exports")
def test_a_model_that_torch_cannot_export_is_one_line(vectors: Exported, tmp_path: Path) -> None:
    class Branching(Convolution):
        def forward(self, inputs: EncoderInput) -> torch.Tensor:
            features = super().forward(inputs)
            return features if inputs.values.sum() > 0 else -features

    model, schema = make_model(
        {"where": Branching()}, {"where": vectors.schema.preprocessing["where"]}, (Task("verb", ("cut", "wash")),)
    )
    with pytest.raises(ExportError, match="torch cannot export the model: ") as raised:
        export_onnx(model, tmp_path / "new", schema)
    assert "\n" not in str(raised.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("exports")
@pytest.mark.parametrize("name", ["present", "logits", "a_logits", "a_features"])
def test_names_that_would_stand_twice_in_the_graph_are_refused(name: str, vectors: Exported, tmp_path: Path) -> None:
    part = vectors.schema.preprocessing["where"]
    task = Task("verb", ("cut", "wash"))
    model, schema = make_model({"a": Convolution(), name: Convolution()}, {"a": part, name: part}, (task,))
    with pytest.raises(ExportError, match=f"{name!r} would name two"):
        export_onnx(model, tmp_path, schema)


@pytest.mark.usefixtures("exports")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": {"tasks": (Task("verb", ("cut", "boil")), Task("valence"))}}, "tasks"),
        ({"schema": {"preprocessing": {}}}, "modalities"),
        ({"metadata": {"model": nn.Linear(1, 1)}}, "metadata must hold JSON values"),
        ({"metadata": {"accuracy": float("nan")}}, "metadata must hold JSON values"),
        ({"path": "rna.onnx"}, "give the folder"),
        ({"path": "file"}, "there is a file of that name"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], message: str, vectors: Exported, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("something", encoding="utf-8")
    schema = attrs.evolve(vectors.schema, **change.get("schema", {}))
    with pytest.raises(ExportError, match=message):
        export_onnx(
            vectors.model,
            tmp_path / change.get("path", "new"),
            schema,
            metadata=change.get("metadata", {"seed": 1}),
        )
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.usefixtures("exports")
def test_half_precision_is_refused(vectors: Exported, tmp_path: Path) -> None:
    model, schema = make_model(
        {"where": Convolution()}, {"where": vectors.schema.preprocessing["where"]}, (Task("verb", ("cut", "wash")),)
    )
    model.heads.half()
    with pytest.raises(ExportError, match=r"weights must be float32, but heads\.verb\.where\.weight is torch\.float16"):
        export_onnx(model, tmp_path, schema)


@pytest.mark.usefixtures("exports")
def test_a_model_that_is_too_large_for_one_file_is_refused(vectors: Exported, tmp_path: Path) -> None:
    model, schema = make_model(
        {"where": Convolution()}, {"where": vectors.schema.preprocessing["where"]}, (Task("verb", ("cut", "wash")),)
    )
    model.encoders["where"].more = nn.Linear(2**15, 2**14, device="meta")
    with pytest.raises(
        ExportError, match=r"one ONNX file holds \d+ bytes of weights at most, but the model has 2147\d+"
    ):
        export_onnx(model, tmp_path, schema)


@pytest.mark.usefixtures("exports")
def test_samples_of_another_shape_are_refused(vectors: Exported, tmp_path: Path) -> None:
    samples = some_samples(vectors)
    wrong = attrs.evolve(samples, inputs={**samples.inputs, "where": np.zeros((4, 7), np.float32)})
    with pytest.raises(ExportError, match=r"samples of where must be of shape \(12,\), but are of \(7,\)"):
        export_onnx(vectors.model, tmp_path, vectors.schema, samples=wrong)


def some_samples(exported: Exported) -> Arrays:
    """Four rows that lack the first modality."""
    present = np.ones((4, len(exported.schema.modalities)), np.bool_)
    present[:, 0] = False
    return Arrays(exported.inputs(4), present, None, tuple("abcd"), ("x",) * 4, np.arange(4))
