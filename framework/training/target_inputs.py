"""How a score without labels asks a model of other inputs than the target's own."""

from collections.abc import Sequence

import torch

from ..batch import Batch, Outputs
from ..method import Method
from ..validators.validator import TargetInputs
from .loader import Loader, to_batch


def read_target(method: Method, loader: Loader, device: torch.device | str) -> TargetInputs:
    """The target's inputs, which are read when a score asks, and what says what the model makes of a batch.

    Args:
        method: whose model is asked, as it stands when it is asked.
        loader: of the target's rows.
        device: that the model is on.
    """

    def rows(positions: Sequence[int]) -> Batch:
        return to_batch(loader.samples.batch(positions), loader.domains).without_labels()

    @torch.no_grad()
    def predict(batch: Batch) -> Outputs:
        found = method.eval().look(batch.to(device), "target").outputs
        return Outputs(
            features={name: values.cpu() for name, values in found.features.items()},
            logits={
                task: {name: values.cpu() for name, values in by_head.items()} for task, by_head in found.logits.items()
            },
            task_features={},
        )

    return TargetInputs(rows, predict)
