"""What a process that is spawned does. Imports no torch, so that it starts soon."""

from pathlib import Path
from typing import Any

import numpy as np
from acclimate.exporters import Session
from numpy.typing import NDArray


def open_and_run(folder: Path, inputs: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
    """Logits of one task."""
    return Session(folder).run(inputs)["label_logits"]
