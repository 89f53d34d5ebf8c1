"""Convolutions with GroupNorm over rows of different lengths; the last axis is that of the steps."""

from jaxtyping import Float, Int64
from torch import Tensor, nn

from .masking import normalise_own_steps, own_steps


def run_masked(
    layers: nn.Sequential, values: Float[Tensor, "batch channels *height steps"], lengths: Int64[Tensor, " batch"]
) -> tuple[Float[Tensor, "batch out_channels *out_height out_steps"], Int64[Tensor, " batch"]]:
    """What the layers make of each row's own steps alone, zero behind its end, and how many steps those are by then.

    Args:
        layers: convolutions that are padded along the steps by half their kernel, each with a GroupNorm behind it;
            ReLUs; maxima padded alike, each behind a ReLU; or several of these in a row.
        values: zero behind each row's end, as the convolutions' own padding is.
        lengths: of the rows.
    """
    for layer in layers:
        if isinstance(layer, nn.Sequential):
            values, lengths = run_masked(layer, values, lengths)
        elif isinstance(layer, nn.GroupNorm):
            values = masked_group_norm(layer, values, lengths)
        else:
            values = layer(values)
            if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.MaxPool2d):
                stride = layer.stride if isinstance(layer.stride, int) else layer.stride[-1]
                lengths = (lengths - 1).div(stride, rounding_mode="floor") + 1
            if isinstance(layer, nn.MaxPool2d):
                # The zeros behind a row's end raise no maximum, but the first window there reaches back to its own.
                padding = ~own_steps(lengths, values.shape[-1])
                values = values.masked_fill(padding.view(-1, 1, 1, values.shape[-1]), 0.0)
    return values, lengths


def masked_group_norm(
    norm: nn.GroupNorm, values: Float[Tensor, "batch channels *height steps"], lengths: Int64[Tensor, " batch"]
) -> Float[Tensor, "batch channels *height steps"]:
    """What `norm` makes of each row's own steps alone; zero behind its end.

    Example:
        >>> import torch
        >>> values, norm = torch.ones(1, 4, 9).cumsum(2), nn.GroupNorm(2, 4)
        >>> found = masked_group_norm(norm, values, torch.tensor([5]))
        >>> torch.allclose(found[:, :, :5], norm(values[:, :, :5]), atol=1e-6), bool(found[:, :, 5:].any())
        (True, False)
    """
    batch, channels, steps = values.shape[0], values.shape[1], values.shape[-1]
    grouped = normalise_own_steps(values.reshape(batch, norm.num_groups, -1, steps), lengths, norm.eps)
    scaled = grouped.reshape(batch, channels, -1, steps) * norm.weight.view(-1, 1, 1) + norm.bias.view(-1, 1, 1)
    padding = ~own_steps(lengths, steps).view(-1, 1, 1, steps)
    return scaled.masked_fill(padding, 0.0).reshape(values.shape)
