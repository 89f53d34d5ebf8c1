"""The one length that recordings of different lengths are brought to."""

from collections.abc import Sequence

import numpy as np


def fit_length(lengths: Sequence[int]) -> int:
    """The smallest of the lengths that at least 95 % of them do not exceed: few recordings are cut, none is stretched.

    Example:
        >>> fit_length([80] * 19 + [1000])
        80
    """
    return int(np.quantile(lengths, 0.95, method="inverted_cdf"))
