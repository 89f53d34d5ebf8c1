"""A model as graphs of its own for each encoder, and one for all that comes after: what every form is made of."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, cast

import attrs
import numpy as np
import onnx
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from ..framework.batch import EncoderInput
from ..framework.errors import ExportError
from ..framework.interfaces import Encoder
from ..framework.intermediate import to_encoded
from ..framework.layout import RowShape
from ..framework.model import MultimodalModel
from ..framework.port_names import FEATURES, LENGTH, PRESENT
from ..framework.tensors.unit_norm import to_unit_norm
from .artefact import ArtefactConfig
from .graph import BATCH, name_ports, strip_notes
from .trial_batches import TrialRows


@attrs.frozen(eq=False)
class Components:
    """The graphs that an artefact is made of.

    Args:
        encoders: by modality: the input, and its lengths where the encoder takes them, to `<modality>_features`.
        fusion: the features of all modalities, zero where one is absent, and `present`, to the logits.
    """

    encoders: Mapping[str, onnx.ModelProto]
    fusion: onnx.ModelProto


class EncoderComponent(nn.Module):
    """An encoder as its graph has it.

    Args:
        encoder: in evaluation mode.
        unit_norm: whether features are scaled to norm 1.
    """

    def __init__(self, encoder: Encoder, *, unit_norm: bool) -> None:
        super().__init__()
        self.encoder = encoder
        self.unit_norm = unit_norm

    def forward(
        self, values: Tensor, lengths: Int64[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch features"]:
        """Features of a batch of the target."""
        features = to_encoded(self.encoder(EncoderInput(values, lengths, "target"))).features
        return to_unit_norm(features) if self.unit_norm else features


class FusionComponent(nn.Module):
    """Heads and fusion as their graph has them: presence as numbers, outputs in one flat row.

    Args:
        model: in evaluation mode.
        outputs: names of the outputs by task, then by modality and `JOINT`.
    """

    def __init__(self, model: MultimodalModel, outputs: Mapping[str, Mapping[str, str]]) -> None:
        super().__init__()
        # Encoders have graphs of their own, and what a module holds is traced with it, used or not.
        self.model = deepcopy(model, {id(model.encoders): nn.ModuleDict()})
        self.keys = [(task, modality) for task, names in outputs.items() for modality in names]

    def forward(
        self, features: Mapping[str, Float[Tensor, "batch _"]], present: Float[Tensor, "batch modality"]
    ) -> tuple[Float[Tensor, "batch _"], ...]:
        """Logits of a batch."""
        logits = self.model.classify(features, present > 0.5, "target").logits
        return tuple(logits[task][modality] for task, modality in self.keys)


def export_components(model: MultimodalModel, pools: Mapping[str, TrialRows], config: ArtefactConfig) -> Components:
    """Export each encoder, and the fusion with all heads.

    Args:
        model: in evaluation mode, on the CPU.
        pools: rows to trace with, by modality.
        config: names and the version of the operators.

    Raises:
        ExportError: if torch cannot export one of them.
    """
    encoders = {
        name: export_encoder(cast("Encoder", encoder), name, pools[name], config, unit_norm=model.unit_norm)
        for name, encoder in model.encoders.items()
    }
    return Components(encoders, _export_fusion(model, config))


def export_encoder(
    encoder: Encoder, modality: str, pool: TrialRows, config: ArtefactConfig, *, unit_norm: bool
) -> onnx.ModelProto:
    """Export one encoder.

    Args:
        encoder: in evaluation mode, on the CPU.
        modality: gives the graph's inputs and output their names.
        pool: rows to trace with.
        config: says whether the graph is told lengths.
        unit_norm: whether features are scaled to norm 1.

    Raises:
        ExportError: if torch cannot.
    """
    part = EncoderComponent(encoder, unit_norm=unit_norm)
    rows = np.ascontiguousarray(pool.rows[:2])
    arguments: dict[str, Any] = {"values": torch.from_numpy(rows)}
    # One axis has the name and the others follow it: torch warns of a name that is given to several.
    axes: dict[str, Any] = {"values": {0: BATCH}}
    names = [modality]
    if modality in config.lengths:
        axis = pool.time_axis or 1
        steps = rows.shape[axis]
        arguments["lengths"] = torch.tensor([steps, max(1, steps - 1)])
        axes = {"values": {0: BATCH, axis: torch.export.Dim.DYNAMIC}, "lengths": {0: torch.export.Dim.DYNAMIC}}
        names.append(LENGTH.format(modality=modality))
    graph = _export(part.eval(), arguments, axes, config.opset)
    name_ports(graph, names, [FEATURES.format(modality=modality)])
    return graph


def _export_fusion(model: MultimodalModel, config: ArtefactConfig) -> onnx.ModelProto:
    features = {name: torch.zeros(2, size) for name, size in model.feature_sizes.items()}
    part, present = FusionComponent(model, config.outputs).eval(), torch.ones(2, len(features))
    if model.intermediate_shapes:
        _check_needs(part, features, present, model.intermediate_shapes)
    graph = _export(
        part,
        {"features": features, "present": present},
        {"features": {name: {0: torch.export.Dim.DYNAMIC} for name in features}, "present": {0: BATCH}},
        config.opset,
    )
    inputs = [FEATURES.format(modality=name) for name in features]
    outputs = [name for names in config.outputs.values() for name in names.values()]
    name_ports(graph, [*inputs, PRESENT], outputs)
    return graph


@torch.no_grad()
def _check_needs(
    fusion: FusionComponent,
    features: Mapping[str, Tensor],
    present: Tensor,
    shapes: Mapping[str, Mapping[str, RowShape]],
) -> None:
    """Refuse a Fusion that reads more of encoders than features, which is all that an artefact's graphs hand to it."""
    try:
        fusion(features, present)
    except Exception as error:
        handed_on = ", ".join(f"{name}/{key}" for name, tensors in shapes.items() for key in tensors)
        raise ExportError(
            f"an artefact's fusion sees features alone, but {type(fusion.model.fusion).__name__} fails without what "
            f"encoders hand on beside them ({handed_on}): {type(error).__name__}: {error}"
        ) from error


def _export(part: nn.Module, arguments: Mapping[str, Any], axes: Mapping[str, Any], opset: int) -> onnx.ModelProto:
    try:
        with torch.no_grad():
            program: Any = torch.onnx.export(
                part,
                (),
                kwargs=dict(arguments),
                dynamic_shapes=dict(axes),
                opset_version=opset,
                verbose=False,
            )
        graph: onnx.ModelProto = program.model_proto
    except Exception as error:  # The exporter raises whatever a model's own code, torch or onnx raise.
        cause = error.__cause__ or error
        reason = " ".join(line.strip(" -") for line in str(cause).strip().splitlines()[:2])
        raise ExportError(f"torch cannot export the model: {type(cause).__name__}: {reason}") from error
    strip_notes(graph)
    return graph
