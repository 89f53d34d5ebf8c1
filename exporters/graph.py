"""Tidying of an exported graph: names for its inputs and outputs, and no trace of the machine that made it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import onnx

BATCH = "batch"
"""Name of the first axis of every input and output."""


def name_ports(model: onnx.ModelProto, inputs: Sequence[str], outputs: Sequence[str]) -> None:
    """Give the graph's inputs and outputs these names, in its order, and call their first axis `BATCH`.

    Other values that have one of the names already are renamed.

    Raises:
        ValueError: if the graph has another number of inputs or outputs.
    """
    wanted = dict(
        zip(
            (port.name for port in (*model.graph.input, *model.graph.output)),
            (*inputs, *outputs),
            strict=True,
        )
    )
    _rename(model.graph, _make_room(wanted, set(value_names(model.graph))))
    for port in (*model.graph.input, *model.graph.output):
        port.type.tensor_type.shape.dim[0].dim_param = BATCH


def prefix_names(model: onnx.ModelProto, prefix: str, ports: Mapping[str, str]) -> None:
    """Give every value a name that no other graph's has, so that graphs can be joined.

    Args:
        model: is changed.
        prefix: of the names inside, before a slash.
        ports: new names of the inputs and outputs.
    """
    inside = {name: f"{prefix}/{name}" for name in set(value_names(model.graph)) - {"", *ports}}
    _rename(model.graph, {**inside, **ports})
    for node in model.graph.node:
        node.name = f"{prefix}/{node.name}"


def strip_notes(message: Any) -> None:  # noqa: ANN401 - any message of protobuf, which has no types
    """Remove all doc strings, metadata, which hold stack traces with the paths of source files, and inferred shapes."""
    for field in ("doc_string", "metadata_props", "value_info"):
        if field in message.DESCRIPTOR.fields_by_name:
            message.ClearField(field)
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in [value] if hasattr(value, "ListFields") else value:
                strip_notes(part)


def _make_room(wanted: Mapping[str, str], taken: set[str]) -> dict[str, str]:
    """New names by old ones, so that different values keep different names."""
    names = dict(wanted)
    used = taken | set(wanted.values())
    for name in sorted((taken - set(wanted)) & set(wanted.values())):
        fresh = name
        while fresh in used:
            fresh += "_"
        names[name] = fresh
        used.add(fresh)
    return names


def value_names(graph: onnx.GraphProto) -> Iterator[str]:
    """Names of all values, those of subgraphs too."""
    for port in (*graph.input, *graph.output, *graph.initializer):
        yield port.name
    for node in graph.node:
        yield from (*node.input, *node.output)
        for subgraph in _subgraphs(node):
            yield from value_names(subgraph)


def _rename(graph: onnx.GraphProto, names: Mapping[str, str]) -> None:
    # One map for all scopes: it takes different names to different names, so what shadows what stays as it was.
    for port in (*graph.input, *graph.output, *graph.initializer, *graph.value_info):
        port.name = names.get(port.name, port.name)
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
        for subgraph in _subgraphs(node):
            _rename(subgraph, names)


def rename_uses(graph: onnx.GraphProto, names: Mapping[str, str]) -> None:
    """Let all nodes, those of subgraphs too, take other values than they did; ports and outputs keep their names."""
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        for subgraph in _subgraphs(node):
            rename_uses(subgraph, names)


def _subgraphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs
