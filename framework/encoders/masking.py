"""What encoders of padded rows share: which steps are a row's own."""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from ..batch import EncoderInput


def row_lengths(inputs: EncoderInput) -> Int64[Tensor, " batch"]:
    """The lengths of rows whose time axis is the second, or that of the whole input for each where there are none."""
    values = inputs.values
    if inputs.lengths is not None:
        return inputs.lengths
    return torch.full((values.shape[0],), values.shape[1], dtype=torch.int64, device=values.device)


def own_steps(lengths: Int64[Tensor, " batch"], steps: int | torch.SymInt) -> Bool[Tensor, "batch steps"]:
    """Which of `steps` steps are each row's own.

    Example:
        >>> own_steps(torch.tensor([1, 3]), 3).tolist()
        [[True, False, False], [True, True, True]]
    """
    return torch.arange(steps, device=lengths.device) < lengths.unsqueeze(1)


def clear_padding(
    values: Float[Tensor, "batch steps size"], lengths: Int64[Tensor, " batch"]
) -> Float[Tensor, "batch steps size"]:
    """The values, zero behind each row's end, whatever stood there."""
    # Filled, not multiplied: NaN times zero is NaN.
    return values.masked_fill(~own_steps(lengths, values.shape[1]).unsqueeze(2), 0.0)


def widen(values: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Half precision as float32, in which sums of many values, or of squares, neither overflow nor stand still."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def mean_over_steps(
    values: Float[Tensor, "batch steps size"], lengths: Int64[Tensor, " batch"]
) -> Float[Tensor, "batch size"]:
    """The mean over each row's own steps.

    Example:
        >>> mean_over_steps(torch.tensor([[[1.0], [torch.nan]], [[1.0], [2.0]]]), torch.tensor([1, 2])).tolist()
        [[1.0], [1.5]]
    """
    return (clear_padding(widen(values), lengths).sum(dim=1) / lengths.unsqueeze(1)).to(values.dtype)


def normalise_own_steps(
    values: Float[Tensor, "batch groups size steps"], lengths: Int64[Tensor, " batch"], epsilon: float
) -> Float[Tensor, "batch groups size steps"]:
    """Each group of each row brought to mean 0 and variance 1 over its own steps; zero behind the row's end.

    Args:
        values: whatever stands behind the rows' ends.
        lengths: of the rows.
        epsilon: what is added to the variance, so that a constant becomes 0.

    Example:
        >>> values = torch.tensor([2.0, 4.0, torch.nan]).view(1, 1, 1, 3)
        >>> normalise_own_steps(values, torch.tensor([2]), 0.0).flatten().tolist()
        [-1.0, 1.0, 0.0]
    """
    padding = ~own_steps(lengths, values.shape[3]).view(-1, 1, 1, values.shape[3])
    count = (lengths * values.shape[2]).view(-1, 1, 1, 1)
    wide = widen(values)
    mean = wide.masked_fill(padding, 0.0).sum(dim=(2, 3), keepdim=True) / count
    centred = (wide - mean).masked_fill(padding, 0.0)
    variance = centred.square().sum(dim=(2, 3), keepdim=True) / count
    return (centred * (variance + epsilon).rsqrt()).to(values.dtype)
