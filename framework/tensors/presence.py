"""Rows of absent modalities, which are zero whatever stands in them."""

from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def keep_present(values: Float[Tensor, "batch width"], present: Bool[Tensor, " batch"]) -> Float[Tensor, "batch width"]:
    """Zero in the rows that are absent, whatever stands there; no gradient reaches them.

    Example:
        >>> keep_present(torch.tensor([[1.0], [torch.nan]]), torch.tensor([True, False])).tolist()
        [[1.0], [0.0]]
    """
    # where(), not a product: NaN times zero is NaN.
    return torch.where(present.unsqueeze(1), values, 0.0)


def present_only(
    values: Mapping[str, Float[Tensor, "batch _"]], present: Bool[Tensor, "batch modality"]
) -> list[Float[Tensor, "batch _"]]:
    """Values of all modalities in alphabetical order, that of the columns of `present`; zero where one is absent."""
    return [keep_present(values[modality], present[:, column]) for column, modality in enumerate(sorted(values))]
