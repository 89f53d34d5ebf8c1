"""The inputs and outputs of a graph, as Triton describes them."""

from typing import Any, Final

import attrs

from ...framework.errors import ExportError
from .pbtxt import Document

_TYPES: Final = {"tensor(float)": "TYPE_FP32", "tensor(int64)": "TYPE_INT64"}


@attrs.frozen
class TritonPort:
    """An input or output.

    Args:
        name: of the tensor.
        data_type: Triton's name for the type of its values.
        row: shape without the batch; -1 where any size will do.
    """

    name: str
    data_type: str
    row: tuple[int, ...]

    @classmethod
    def of(cls, argument: Any) -> "TritonPort":  # noqa: ANN401 - onnxruntime has no types
        """The port of an `onnxruntime.NodeArg`.

        Raises:
            ExportError: if no artefact has values of its type.
        """
        if argument.type not in _TYPES:
            raise ExportError(f"{argument.name}: expected float or int64 values, but the graph has {argument.type}.")
        row = tuple(size if isinstance(size, int) else -1 for size in argument.shape[1:])
        return cls(argument.name, _TYPES[argument.type], row)

    def describe(self) -> Document:
        """Fields of `ModelInput` and of `ModelOutput`.

        Example:
            >>> TritonPort("audio", "TYPE_FP32", (1, -1)).describe()
            {'name': 'audio', 'data_type': 'TYPE_FP32', 'dims': [1, -1]}
        """
        # One number a row is of shape (batch, 1) to clients, since Triton knows no empty dims.
        return {"name": self.name, "data_type": self.data_type, "dims": list(self.row or (1,))}

    def describe_input(self) -> Document:
        """Fields of the `ModelInput` of the graph itself.

        Example:
            >>> TritonPort("audio_length", "TYPE_INT64", ()).describe_input()
            {'name': 'audio_length', 'data_type': 'TYPE_INT64', 'dims': [1], 'reshape': {}}
        """
        return self.describe() if self.row else {**self.describe(), "reshape": {}}
