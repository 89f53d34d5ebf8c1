"""A split artefact at work: a graph for each encoder, and one for the fusion."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..framework.errors import ExportError
from ..framework.port_names import FEATURES, LENGTH, PRESENT
from .opened_graphs import Graphs
from .runtime import Graph, Memory, Runnable, TensorSpec, Values


class SplitGraphs(Graphs[Values]):
    """A graph for each encoder, which runs on the rows that have its modality, and one for the fusion.

    Args:
        encoders: The encoders' graphs by modality, in the order of the columns of `present`.
        fusion: The graph of `fusion.onnx`.
        widths: How many features each encoder gives, by modality.
        memory: Where batches lie.
    """

    def __init__(
        self,
        encoders: Mapping[str, Runnable[Values]],
        fusion: Runnable[Values],
        widths: Mapping[str, int],
        memory: Memory[Values],
    ) -> None:
        super().__init__(fusion, memory)
        self._encoders, self._widths = encoders, widths

    def feed(self, inputs: Mapping[str, Values], present: NDArray[np.bool_]) -> dict[str, Values]:
        """Features of all modalities; zeros in rows that lack one."""
        features = {
            FEATURES.format(modality=name): self._encode(name, inputs, present[:, column])
            for column, name in enumerate(self._encoders)
        }
        return {**features, PRESENT: inputs[PRESENT]}

    def _encode(self, modality: str, inputs: Mapping[str, Values], present: NDArray[np.bool_]) -> Values:
        own = {name: inputs[name] for name in (modality, LENGTH.format(modality=modality)) if name in inputs}
        if present.all():
            return self._encoders[modality].run(own)[0]
        features = self._memory.full((len(present), self._widths[modality]), 0, np.float32)
        if present.any():
            rows = self._memory.move(np.flatnonzero(present))
            given = {name: self._memory.take(values, rows) for name, values in own.items()}
            self._memory.put(features, rows, self._encoders[modality].run(given)[0])
        return features


def check_split(encoders: Mapping[str, Graph], fusion: Graph) -> dict[str, int]:
    """Compare what each encoder takes and gives, and what the fusion takes, with their names.

    Args:
        encoders: The encoders' graphs by modality, in the order of the columns of `present`.
        fusion: The fusion's graph.

    Returns:
        The number of features, by modality.

    Raises:
        ExportError: naming the graph that does not fit.
    """
    taken, present = [*encoders], [port.name for port in fusion.inputs]
    wanted = [*(FEATURES.format(modality=name) for name in taken), PRESENT]
    if present != wanted:
        raise ExportError(f"the fusion takes {present}, but should {wanted}.")
    widths = {}
    for port, (name, encoder) in zip(fusion.inputs, encoders.items(), strict=False):
        inputs = [given.name for given in encoder.inputs]
        if inputs not in ([name], [name, LENGTH.format(modality=name)]):
            raise ExportError(f"the encoder of {name} takes {inputs}, but should take {name}.")
        outputs = [(given.name, given.dtype.__name__, given.shape[1:]) for given in encoder.outputs]
        width = port.shape[1] if len(port.shape) == 2 else None
        if not isinstance(width, int) or outputs != [(port.name, "float32", (width,))]:
            raise ExportError(
                f"the encoder of {name} gives {outputs}, but the fusion takes {port.name} of shape {port.shape}."
            )
        widths[name] = width
    return widths


def split_inputs(encoders: Mapping[str, Graph], fusion: Graph) -> list[TensorSpec]:
    """Inputs of all graphs, in an artefact's order: modalities, `present`, lengths."""
    given = {port.name: port for encoder in encoders.values() for port in encoder.inputs}
    lengths = [port for name, port in given.items() if name not in encoders]
    return [*(given[name] for name in encoders), fusion.inputs[-1], *lengths]
