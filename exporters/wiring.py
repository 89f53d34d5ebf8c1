"""Whether the graphs of a split artefact fit together. Imports no torch."""

from collections.abc import Mapping
from typing import Any

from ..framework.errors import ExportError
from .artefact import FEATURES, LENGTH, PRESENT


def check_wiring(encoders: Mapping[str, Any], fusion: Any) -> dict[str, int]:  # noqa: ANN401 - onnxruntime has no types
    """Compare what each encoder takes and gives, and what the fusion takes, with their names.

    Args:
        encoders: sessions by modality, in the order of the columns of `present`.
        fusion: session of the fusion.

    Returns:
        The number of features, by modality.

    Raises:
        ExportError: naming the graph that does not fit.
    """
    taken, present = [*encoders], [port.name for port in fusion.get_inputs()]
    wanted = [*(FEATURES.format(modality=name) for name in taken), PRESENT]
    if present != wanted:
        raise ExportError(f"the fusion takes {present}, but should {wanted}.")
    widths = {}
    for port, (name, encoder) in zip(fusion.get_inputs(), encoders.items(), strict=False):
        inputs = [given.name for given in encoder.get_inputs()]
        if inputs not in ([name], [name, LENGTH.format(modality=name)]):
            raise ExportError(f"the encoder of {name} takes {inputs}, but should take {name}.")
        outputs = [(given.name, given.type, given.shape[1:]) for given in encoder.get_outputs()]
        width = port.shape[1] if len(port.shape) == 2 else None
        if not isinstance(width, int) or outputs != [(port.name, "tensor(float)", [width])]:
            raise ExportError(
                f"the encoder of {name} gives {outputs}, but the fusion takes {port.name} of shape {port.shape}."
            )
        widths[name] = width
    return widths
