"""1-D convolutions with GroupNorm over rows of different lengths."""

from jaxtyping import Float, Int64
from torch import Tensor, nn

from .masking import own_steps


def run_masked(
    layers: nn.Sequential, values: Float[Tensor, "batch channels steps"], lengths: Int64[Tensor, " batch"]
) -> tuple[Float[Tensor, "batch out_channels out_steps"], Int64[Tensor, " batch"]]:
    """What the layers make of each row's own steps alone, zero behind its end, and how many steps those are by then.

    Args:
        layers: convolutions that are padded by half their kernel, each with a GroupNorm behind it, and ReLUs.
        values: zero behind each row's end, as the convolutions' own padding is.
        lengths: of the rows.
    """
    for layer in layers:
        if isinstance(layer, nn.GroupNorm):
            values = masked_group_norm(layer, values, lengths)
        else:
            values = layer(values)
            if isinstance(layer, nn.Conv1d):
                lengths = (lengths - 1).div(layer.stride[0], rounding_mode="floor") + 1
    return values, lengths


def masked_group_norm(
    norm: nn.GroupNorm, values: Float[Tensor, "batch channels steps"], lengths: Int64[Tensor, " batch"]
) -> Float[Tensor, "batch channels steps"]:
    """What `norm` makes of each row's own steps alone; zero behind its end.

    Example:
        >>> import torch
        >>> values, norm = torch.ones(1, 4, 9).cumsum(2), nn.GroupNorm(2, 4)
        >>> found = masked_group_norm(norm, values, torch.tensor([5]))
        >>> torch.allclose(found[:, :, :5], norm(values[:, :, :5]), atol=1e-6), bool(found[:, :, 5:].any())
        (True, False)
    """
    batch, channels, steps = values.shape
    grouped = values.reshape(batch, norm.num_groups, -1, steps)
    padding = ~own_steps(lengths, steps).view(-1, 1, 1, steps)
    count = (lengths * grouped.shape[2]).view(-1, 1, 1, 1)
    mean = grouped.masked_fill(padding, 0.0).sum(dim=(2, 3), keepdim=True) / count
    centred = (grouped - mean).masked_fill(padding, 0.0)
    variance = centred.square().sum(dim=(2, 3), keepdim=True) / count
    normalised = (centred * (variance + norm.eps).rsqrt()).reshape(batch, channels, steps)
    return (normalised * norm.weight.unsqueeze(1) + norm.bias.unsqueeze(1)).masked_fill(padding.squeeze(1), 0.0)
