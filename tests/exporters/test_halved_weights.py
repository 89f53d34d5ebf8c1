"""Weights stored as halves: in the branches of a graph, a CPU runs the operators that it runs in float32."""

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from acclimate.adapters.late_sum import LateSum
from acclimate.exporters import Session, export_onnx
from acclimate.exporters.halved_weights import halve_weights
from acclimate.framework import Encoder, MultimodalModel, Task
from acclimate.framework.data.schema import Schema
from encoders.encoder_cases import CASES
from onnx import TensorProto, helper, numpy_helper

from .conversions import signal_to_noise, trained_case

pytestmark = pytest.mark.usefixtures("exports")

ENCODERS = {"image": "small_cnn", "sound": "log_mel_cnn", "words": "lstm"}
SCHEMA = Schema({name: CASES[case].preprocessing for name, case in ENCODERS.items()}, (Task("label", ("a", "b")),))


@pytest.fixture(scope="module")
def model() -> MultimodalModel:
    encoders: dict[str, Encoder] = {name: trained_case(case) for name, case in ENCODERS.items()}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return MultimodalModel(encoders, SCHEMA.tasks, LateSum()).eval()


def optimised_operators(file: Path, to: Path) -> Counter[str]:
    """What ONNX Runtime makes of a graph's branches."""
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath, options.log_severity_level = str(to), 4
    onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    nodes = [node for node in onnx.load(to).graph.node if node.op_type == "If"]
    return Counter(inner.op_type for node in nodes for part in node.attribute for inner in part.g.node)


def test_branches_run_the_same_operators_as_in_float32(model: MultimodalModel, tmp_path: Path) -> None:
    export_onnx(model, tmp_path / "full", SCHEMA)
    report = export_onnx(model, tmp_path / "half", SCHEMA, precision="float16", minimum_agreement=0.0).precision
    assert report is not None
    assert {change.method for change in report.encoders.values()} == {"stored"}
    assert report.size < 0.75 * report.float32_size
    assert report.tasks["label"]["joint"].cosine > 0.99999
    found, expected = (
        optimised_operators(tmp_path / name / "model.onnx", tmp_path / f"{name}.onnx") for name in ("half", "full")
    )
    assert found == expected
    assert found["Cast"] == expected["Cast"]
    rows = {name: CASES[case].inputs(4).numpy() for name, case in ENCODERS.items()}
    logits = [Session(tmp_path / name).run(rows)["logits"] for name in ("half", "full")]
    assert np.abs(logits[0] - logits[1]).max() > 1e-6
    assert signal_to_noise(*map(torch.from_numpy, logits)) > 50


def test_vectors_filters_and_values_beyond_its_range_stay_as_they_are() -> None:
    values = {
        "encoder.filters.bank": np.full((2, 4), 0.1),
        "encoder.huge": np.full((4, 4), 1e6),
        "encoder.weight": np.full((4, 3), 0.1),
        "encoder.bias": np.full(3, 0.1),
    }
    tensors = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in values.items()]
    chain = ["x", "encoder.filters.bank", "encoder.huge", "encoder.weight"]
    nodes = [
        helper.make_node("MatMul", ["x" if step == 1 else f"v{step - 1}", name], [f"v{step}"], f"n{step}")
        for step, name in enumerate(chain[1:], 1)
    ]
    nodes.append(helper.make_node("Add", ["v3", "encoder.bias"], ["y"], "n4"))
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", size]) for name, size in (("x", 2), ("y", 3))
    ]
    graph = helper.make_graph(nodes, "g", ports[:1], ports[1:], tensors)
    before = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    after = halve_weights(before, ["encoder.filters"])
    onnx.checker.check_model(after, full_check=True)
    kinds = {tensor.name: tensor.data_type for tensor in after.graph.initializer}
    assert kinds == {
        "encoder.filters.bank": TensorProto.FLOAT,
        "encoder.huge": TensorProto.FLOAT,
        "encoder.weight/half": TensorProto.FLOAT16,
        "encoder.bias": TensorProto.FLOAT,
    }
    assert {tensor.name for tensor in before.graph.initializer} == set(values)
