"""Weights stored in half precision and computed with in float32, for graphs whose branches a CPU runs."""

from collections.abc import Collection
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .front_end import find_front_end

_STORED: Final = "{name}/half"


def halve_weights(graph: onnx.ModelProto, full_precision: Collection[str]) -> onnx.ModelProto:
    """Store matrices and kernels as float16, each behind a cast to float32.

    A runtime computes such casts once, when it opens the graph, and from then on runs what it would run in float32. Of
    operators on float16, which a CPU without such instructions runs in float32 too, ONNX Runtime converts the weights
    once only outside of branches, and inside of them in every run.

    Vectors stay as they are: biases, and statistics that float16 may not hold. So do values beyond its range, and what
    comes before a spectrogram or a logarithm.

    Args:
        graph: of an encoder in float32; is left as it is.
        full_precision: names of the modules that stay in float32, as initializers begin with them.
    """
    halved = onnx.ModelProto()
    halved.CopyFrom(graph)
    kept = find_front_end(halved.graph, full_precision)
    untouched = {name for node in halved.graph.node if node.name in kept for name in node.input}
    casts = []
    for tensor in halved.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and len(tensor.dims) > 1 and tensor.name not in untouched:
            stored = _halve(tensor)
            if stored is not None:
                casts.append(helper.make_node("Cast", [stored.name], [tensor.name], stored.name, to=TensorProto.FLOAT))
                tensor.CopyFrom(stored)
    nodes = [*casts, *halved.graph.node]
    halved.graph.ClearField("node")
    halved.graph.node.extend(nodes)
    return halved


def _halve(tensor: onnx.TensorProto) -> onnx.TensorProto | None:
    with np.errstate(over="ignore"):
        values = numpy_helper.to_array(tensor).astype(np.float16)
    return numpy_helper.from_array(values, _STORED.format(name=tensor.name)) if np.isfinite(values).all() else None
