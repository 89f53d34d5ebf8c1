"""Checks of Encoders: all that every Encoder promises, whatever it reads."""

from typing import Final

from torch import Tensor

from ..interfaces import Encoder
from . import encoder_features as of_features, encoder_padding as of_padding
from .bound_parts import Made
from .broken_promise import Promises
from .encoder_case import EncoderCase
from .encoder_intermediate import check_intermediate

ENCODER_PROMISES: Final[Promises[EncoderCase]] = {
    "features": of_features.check_features,
    "rows alone": of_features.check_rows_alone,
    "tells apart": of_features.check_tells_apart,
    "weights": of_features.check_weights,
    "same seed": of_features.check_same_seed,
    "state": of_features.check_state,
    "lost rows": of_features.check_lost_rows,
    "intermediate": check_intermediate,
    "padding": of_padding.check_padding,
    "padded rows": of_padding.check_padded_rows,
    "cached trunk": of_padding.check_cached_trunk,
}
"""What checks each promise of an Encoder, by name, in the order in which `check_encoder` asks."""


def check_encoder(encoder: Made[Encoder], inputs: Tensor, *, least_rows: int = 1) -> None:
    """Check all that an Encoder promises; returns nothing where it keeps it.

    Args:
        encoder: what makes the Encoder, such as its class; or the Encoder itself, see `EncoderCase`.
        inputs: `(B, ...)` such as the data have, five rows or more that differ from each other.
        least_rows: how many rows a batch must have in training: two where it normalises batches.

    Raises:
        BrokenPromiseError: at the first promise that it breaks, with a sentence that says which, and the numbers.
        ValueError: if the inputs are fewer than five rows.

    Example:
        >>> import torch
        >>> from acclimate.framework.encoders import LSTM
        >>> check_encoder(lambda: LSTM(in_features=6), torch.randn(5, 9, 6))
    """
    case = EncoderCase(encoder, inputs, least_rows=least_rows)
    for check in ENCODER_PROMISES.values():
        check(case)
