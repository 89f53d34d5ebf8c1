"""Which execution provider runs which operators of a graph."""

from collections import Counter
from typing import Any, Final

from ..runtime import Placement

SHAPE_OPERATORS: Final = frozenset(
    {
        *("Shape", "Size", "Constant", "ConstantOfShape", "Identity", "Cast", "Range", "Where", "Expand", "Tile"),
        *("Concat", "Gather", "Slice", "Split", "Squeeze", "Unsqueeze", "Reshape", "Flatten", "Transpose"),
        *("Abs", "Add", "Sub", "Mul", "Div", "Mod", "Neg", "Sign", "Floor", "Ceil", "Sqrt", "Pow", "Min", "Max"),
        *("ReduceMax", "ReduceMin", "ReduceProd", "ReduceSum"),
        *("And", "Or", "Not", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"),
    }
)
"""What sizes of tensors are computed with. ONNX Runtime always puts such computations on the CPU, where sizes are."""


def read_placement(session: Any) -> Placement:  # noqa: ANN401 - onnxruntime has no types
    """Where an `onnxruntime.InferenceSession` runs its operators.

    It was opened with `session.record_ep_graph_assignment_info`. What is counted are the operators when providers were
    chosen, some of which are merged later.
    """
    found: dict[str, Counter[str]] = {}
    for part in session.get_provider_graph_assignment_info():
        found.setdefault(part.ep_name, Counter()).update(node.op_type for node in part.get_nodes())
    return found


def left_to_cpu(placement: Placement) -> dict[str, int]:
    """Operators that compute on the CPU with more than sizes.

    `session.disable_cpu_ep_fallback` would refuse any operator on the CPU, and with it most graphs that take batches of
    any size. What sizes are computed with has kernels for GPUs, too, so where it is left to the CPU it works on sizes;
    anything else is there because the provider lacks it.

    Example:
        >>> left_to_cpu({"CUDAExecutionProvider": {"Conv": 2}, "CPUExecutionProvider": {"Shape": 3, "STFT": 1}})
        {'STFT': 1}
    """
    on_cpu = placement.get("CPUExecutionProvider", {})
    return {kind: count for kind, count in on_cpu.items() if kind not in SHAPE_OPERATORS}
