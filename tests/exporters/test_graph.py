"""Graphs keep their meaning while their values get other names."""

import numpy as np
import onnx
import onnxruntime
import pytest
from acclimate.exporters.graph import name_ports, strip_notes
from bits import assert_same_bits
from numpy.typing import NDArray

# `wave` and `logits` are values inside, in a branch and its surroundings; `limit` is a weight.
GRAPH = """
<ir_version: 10, opset_import: ["" : 20]>
main (float[b, 2] first, float[b, 2] second) => (float[b, 2] answer, float[b, 2] other)
<float[1] limit = {0.5}>
{
    wave = Add (first, second)
    sum = ReduceSum <keepdims = 0> (wave)
    is_large = Greater (sum, limit)
    answer = If (is_large) <
        then_branch = larger () => (float[b, 2] logits) { wave_ = Mul (wave, first)  logits = Add (wave_, limit) },
        else_branch = smaller () => (float[b, 2] result) { result = Sub (wave, second) }
    >
    other = Relu (wave)
}
"""


def run(model: onnx.ModelProto, *inputs: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: list[NDArray[np.float32]] = session.run(
        None, dict(zip((port.name for port in session.get_inputs()), inputs, strict=True))
    )
    return found


@pytest.mark.parametrize("sign", [1, -1])
def test_names_inside_make_room_for_those_of_inputs_and_outputs(sign: int) -> None:
    model, renamed = onnx.parser.parse_model(GRAPH), onnx.parser.parse_model(GRAPH)
    name_ports(renamed, ["wave", "limit"], ["logits", "first"])
    onnx.checker.check_model(renamed, full_check=True)
    assert [port.name for port in renamed.graph.input] == ["wave", "limit"]
    assert [port.name for port in renamed.graph.output] == ["logits", "first"]
    inputs = sign * np.array([[[1, 2], [3, 4]], [[5, 6], [7, 8]]], np.float32)
    for found, expected in zip(run(renamed, *inputs), run(model, *inputs), strict=True):
        assert_same_bits(found, expected)


def test_another_number_of_ports_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        name_ports(onnx.parser.parse_model(GRAPH), ["one"], ["two"])


def test_notes_are_stripped_in_branches_too() -> None:
    model = onnx.parser.parse_model(GRAPH)
    branch = model.graph.node[3].attribute[0].g
    notes = (
        model,
        model.graph,
        model.graph.node[0],
        model.graph.initializer[0],
        branch,
        branch.node[0],
        branch.output[0],
    )
    for number, message in enumerate(notes):
        message.doc_string = f"note {number}"
        message.metadata_props.add(key="stack_trace", value=f"note {number}")
    assert b"note" in model.SerializeToString()
    strip_notes(model)
    assert b"note" not in model.SerializeToString()
    assert onnx.printer.to_text(model) == onnx.printer.to_text(onnx.parser.parse_model(GRAPH))
