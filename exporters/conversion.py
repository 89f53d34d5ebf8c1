"""The encoders of an artefact in lower precision; heads and fusion, which are tiny, stay as they are."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

import attrs
import numpy as np
from numpy.typing import NDArray

from ..framework.data.arrays import Arrays
from ..framework.model import MultimodalModel
from ..framework.port_names import LENGTH
from .artefact import ArtefactConfig
from .components import Components, export_encoder
from .full_precision import full_precision_modules
from .half import HalfEncoder
from .halved_weights import halve_weights
from .precision_report import EncoderChange
from .quantisation import quantise
from .trial_batches import TrialRows

if TYPE_CHECKING:
    import onnx

    from ..framework.interfaces import Encoder

BATCH_SIZE: Final = 16


@attrs.frozen(eq=False)
class Converted:
    """The parts of an artefact, and what became of each encoder."""

    components: Components
    encoders: Mapping[str, EncoderChange]


def convert(
    components: Components,
    model: MultimodalModel,
    pools: Mapping[str, TrialRows],
    config: ArtefactConfig,
    calibration: Arrays | None,
) -> Converted:
    """Convert each encoder to the precision that the configuration names.

    Args:
        components: in float32.
        model: that they were exported from, in evaluation mode, on the CPU.
        pools: rows to trace with, by modality.
        config: says which precision.
        calibration: rows that ranges of activations are measured on, for int8.

    Raises:
        ExportError: if an encoder cannot be converted.
    """
    graphs: dict[str, onnx.ModelProto] = {}
    changes: dict[str, EncoderChange] = {}
    for name, before in components.encoders.items():
        encoder = cast("Encoder", model.encoders[name])
        full = ["encoder" + (f".{path}" if path else "") for path, _ in full_precision_modules(encoder)]
        if config.precision == "float16" and config.form == "branch":
            graph, method = halve_weights(before, full), "stored"
        elif config.precision == "float16":
            half = HalfEncoder(encoder).eval()
            graph, method = export_encoder(half, name, pools[name], config, unit_norm=model.unit_norm), "half"
        elif config.precision == "bfloat16":
            graph, method = before, "none"  # The runtime rounds, as it is told when it opens the graph.
        else:
            feeds = [] if calibration is None else calibration_feeds(calibration, name, config)
            quantised = quantise(before, feeds, full)
            graph, method = quantised.graph, quantised.method
        graphs[name] = graph
        changes[name] = EncoderChange(method, graph.ByteSize(), before.ByteSize())
    return Converted(Components(graphs, components.fusion), changes)


def calibration_feeds(samples: Arrays, modality: str, config: ArtefactConfig) -> list[dict[str, NDArray[Any]]]:
    """Batches of one encoder's inputs: the rows that have its modality, cut to the longest of their batch."""
    rows = np.flatnonzero(samples.present[:, config.schema.modalities.index(modality)])
    axis = config.schema.preprocessing[modality].time_axis
    feeds = []
    for batch in (rows[start : start + BATCH_SIZE] for start in range(0, len(rows), BATCH_SIZE)):
        told = modality in config.lengths and axis is not None
        lengths = samples.lengths[modality][batch] if told else None
        values = samples.inputs[modality][batch]
        if modality in config.schema.maps:
            # The encoder alone is quantised, and what comes to it is mapped already.
            values = config.schema.maps[modality](values, lengths)
        feed = {modality: values}
        if lengths is not None and axis is not None:
            feed = {
                modality: np.ascontiguousarray(values.take(range(lengths.max()), axis=axis + 1)),
                LENGTH.format(modality=modality): lengths,
            }
        feeds.append(feed)
    return feeds
