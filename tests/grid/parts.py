"""Encoders with which a run comes to a bad end."""

import os
import signal

from acclimate.framework import EncoderInput
from acclimate.framework.encoders import MLP
from acclimate.framework.errors import RunError
from jaxtyping import Float
from torch import Tensor


class Failing(MLP):
    """Raises an error when it trains."""

    def forward(self, inputs: EncoderInput) -> Float[Tensor, "batch out"]:
        """Fail."""
        if self.training:
            raise RunError("this encoder fails")
        return super().forward(inputs)


class Dying(MLP):
    """Ends its process when it trains, as one that takes too much memory is ended."""

    def forward(self, inputs: EncoderInput) -> Float[Tensor, "batch out"]:
        """Die."""
        if self.training:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().forward(inputs)
