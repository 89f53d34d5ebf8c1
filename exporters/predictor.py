"""An artefact as a Predictor, to be evaluated with the same code as the model it came from."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .session import Session


class SessionPredictor:
    """Runs a session on a batch.

    Args:
        session: the artefact.

    Example:
        >>> from importlib.resources import files
        >>> folder = files("acclimate.zoo") / "checkpoints/rna-uda.wrist"
        >>> predict = SessionPredictor(Session(folder))
        >>> logits = predict({"gyroscope": np.zeros((2, 3, 100), np.float32)}, np.array([[False, True]] * 2))
        >>> list(logits), list(logits["label"])
        (['label'], ['joint', 'accelerometer', 'gyroscope'])
    """

    def __init__(self, session: Session) -> None:
        self.session = session

    @property
    def told_lengths(self) -> frozenset[str]:
        """Modalities whose encoders are told how long each row is."""
        return frozenset(self.session.config.lengths)

    def __call__(
        self,
        inputs: Mapping[str, NDArray[Any]],
        present: NDArray[np.bool_],
        lengths: Mapping[str, NDArray[np.int64]] | None = None,
    ) -> dict[str, dict[str, NDArray[np.float32]]]:
        """Logits `(B, C)` by task, then by modality and `JOINT`."""
        outputs = self.session.run(inputs, present, lengths)
        return {
            task: {modality: outputs[name] for modality, name in names.items()}
            for task, names in self.session.outputs.items()
        }
