"""A torch model as a Predictor."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from ..layout import DomainSide
from ..model import MultimodalModel
from ..tensors.evaluation_mode import evaluation_mode

if TYPE_CHECKING:
    from ..interfaces import Encoder


class TorchPredictor:
    """Runs a model on numpy arrays, in evaluation mode and without gradients; the model's mode is put back after.

    Args:
        model: the model; it is moved to the device.
        device: where it runs.
        domain_side: the side that the samples come from; an artefact's is the target.
    """

    def __init__(
        self, model: MultimodalModel, device: torch.device | str = "cpu", domain_side: DomainSide = "target"
    ) -> None:
        self.model = model.to(device)
        self.device = torch.device(device)
        self.domain_side = domain_side

    @property
    def told_lengths(self) -> frozenset[str]:
        """Modalities whose encoders are told how long each row is."""
        encoders = self.model.encoders.items()
        return frozenset(name for name, encoder in encoders if cast("Encoder", encoder).time_axis is not None)

    def __call__(
        self,
        inputs: Mapping[str, NDArray[Any]],
        present: NDArray[np.bool_],
        lengths: Mapping[str, NDArray[np.int64]] | None = None,
    ) -> dict[str, dict[str, NDArray[np.float32]]]:
        """Logits `(B, C)` by task, then by modality and `JOINT`."""
        with evaluation_mode(self.model), torch.no_grad():
            outputs = self.model(
                {name: torch.from_numpy(values).to(self.device) for name, values in inputs.items()},
                torch.from_numpy(present).to(self.device),
                self.domain_side,
                {name: torch.from_numpy(values).to(self.device) for name, values in (lengths or {}).items()},
            )
        return {
            task: {name: values.float().cpu().numpy() for name, values in by_modality.items()}
            for task, by_modality in outputs.logits.items()
        }
