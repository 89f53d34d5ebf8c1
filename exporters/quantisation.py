"""Encoders in 8-bit integers, by ONNX Runtime's own quantiser."""

import logging
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import attrs
import onnx
from numpy.typing import NDArray

from ..framework.errors import ExportError
from .front_end import find_front_end
from .graph import strip_notes

Method: TypeAlias = Literal["static", "dynamic", "none"]
"""Whether the ranges of activations are fixed beforehand, or found anew in every batch; or nothing is quantised."""

STATIC: Final = (
    *("Conv", "ConvTranspose", "Gemm", "MatMul", "Gather", "Add", "Relu", "Clip", "MaxPool", "AveragePool"),
    *("GlobalAveragePool", "Concat", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Slice"),
)
"""What computes in integers between convolutions. Normalisations, softmax and activations need their digits."""

DYNAMIC: Final = ("MatMul", "Gemm", "LSTM", "Gather")
"""Convolutions are not among them: they are slower with ranges that are found anew than in float32."""

_CONVOLUTIONS: Final = frozenset({"Conv", "ConvTranspose"})

Feed: TypeAlias = Mapping[str, NDArray[Any]]


@attrs.frozen(eq=False)
class Quantised:
    """An encoder's graph in integers.

    Args:
        graph: with the inputs and outputs that it had.
        method: `none` where it has no operator that could be quantised, and stays as it was.
    """

    graph: onnx.ModelProto
    method: Method


def quantise(graph: onnx.ModelProto, feeds: Sequence[Feed], full_precision: Collection[str]) -> Quantised:
    """Store weights as 8-bit integers, one scale a channel, and compute with them.

    Of the 8 bits they use 7: processors without VNNI add pairs of products in 16 bits, which full 8 bits overflow, and
    answers would be as wrong there as they are right on the processor that exports.

    Graphs with convolutions are quantised statically: the range of each activation (unsigned, as the processors' own
    instructions want it) is that over `feeds`. Transformers, LSTMs and linear layers are quantised dynamically, and
    convolutions of a transformer stay as they are. So does all that comes before a spectrogram, see `full_precision`,
    or before a logarithm, whose quiet bands 8 bits cannot hold.

    Args:
        graph: of an encoder in float32; is left as it is.
        feeds: batches of its inputs; only static quantisation looks at them.
        full_precision: names of the modules that compute in float32, as initializers begin with them.

    Raises:
        ExportError: if ranges are needed but there are no feeds, or ONNX Runtime cannot quantise the graph.
    """
    with tempfile.TemporaryDirectory() as name, _silent_root():
        folder = Path(name)
        prepared = _prepare(graph, folder / "prepared.onnx")
        excluded = find_front_end(prepared.graph, full_precision)
        method = _choose(prepared.graph, excluded)
        if method == "none":
            return Quantised(graph, method)
        if method == "static" and not feeds:
            port = graph.graph.input[0].name
            raise ExportError(f"int8 needs samples of {port!r} to calibrate on, but none of those given has it.")
        try:
            _run(method, folder, {*excluded, *_leave(prepared.graph)}, feeds)
        except Exception as error:  # The quantiser raises whatever its code, onnx or ONNX Runtime raise.
            reason = str(error).strip().partition("\n")[0]
            raise ExportError(f"onnxruntime cannot quantise the encoder: {type(error).__name__}: {reason}") from error
        return Quantised(_tidy(onnx.load(folder / "quantised.onnx"), graph), method)


def _prepare(graph: onnx.ModelProto, path: Path) -> onnx.ModelProto:
    """Fold and fuse what can be, and infer shapes, which the quantiser needs."""
    from onnxruntime.quantization import quant_pre_process

    given = path.with_name("given.onnx")
    bare = onnx.ModelProto()
    bare.CopyFrom(graph)
    # Shapes that the exporter inferred contradict those that onnx infers after fusions.
    bare.graph.ClearField("value_info")
    onnx.save(bare, given)
    quant_pre_process(given, path, skip_symbolic_shape=True)
    prepared = onnx.load(path)
    for number, node in enumerate(prepared.graph.node):
        node.name = f"{number}/{node.name}"  # What is left out is told by name, which not every node must have.
    onnx.save(prepared, path)
    return prepared


def _choose(graph: onnx.GraphProto, excluded: Collection[str]) -> Method:
    kinds = {node.op_type for node in graph.node if node.name not in excluded}
    weights = {tensor.name for tensor in graph.initializer}
    quantisable = any(
        node.op_type in {*DYNAMIC, *_CONVOLUTIONS} and node.name not in excluded and weights & set(node.input)
        for node in graph.node
    )
    if not quantisable:
        return "none"
    # Attention: activations of a transformer have outliers, which make one range for all samples too wide.
    return "static" if kinds & _CONVOLUTIONS and "Softmax" not in kinds else "dynamic"


def _run(method: Method, folder: Path, excluded: Collection[str], feeds: Sequence[Feed]) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic, quantize_static

    prepared, quantised = folder / "prepared.onnx", folder / "quantised.onnx"
    options = {"MatMulConstBOnly": True}
    if method == "dynamic":
        quantize_dynamic(
            prepared,
            quantised,
            op_types_to_quantize=list(DYNAMIC),
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=sorted(excluded),
            extra_options=options,
        )
        return
    quantize_static(
        prepared,
        quantised,
        _Feeds(feeds),
        op_types_to_quantize=list(STATIC),
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=sorted(excluded),
        extra_options=options,
    )


def _leave(graph: onnx.GraphProto) -> Iterator[str]:
    """Sums with a constant, which shift what was normalised, and products of two activations."""
    weights = {tensor.name for tensor in graph.initializer}
    for node in graph.node:
        has_weights = bool(weights & set(node.input))
        if (node.op_type == "Add" and has_weights) or (node.op_type == "MatMul" and node.input[1] not in weights):
            yield node.name


class _Feeds:
    """What the quantiser calls a reader of calibration data."""

    def __init__(self, feeds: Sequence[Feed]) -> None:
        self._feeds = iter(feeds)

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        """The next batch."""
        feed = next(self._feeds, None)
        return None if feed is None else dict(feed)


def _tidy(graph: onnx.ModelProto, before: onnx.ModelProto) -> onnx.ModelProto:
    """No traces of the tools, no operator sets that no node uses, and ports as they were."""
    strip_notes(graph)
    used = {node.domain for node in graph.graph.node}
    operators = [operators for operators in graph.opset_import if operators.domain in {"", *used}]
    graph.ClearField("opset_import")
    graph.opset_import.extend(operators)
    for field in ("input", "output"):
        ports = {port.name: port for port in getattr(before.graph, field)}
        for port in getattr(graph.graph, field):
            port.CopyFrom(ports[port.name])
    graph.producer_name, graph.producer_version = before.producer_name, before.producer_version
    graph.graph.name = before.graph.name
    return graph


@contextmanager
def _silent_root() -> Iterator[None]:
    """The quantiser logs by functions that set up logging for the whole program where nobody has."""
    handler = logging.NullHandler()
    logging.root.addHandler(handler)
    try:
        yield
    finally:
        logging.root.removeHandler(handler)
