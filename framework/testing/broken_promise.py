"""What a check raises: a sentence that names the part, the promise that it breaks, and the numbers."""

from collections.abc import Callable, Mapping
from typing import TypeAlias, TypeVar

import torch
from torch import Tensor

Case = TypeVar("Case")

Promises: TypeAlias = Mapping[str, Callable[[Case], None]]
"""What checks each promise of a kind of part, by the promise's name."""

TOLERANCES = {torch.float64: (1e-7, 1e-7), torch.float32: (1.3e-6, 1e-5)}
"""Relative and absolute, by dtype: those of `torch.testing`. All else must be equal."""


class BrokenPromiseError(AssertionError):
    """A part does not do what every part of its kind promises."""


def difference(found: Tensor, expected: Tensor, tolerances: tuple[float, float] | None = None) -> str:
    """In which numbers two tensors differ by more than rounding; an empty text where they do not.

    Args:
        found: what came out.
        expected: what should have come out.
        tolerances: relative and absolute; None takes those of `torch.testing` for the dtype.

    Example:
        >>> difference(torch.tensor(0.5), torch.tensor(0.25))
        '0.5 and not 0.25'
        >>> difference(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, torch.nan]]))
        '2 and not nan at (0, 1), the largest of 1 difference in 2 numbers'
        >>> difference(torch.ones(2), torch.ones(2))
        ''
    """
    if found.shape != expected.shape:
        return f"shape {tuple(found.shape)} and not {tuple(expected.shape)}"
    relative, absolute = tolerances or TOLERANCES.get(found.dtype, (0.0, 0.0))
    differ = ~torch.isclose(found, expected.to(found.dtype), rtol=relative, atol=absolute)
    if not differ.any():
        return ""
    distance = torch.where(differ, (found.double() - expected.double()).abs().nan_to_num(torch.inf), -1.0)
    place = tuple(int(index) for index in torch.unravel_index(distance.argmax(), found.shape))
    numbers = _two_numbers(found[place].item(), expected[place].item())
    if not place:
        return numbers
    count = int(differ.sum())
    return f"{numbers} at {place}, the largest of {plural(count, 'difference')} in {found.numel()} numbers"


def plural(count: int, noun: str) -> str:
    """A count and what is counted.

    Example:
        >>> plural(1, "row"), plural(3, "row")
        ('1 row', '3 rows')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _two_numbers(found: float, expected: float) -> str:
    """Both, with as few digits as tell them apart."""
    texts = [f"{found:.{digits}g} and not {expected:.{digits}g}" for digits in (4, 8, 17)]
    return next((text for text in texts if len({*text.split(" and not ")}) == 2), texts[-1])
