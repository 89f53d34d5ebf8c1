"""The forms of an artefact: what becomes of the encoders whose modality is absent."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ..framework.port_names import FEATURES, LENGTH, PRESENT
from .artefact import FUSION_FILE, MODEL_FILE, ArtefactConfig, Form
from .components import Components
from .file_names import encoder_files
from .graph import BATCH, prefix_names
from .input_map_nodes import put_map

_PRESENT: Final[Mapping[str, NDArray[Any]]] = {"forms/half": np.array(0.5, np.float32)}
_MASKED: Final[Mapping[str, NDArray[Any]]] = {"forms/second": np.array([1]), "forms/zero": np.array(0.0, np.float32)}
_BRANCHED: Final[Mapping[str, NDArray[Any]]] = {"forms/first": np.array([0]), "forms/second": np.array([1])}
"""Constants by name; a graph has those that it uses, since ONNX Runtime warns of others."""

Place: TypeAlias = Callable[[onnx.GraphProto, str, onnx.ModelProto, int], None]
"""Adds a modality's encoder to the graph, which is to give `forms/<modality>/features` of this width."""


def assemble(form: Form, components: Components, config: ArtefactConfig) -> dict[str, onnx.ModelProto]:
    """The graphs of an artefact's files, by path within its folder; the main one is the last.

    Args:
        form: `mask`: one graph in which all encoders run on all rows, and what they make of an absent modality is put
            to zero; `branch`: one graph with an `If` for each encoder, which holds its weights and runs on the rows
            that have the modality; `split`: a graph for each encoder and one for the fusion, of which the session runs
            those that are needed.
        components: are left as they are.
        config: names of inputs and outputs.
    """
    components = _with_maps(components, config)
    if form == "split":
        files = encoder_files(components.encoders)
        return {
            **{files[name]: encoder for name, encoder in components.encoders.items()},
            FUSION_FILE: components.fusion,
        }
    place, constants = (_place_masked, _MASKED) if form == "mask" else (_place_in_branch, _BRANCHED)
    return {MODEL_FILE: _join(components, config, place, {**_PRESENT, **constants})}


def _with_maps(components: Components, config: ArtefactConfig) -> Components:
    """The components, with the target's input maps before encoders."""
    maps = config.schema.maps
    encoders = dict(components.encoders)
    for name, found in maps.items():
        encoder = onnx.ModelProto()
        encoder.CopyFrom(encoders[name])
        put_map(encoder, name, found, LENGTH.format(modality=name) if name in config.lengths else None)
        encoders[name] = encoder
    return Components(encoders, components.fusion)


def _join(
    components: Components, config: ArtefactConfig, place: Place, constants: Mapping[str, NDArray[Any]]
) -> onnx.ModelProto:
    joined = onnx.ModelProto()
    joined.CopyFrom(components.fusion)
    graph = joined.graph
    features = {FEATURES.format(modality=name): f"forms/{name}/features" for name in components.encoders}
    kept = {PRESENT, *(port.name for port in graph.output)}
    prefix_names(joined, "fusion", {**features, **{name: name for name in kept}})
    ports = {port.name: port for port in graph.input}
    fusion = list(graph.node)
    graph.ClearField("node")
    graph.ClearField("input")
    _add_constants(graph, constants)
    for column, (name, part) in enumerate(components.encoders.items()):
        ports |= {port.name: port for port in part.graph.input}
        _add_constants(graph, {f"forms/{name}/column": np.array(column)})
        graph.node.extend(
            [
                _node("Gather", [PRESENT, f"forms/{name}/column"], f"forms/{name}/weight", axis=1),
                _node("Greater", [f"forms/{name}/weight", "forms/half"], f"forms/{name}/present"),
            ]
        )
        encoder = onnx.ModelProto()
        encoder.CopyFrom(part)
        place(graph, name, encoder, ports[f"forms/{name}/features"].type.tensor_type.shape.dim[1].dim_value)
    graph.node.extend(fusion)
    graph.input.extend(ports[name] for name in config.inputs)
    _add_domains(joined, components)
    return joined


def _place_masked(graph: onnx.GraphProto, name: str, encoder: onnx.ModelProto, _: int) -> None:
    ports = {port.name: port for port in encoder.graph.input}
    encoded, condition = f"forms/{name}/encoded", f"forms/{name}/condition"
    given = {port: port for port in ports}
    if _mixes_rows(encoder):
        given[name] = f"forms/{name}/given"
        _clear_absent_rows(graph, name, ports[name])
    prefix_names(encoder, f"encoder/{name}", {**given, FEATURES.format(modality=name): encoded})
    graph.initializer.extend(encoder.graph.initializer)
    graph.node.extend(encoder.graph.node)
    graph.node.extend(
        [
            _node("Unsqueeze", [f"forms/{name}/present", "forms/second"], condition),
            # Where(), not a product: NaN times zero is NaN.
            _node("Where", [condition, encoded, "forms/zero"], f"forms/{name}/features"),
        ]
    )


def _mixes_rows(encoder: onnx.ModelProto) -> bool:
    """Whether it was quantised with ranges that are found anew over all rows of a batch."""
    return any(node.op_type.startswith("DynamicQuantize") for node in encoder.graph.node)


def _clear_absent_rows(graph: onnx.GraphProto, name: str, port: onnx.ValueInfoProto) -> None:
    """Give the encoder zeros in place of what stands in an absent slot, which would reach the rows beside it."""
    kind = port.type.tensor_type
    axes, zero, rows = (f"forms/{name}/{part}" for part in ("axes", "nothing", "rows_present"))
    _add_constants(
        graph,
        {
            axes: np.arange(1, len(kind.shape.dim)),
            zero: np.zeros((), helper.tensor_dtype_to_np_dtype(kind.elem_type)),
        },
    )
    graph.node.extend(
        [
            _node("Unsqueeze", [f"forms/{name}/present", axes], rows),
            _node("Where", [rows, port.name, zero], f"forms/{name}/given"),
        ]
    )


def _place_in_branch(graph: onnx.GraphProto, name: str, encoder: onnx.ModelProto, width: int) -> None:
    shape, zeros = f"forms/{name}/shape", f"forms/{name}/zeros"
    _add_constants(graph, {f"forms/{name}/width": np.array([width])})
    graph.node.extend(
        [
            _node("Shape", [PRESENT], f"forms/{name}/rows", end=1),
            _node("Concat", [f"forms/{name}/rows", f"forms/{name}/width"], shape, axis=0),
            _node("ConstantOfShape", [shape], zeros),
            _node("ReduceMax", [f"forms/{name}/weight"], f"forms/{name}/largest", keepdims=0),
            _node("Greater", [f"forms/{name}/largest", "forms/half"], f"forms/{name}/any"),
            _node(
                "If",
                [f"forms/{name}/any"],
                f"forms/{name}/features",
                then_branch=_encode_present_rows(name, encoder, zeros),
                else_branch=_pass_on(name, zeros),
            ),
        ]
    )


def _encode_present_rows(name: str, encoder: onnx.ModelProto, zeros: str) -> onnx.GraphProto:
    """A branch with the encoder's weights in it: ONNX Runtime would not prepare those that lie outside."""
    ports = [port.name for port in encoder.graph.input]
    rows, encoded = f"forms/{name}/present_rows", f"forms/{name}/encoded"
    given = {port: f"forms/{name}/given/{port}" for port in ports}
    prefix_names(encoder, f"encoder/{name}", {**given, FEATURES.format(modality=name): encoded})
    select = [
        _node("NonZero", [f"forms/{name}/present"], f"{rows}_row"),
        _node("Squeeze", [f"{rows}_row", "forms/first"], rows),
        *(_node("Gather", [port, rows], given[port], axis=0) for port in ports),
    ]
    put_back = [
        _node("Unsqueeze", [rows, "forms/second"], f"{rows}_column"),
        _node("ScatterND", [zeros, f"{rows}_column", encoded], f"forms/{name}/then"),
    ]
    return helper.make_graph(
        [*select, *encoder.graph.node, *put_back],
        f"forms/{name}/encode",
        [],
        [_features_port(f"forms/{name}/then")],
        initializer=encoder.graph.initializer,
    )


def _pass_on(name: str, zeros: str) -> onnx.GraphProto:
    output = f"forms/{name}/else"
    return helper.make_graph([_node("Identity", [zeros], output)], f"forms/{name}/skip", [], [_features_port(output)])


def _features_port(name: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [BATCH, None])


def _node(kind: str, inputs: list[str], output: str, **attributes: Any) -> onnx.NodeProto:  # noqa: ANN401
    return helper.make_node(kind, inputs, [output], name=output, **attributes)


def _add_constants(graph: onnx.GraphProto, values: Mapping[str, NDArray[Any]]) -> None:
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in values.items())


def _add_domains(joined: onnx.ModelProto, components: Components) -> None:
    """Operators that only an encoder uses, such as those of a quantised one."""
    known = {(operators.domain, operators.version) for operators in joined.opset_import}
    for encoder in components.encoders.values():
        for operators in encoder.opset_import:
            if (operators.domain, operators.version) not in known:
                known.add((operators.domain, operators.version))
                joined.opset_import.append(operators)
