"""Input maps as operators of a graph, before what takes a modality's input. Needs onnx, and no torch."""

from collections.abc import Callable, Iterable
from typing import Any, Final

import attrs
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from ..framework.data.input_maps import Affine, Filtering, Flip, InputMap
from ..framework.data.input_maps.composition import steps_of
from .graph import rename_uses, value_names

_END: Final = -(2**63)
"""Where a slice that goes backwards ends: before the first value."""


def put_map(model: onnx.ModelProto, modality: str, found: InputMap, lengths: str | None) -> None:
    """Let all of a graph that takes a modality's input take what a map makes of it; the graph's ports stay.

    Args:
        model: Is changed.
        modality: Name of the graph's input.
        found: The map.
        lengths: Name of the graph's input that says how many steps of each row are its own; None where there is none.
    """
    graph = model.graph
    port = next(port for port in graph.input if port.name == modality)
    nodes = _Nodes(_free_prefix(graph, modality), len(port.type.tensor_type.shape.dim))
    mapped = modality
    for step in steps_of(found):
        mapped = nodes.add_step(step, mapped, lengths)
    rename_uses(graph, {modality: mapped})
    others = list(graph.node)
    graph.ClearField("node")
    graph.node.extend([*nodes.nodes, *others])
    graph.initializer.extend(nodes.constants)


def _free_prefix(graph: onnx.GraphProto, modality: str) -> str:
    """No other map that stands there already has it."""
    taken, number = set(value_names(graph)), 0
    while any(name.startswith(f"maps/{modality}/{number}/") for name in taken):
        number += 1
    return f"maps/{modality}/{number}"


@attrs.frozen(eq=False)
class _Nodes:
    """Operators and constants, as they are added.

    Args:
        prefix: Of their names.
        rank: Number of the batch's axes.
    """

    prefix: str
    rank: int
    nodes: list[onnx.NodeProto] = attrs.field(factory=list)
    constants: list[onnx.TensorProto] = attrs.field(factory=list)

    def add_step(self, step: InputMap, values: str, lengths: str | None) -> str:
        """The name of what a single map makes of some values."""
        match step:
            case Affine():
                return self._affine(step, values)
            case Flip() if lengths is None:
                ends = [np.array([number], np.int64) for number in (-1, _END, step.axis + 1, -1)]
                return self._add("Slice", [values, *map(self._constant, ends)])
            case Flip():
                return self._with_axis_at(1, step.axis + 1, values, lambda moved: self._reverse(moved, str(lengths)))
            case Filtering():
                last = self.rank - 1
                return self._with_axis_at(last, step.axis + 1, values, lambda moved: self._filter(step, moved))
        raise TypeError(f"an input map must be affine, a flip or a filter, but got {type(step).__name__}.")

    def _affine(self, step: Affine, values: str) -> str:
        weights, offset = step.weights, np.array(step.offset, np.float32)
        if step.axis is None or weights.ndim == 1:
            shape = [1] * self.rank
            if step.axis is not None:
                shape[step.axis + 1] = -1
            scaled = self._add("Mul", [values, self._constant(weights.reshape(shape))])
            return self._add("Add", [scaled, self._constant(offset.reshape(shape))])

        def mix(moved: str) -> str:
            product = self._add("MatMul", [moved, self._constant(np.ascontiguousarray(weights.T))])
            return self._add("Add", [product, self._constant(offset)])

        return self._with_axis_at(self.rank - 1, step.axis + 1, values, mix)

    def _reverse(self, values: str, lengths: str) -> str:
        return self._add("ReverseSequence", [values, lengths], batch_axis=0, time_axis=1)

    def _filter(self, step: Filtering, values: str) -> str:
        # Each channel is a row of its own: (B, C, T) as (B C, 1, T).
        back = self._add("Shape", [values])
        steps = self._add("Shape", [values], start=self.rank - 1)
        target = self._add("Concat", [self._constant(np.array([-1, 1])), steps], axis=0)
        rows = self._add("Reshape", [values, target])
        taps = np.array(step.taps[::-1], np.float32).reshape(1, 1, -1)
        filtered = self._add("Conv", [rows, self._constant(taps)], pads=[len(step.taps) - 1, 0])
        return self._add("Reshape", [filtered, back])

    def _with_axis_at(self, wanted: int, axis: int, values: str, change: Callable[[str], str]) -> str:
        """Move an axis to where an operator wants it, and back."""
        if axis == wanted:
            return change(values)
        order = [at for at in range(self.rank) if at != axis]
        order.insert(wanted, axis)
        moved = self._add("Transpose", [values], perm=order)
        return self._add("Transpose", [change(moved)], perm=np.argsort(order).tolist())

    def _add(self, kind: str, inputs: Iterable[str], **attributes: Any) -> str:  # noqa: ANN401 - as onnx has them
        output = f"{self.prefix}/{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, [*inputs], [output], name=output, **attributes))
        return output

    def _constant(self, value: NDArray[Any]) -> str:
        name = f"{self.prefix}/constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(value, name))
        return name
