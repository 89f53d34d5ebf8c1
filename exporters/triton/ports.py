"""The inputs and outputs of a graph, as Triton describes them."""

from collections.abc import Mapping
from typing import Final

import attrs
import numpy as np

from ...framework.errors import ExportError
from ..runtime import TensorSpec
from .pbtxt import Document

_TYPES: Final[Mapping[type[np.generic], str]] = {np.float32: "TYPE_FP32", np.int64: "TYPE_INT64"}


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
    def of(cls, port: TensorSpec) -> "TritonPort":
        """The port of a graph's input or output.

        Raises:
            ExportError: if no artefact has values of its type.
        """
        if port.dtype not in _TYPES:
            raise ExportError(f"{port.name}: expected float or int64 values, but the graph has {port.dtype.__name__}.")
        return cls(port.name, _TYPES[port.dtype], tuple(-1 if size is None else size for size in port.shape[1:]))

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
