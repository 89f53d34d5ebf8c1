"""Equality to the last bit: where that is the promise, and where values were only copied.

What arithmetic computed differs in its last bits from processor to processor, and is compared by `pytest.approx` or
`torch.testing.assert_close`. Bits are promised of resumed runs, caches, processes, seeds and rows that reach nothing,
and what was only read, written, selected or drawn is copied. `test_exact_comparisons.py` refuses any other spelling.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def same_bits(found: object, expected: object) -> bool:
    """Whether two tensors, arrays or lists of numbers have one shape and equal numbers, of which NaN equals itself."""
    one, other = _array(found), _array(expected)
    numbers = one.dtype.kind in "fc" and other.dtype.kind in "fc"
    return one.shape == other.shape and np.array_equal(one, other, equal_nan=numbers)


def assert_same_bits(found: object, expected: object, message: str = "") -> None:
    """Assert `same_bits`, and say where they differ."""
    np.testing.assert_array_equal(_array(found), _array(expected), message, strict=False)
    assert _array(found).shape == _array(expected).shape, message


def _array(values: object) -> NDArray[Any]:
    if isinstance(values, Tensor):
        values = values.detach().cpu()
        # numpy has no bfloat16; float32 holds each of its numbers.
        values = values.float() if values.dtype == torch.bfloat16 else values
    return np.asarray(values)
