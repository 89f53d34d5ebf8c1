"""What ONNX Runtime's errors mean to whoever ran a graph. Imports no torch."""

from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument

from ..framework.errors import AcclimateError, DataError, ExportError


def explain_failure(error: Exception) -> AcclimateError:
    """An error in one line: of the batch, where the graph refuses it, such as a text longer than it has positions for.

    All others, such as a lack of memory, are the artefact's.
    """
    reason = (str(error).strip() or type(error).__name__).partition("\n")[0]
    if isinstance(error, InvalidArgument):
        return DataError(f"the graph refuses this batch: {reason}")
    return ExportError(f"the graph failed while it ran: {reason}")
