"""Encoders in 8-bit integers: what is quantised and how, what stays in float32, and that it is near the original."""

import logging
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from acclimate.exporters.artefact import ArtefactConfig
from acclimate.exporters.components import export_encoder
from acclimate.exporters.full_precision import full_precision_modules
from acclimate.exporters.quantisation import Quantised, quantise
from acclimate.exporters.trial_batches import TrialRows
from acclimate.framework import ExportError, Task
from acclimate.framework.data.schema import Schema
from encoders.encoder_cases import CASES
from numpy.typing import NDArray
from onnx import TensorProto

from .conftest import Constant
from .conversions import signal_to_noise, trained_case

pytestmark = pytest.mark.usefixtures("exports")


def make_feed(name: str, rows: int, seed: int) -> dict[str, NDArray[Any]]:
    case = CASES[name]
    inputs = case.inputs(rows, seed=seed).numpy()
    if trained_case(name).time_axis is None:
        return {"it": inputs}
    steps = inputs.shape[case.axis]
    return {"it": inputs, "it_length": np.maximum(1, steps - np.arange(rows) % 3)}


@cache
def export(name: str) -> onnx.ModelProto:
    case, encoder = CASES[name], trained_case(name)
    schema = Schema({"it": case.preprocessing}, (Task("label", ("a", "b")),))
    lengths = () if encoder.time_axis is None else ("it",)
    config = ArtefactConfig(schema=schema, opset=20, recipe=None, versions={}, metadata={}, lengths=lengths)
    pool = TrialRows(case.inputs(2).numpy(), encoder.time_axis)
    return export_encoder(encoder, "it", pool, config, unit_norm=False)


@cache
def quantised(name: str) -> Quantised:
    full = [f"encoder.{path}" for path, _ in full_precision_modules(trained_case(name))]
    return quantise(export(name), [make_feed(name, 16, seed) for seed in range(2)], full)


def run(graph: onnx.ModelProto, feed: Mapping[str, NDArray[Any]]) -> torch.Tensor:
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    return torch.from_numpy(session.run(None, dict(feed))[0])


def count(graph: onnx.ModelProto) -> dict[str, int]:
    kinds = [node.op_type for node in graph.graph.node]
    return {kind: kinds.count(kind) for kind in kinds}


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("log_mel_cnn", "static"),
        ("lstm", "dynamic"),
        ("mlp", "dynamic"),
        ("small_cnn", "static"),
        ("speaker_lstm", "dynamic"),
        ("text_cnn", "static"),
        ("timm_convolutional", "static"),
        ("transformer_text", "dynamic"),
    ],
)
def test_integers_say_nearly_the_same_on_other_rows(name: str, method: str) -> None:
    found, before = quantised(name), export(name)
    assert found.method == method
    onnx.checker.check_model(found.graph, full_check=True)
    for field in ("input", "output"):
        assert list(getattr(found.graph.graph, field)) == list(getattr(before.graph, field))
    assert not found.graph.graph.value_info
    assert not found.graph.metadata_props
    assert {operators.domain for operators in found.graph.opset_import} <= {"", "com.microsoft"}
    feed = make_feed(name, 24, seed=9)
    assert signal_to_noise(run(found.graph, feed), run(before, feed)) > 25


def test_convolutions_are_quantised_per_channel_with_unsigned_activations() -> None:
    graph = quantised("timm_convolutional").graph.graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    makers = {node.output[0]: node for node in graph.node}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    assert len(convolutions) > 5
    for node in convolutions:
        activation, weight = makers[node.input[0]], makers[node.input[1]]
        assert activation.op_type == weight.op_type == "DequantizeLinear"
        assert tensors[activation.input[2]].data_type == TensorProto.UINT8
        assert tensors[weight.input[0]].data_type == TensorProto.INT8
        assert tensors[weight.input[1]].dims == tensors[weight.input[0]].dims[:1]


def test_files_are_much_smaller() -> None:
    for name in ("timm_convolutional", "small_cnn"):
        assert quantised(name).graph.ByteSize() < 0.35 * export(name).ByteSize()


def test_recurrent_layers_become_smaller_though_their_front_end_does_not() -> None:
    operators = {node.op_type for node in quantised("speaker_lstm").graph.graph.node}
    assert "DynamicQuantizeLSTM" in operators
    assert "LSTM" not in operators
    assert quantised("speaker_lstm").graph.ByteSize() < export("speaker_lstm").ByteSize()


def test_a_spectrogram_is_made_of_floats() -> None:
    for name, filters in (("log_mel_cnn", 1), ("speaker_lstm", 2)):
        graph = quantised(name).graph.graph
        tensors = {tensor.name: tensor.data_type for tensor in graph.initializer}
        front_end = [node for node in graph.node if any(".front_end." in value for value in node.input)]
        assert {node.op_type for node in front_end} == {"Conv", "MatMul"}
        assert [tensors[value] for node in front_end for value in node.input if value in tensors] == [
            TensorProto.FLOAT
        ] * 2
        resampling = [node for node in graph.node if any(".resample." in value for value in node.input)]
        assert len(resampling) == filters - 1


def test_all_before_a_logarithm_is_left_where_no_module_is_named() -> None:
    graph = quantise(export("log_mel_cnn"), [make_feed("log_mel_cnn", 8, 0)], []).graph
    feed = make_feed("log_mel_cnn", 8, seed=9)
    assert signal_to_noise(run(graph, feed), run(export("log_mel_cnn"), feed)) > 25


def test_what_is_quantised_dynamically_and_what_is_not() -> None:
    assert count(quantised("mlp").graph)["MatMulInteger"] == 3
    assert count(quantised("lstm").graph)["DynamicQuantizeLSTM"] == 1
    transformer = count(quantised("transformer_text").graph)
    # Of two layers: query, key, value, two of attention's output and feed forward; and the last layer.
    assert transformer["MatMulInteger"] == 2 * 6 + 1
    assert transformer["MatMul"] == 2 * 2
    speaker = count(quantised("speaker_lstm").graph)
    assert speaker["DynamicQuantizeLSTM"] == 3
    assert "ConvInteger" not in speaker
    assert speaker["Conv"] == 2


def test_an_encoder_without_weights_that_could_be_quantised_is_left_as_it_is() -> None:
    part = CASES["mlp"].preprocessing
    config = ArtefactConfig(
        schema=Schema({"it": part}, (Task("label", ("a", "b")),)), opset=20, recipe=None, versions={}, metadata={}
    )
    graph = export_encoder(Constant().eval(), "it", TrialRows(CASES["mlp"].inputs(2).numpy()), config, unit_norm=False)
    found = quantise(graph, [], [])
    assert found.method == "none"
    assert found.graph is graph


def test_ranges_need_rows() -> None:
    with pytest.raises(ExportError, match="int8 needs samples of 'it' to calibrate on, but none of those given has it"):
        quantise(export("small_cnn"), [], [])


def test_what_onnxruntime_cannot_quantise_is_one_line() -> None:
    wrong = {"it": np.zeros((2, 1, 3, 3), np.float32)}
    with pytest.raises(ExportError, match="onnxruntime cannot quantise the encoder: ") as raised:
        quantise(export("small_cnn"), [wrong], [])
    assert "\n" not in str(raised.value)


def test_the_same_rows_give_the_same_bytes_and_leave_no_trace() -> None:
    before, handlers = export("small_cnn").SerializeToString(), list(logging.root.handlers)
    again = quantise(export("small_cnn"), [make_feed("small_cnn", 16, seed) for seed in range(2)], [])
    assert again.graph.SerializeToString() == quantised("small_cnn").graph.SerializeToString()
    assert export("small_cnn").SerializeToString() == before
    assert logging.root.handlers == handlers
