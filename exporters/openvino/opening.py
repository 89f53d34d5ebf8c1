"""Opens a graph in OpenVINO with the precision that was asked for, or says what is missing."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from ...framework.errors import ExportError

if TYPE_CHECKING:
    from ..execution import Execution
    from .graph import OpenVINOGraph

_PRECISIONS: Final = MappingProxyType({"OpenVINO": "f32", "OpenVINO-bfloat16": "bf16"})
"""OpenVINO's own names of the precisions, by provider."""

_ELSEWHERE: Final = b"\x0a\x08location\x12"
"""How an ONNX file begins to say in which other file the values of a tensor lie."""


def open_graph(execution: "Execution", model: bytes, name: str) -> "OpenVINOGraph":
    """Open a graph.

    Args:
        execution: Its provider, threads; all else is ONNX Runtime's.
        model: An ONNX file's content.
        name: What errors call the model.

    Raises:
        ExportError: if the bytes are no ONNX model in a single file, or the processor cannot compute so.
    """
    from .graph import OpenVINOGraph, explain

    if _ELSEWHERE in model:
        raise ExportError(f"{name} cannot be opened in OpenVINO: values must lie in the file itself, not in another.")
    options: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": _PRECISIONS[execution.provider],
        "PERFORMANCE_HINT": "LATENCY",
    }
    if execution.threads is not None:
        options["INFERENCE_NUM_THREADS"] = execution.threads
    try:
        read: Any = _core().read_model(model)
        compiled = _core().compile_model(read, "CPU", options)
        used = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        graph = OpenVINOGraph(compiled, _read_metadata(read), execution.provider)
    except RuntimeError as error:
        raise ExportError(f"{name} cannot be opened in OpenVINO: {explain(error)}") from error
    if used != options["INFERENCE_PRECISION_HINT"]:
        raise ExportError(f"{name} cannot be opened on {execution.provider}: this processor would compute in {used}.")
    return graph


@cache
def _core() -> Any:  # noqa: ANN401 - openvino has no types
    """OpenVINO itself, once and for good.

    Its CPU plugin gives the process a stack for signals and puts the one before it back when it goes. Where several
    went in another order than they came, that would be one that is freed already, and the next signal ends the process.
    """
    import openvino

    return openvino.Core()


def _read_metadata(model: Any) -> Mapping[str, str]:  # noqa: ANN401 - openvino has no types
    noted = model.get_rt_info()
    return {key: str(value.value) for key, value in noted["framework"].items()} if "framework" in noted else {}
