"""Several processes share a batch: each encodes a slice of it, and the features of all are gathered before the heads.

So whatever a batch as a whole means to fusions and losses, it means the same on 1 and on N processes.
"""

from collections.abc import Mapping
from functools import partial
from typing import Protocol

import attrs
import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor

from .batch import Batch
from .intermediate import Encoded
from .tensors.gradient_scaling import scale_gradient


class Gather(Protocol):
    """Makes a whole batch of slices, of which each process holds one: `alone` or `among_processes`."""

    def __call__(self, batch: Batch, encoded: Mapping[str, Encoded], /) -> tuple[Batch, Mapping[str, Encoded]]:
        """The whole batch, and what the encoders make of it by modality."""


def alone(batch: Batch, encoded: Mapping[str, Encoded]) -> tuple[Batch, Mapping[str, Encoded]]:
    """What a process has is the whole, whichever others there are: they train something else."""
    return batch, encoded


def among_processes(batch: Batch, encoded: Mapping[str, Encoded]) -> tuple[Batch, Mapping[str, Encoded]]:
    """The slices of all processes of `torch.distributed`, in the order of their ranks; `alone` where there are none.

    Gradients flow back to each process's own slice, times the number of processes: their mean over the processes, which
    `average_gradients` takes, is that of one process on the whole batch. The whole batch's inputs have shapes, but no
    values. Slices may differ in length, lack a modality, or be empty.

    Example:
        >>> values = torch.zeros(2, 3)
        >>> index = torch.arange(2)
        >>> batch = Batch({"audio": values}, torch.ones(2, 1, dtype=torch.bool), index, index, ("a", "b"))
        >>> whole, encoded = among_processes(batch, {"audio": Encoded(values)})
        >>> len(whole), encoded["audio"].features.shape
        (2, torch.Size([2, 3]))
    """
    if world()[1] == 1:
        return batch, encoded
    sizes = slice_sizes(batch)
    gather = partial(_gather, sizes=sizes)
    return _gather_batch(batch, sizes), {name: _pad_together(made).map(gather) for name, made in encoded.items()}


def world() -> tuple[int, int]:
    """This process's rank and the number of processes."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    return 0, 1


def slice_sizes(batch: Batch) -> list[int]:
    """How many samples of a batch each process holds."""
    processes = world()[1]
    if processes == 1:
        return [len(batch)]
    own = torch.tensor([len(batch)], device=batch.present.device)
    sizes = [torch.zeros_like(own) for _ in range(processes)]
    dist.all_gather(sizes, own)
    return [int(size) for size in sizes]


def gather_equal(tensor: Tensor) -> list[Tensor]:
    """Every process's tensor, all of one shape."""
    slices = [torch.empty_like(tensor) for _ in range(world()[1])]
    dist.all_gather(slices, tensor.contiguous())
    return slices


def _gather_batch(batch: Batch, sizes: list[int]) -> Batch:
    ids: list[tuple[str, ...]] = [()] * len(sizes)
    dist.all_gather_object(ids, batch.ids)
    labels = batch.labels
    return Batch(
        # Losses see features, not inputs: these have a shape, but no values, so as not to send raw data around.
        inputs={
            name: value.new_empty((sum(sizes), *value.shape[1:]), device="meta") for name, value in batch.inputs.items()
        },
        present=_gather(batch.present.to(torch.uint8), sizes).bool(),
        domain=_gather(batch.domain, sizes),
        index=_gather(batch.index, sizes),
        ids=tuple(name for names in ids for name in names),
        labels=None if labels is None else {name: _gather(value, sizes) for name, value in labels.items()},
        lengths={name: _gather(value, sizes) for name, value in batch.lengths.items()},
    )


def _pad_together(encoded: Encoded) -> Encoded:
    """With as many steps in time as the process has that has most; names in one order in all."""
    padded = {
        name: found if found.lengths is None else attrs.evolve(found, values=_pad_steps(found.values))
        for name, found in sorted(encoded.intermediate.items())
    }
    return attrs.evolve(encoded, intermediate=padded)


def _pad_steps(values: Float[Tensor, "slice steps ..."]) -> Float[Tensor, "slice most ..."]:
    own = torch.tensor([values.shape[1]], device=values.device)
    missing = max(int(steps) for steps in gather_equal(own)) - values.shape[1]
    return torch.cat([values, values.new_zeros(len(values), missing, *values.shape[2:])], dim=1)


def _gather(tensor: Tensor, sizes: list[int]) -> Tensor:
    """Concatenate slices of different lengths: pad to the longest, gather, cut. This process's one keeps its graph."""
    plain = tensor.detach()
    padded = torch.cat([plain, plain.new_zeros(max(sizes) - len(plain), *plain.shape[1:])])
    slices = [part[:size] for part, size in zip(gather_equal(padded), sizes, strict=True)]
    if tensor.requires_grad:
        slices[world()[0]] = scale_gradient(tensor, len(sizes))
    return torch.cat(slices)
