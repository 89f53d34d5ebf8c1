"""What several processes do together beside a step's losses: average gradients, share buffers, say what is wrong."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ..errors import AcclimateError, RunError
from ..gathering import gather_equal, world

BUCKET: Final = 2**24
"""How many numbers of gradients are sent at once: of small tensors, each by itself costs as much as many together."""


def on_main(action: Callable[[], None]) -> None:
    """Do something in the main process only, while the others wait.

    Raises:
        AcclimateError: if `action` raises it; where there are several processes, a RunError of the same words in all.
    """
    rank, processes = world()
    messages: list[str | None] = [None]
    if rank == 0:
        try:
            action()
        except AcclimateError as error:
            if processes == 1:
                raise
            messages = [str(error)]
    if processes > 1:
        dist.broadcast_object_list(messages)
    if messages[0] is not None:
        raise RunError(messages[0])


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replace every gradient by its mean over the processes; a parameter that no process reached keeps none.

    For the time between the backward pass and the optimiser's step; nothing happens where there is one process. Each
    process differentiates the same loss, by the whole batch's features, but reaches its own encoders through its own
    slice. `among_processes` multiplies that part by the number of processes, so the mean is the gradient of one process
    on the whole batch.

    Args:
        parameters: those that the optimiser moves, in the same order in each process.

    Example:
        >>> weight = nn.Parameter(torch.ones(2))
        >>> weight.square().sum().backward()
        >>> average_gradients([weight])
        >>> weight.grad
        tensor([2., 2.])
    """
    processes = world()[1]
    trainable = [parameter for parameter in parameters if parameter.requires_grad]
    if processes == 1 or not trainable:
        return
    reached = torch.tensor([parameter.grad is not None for parameter in trainable], dtype=torch.int32)
    reached = reached.to(trainable[0].device)
    dist.all_reduce(reached, dist.ReduceOp.MAX)
    sent = [parameter for parameter, anywhere in zip(trainable, reached.tolist(), strict=True) if anywhere]
    for bucket in _buckets(sent):
        # A process whose slice lacks a modality has no gradient there, but must take part.
        gradients = [torch.zeros_like(found) if found.grad is None else found.grad for found in bucket]
        sums = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(sums)
        means = (sums / processes).split_with_sizes([parameter.numel() for parameter in bucket])
        for parameter, mean in zip(bucket, means, strict=True):
            parameter.grad = mean.view_as(parameter)


def _buckets(parameters: Iterable[nn.Parameter]) -> Iterator[list[nn.Parameter]]:
    """Parameters whose gradients can be sent in one piece: of one type, on one device, and not too many numbers."""
    bucket: list[nn.Parameter] = []
    for parameter in parameters:
        if bucket:
            alike = (parameter.dtype, parameter.device) == (bucket[0].dtype, bucket[0].device)
            if not alike or sum(other.numel() for other in bucket) + parameter.numel() > BUCKET:
                yield bucket
                bucket = []
        bucket.append(parameter)
    if bucket:
        yield bucket


def share(tensor: Tensor) -> Tensor:
    """The main process's values, of equal shape in all."""
    if world()[1] == 1:
        return tensor
    values = tensor.to(torch.uint8) if tensor.dtype == torch.bool else tensor.detach().clone()
    dist.broadcast(values, 0)
    return values.to(tensor.dtype)


def share_buffers(module: nn.Module) -> None:
    """Give all processes the main one's buffers: running statistics of normalisation differ from slice to slice."""
    if world()[1] > 1:
        for buffer in module.buffers():
            buffer.copy_(share(buffer))


def gather_bytes(tensor: Tensor, device: torch.device) -> list[Tensor]:
    """Every process's bytes, of equal length, on the CPU."""
    if world()[1] == 1:
        return [tensor]
    return [found.cpu() for found in gather_equal(tensor.to(device))]
