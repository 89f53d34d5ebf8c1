"""Several processes: features are gathered before the heads and gradients averaged after the losses.

So whatever a batch as a whole means to fusions and losses, it means the same on 1 and on N processes.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ..batch import Batch, Side
from ..errors import RunError
from ..layout import DomainSide
from ..method import Method
from ..tensors.gradient_scaling import scale_gradient

BUCKET: Final = 2**24
"""How many numbers of gradients are sent at once: of small tensors, each by itself costs as much as many together."""


def world() -> tuple[int, int]:
    """This process's rank and the number of processes."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    return 0, 1


def on_main(action: Callable[[], None]) -> None:
    """Do something in the main process only, while the others wait.

    Raises:
        RunError: in every process, if `action` raises it.
    """
    rank, processes = world()
    messages: list[str | None] = [None]
    if rank == 0:
        try:
            action()
        except RunError as error:
            if processes == 1:
                raise
            messages = [str(error)]
    if processes > 1:
        dist.broadcast_object_list(messages)
    if messages[0] is not None:
        raise RunError(messages[0])


def slice_sizes(batch: Batch) -> list[int]:
    """How many samples of a batch each process holds."""
    processes = world()[1]
    if processes == 1:
        return [len(batch)]
    own = torch.tensor([len(batch)], device=batch.present.device)
    sizes = [torch.zeros_like(own) for _ in range(processes)]
    dist.all_gather(sizes, own)
    return [int(size) for size in sizes]


def observe_whole(method: Method, batch: Batch, domain_side: DomainSide) -> Side:
    """Run the model on a batch of which this process holds a slice.

    Encoders see the slice. Their features are gathered, so that heads, Fusion and all losses see the whole batch in
    each process; gradients flow back to each process's own slice.
    """
    if world()[1] == 1:
        return method.observe(batch, domain_side)
    features = method.model.encode(batch.inputs, batch.present, batch.lengths)
    sizes = slice_sizes(batch)
    # A slice without a modality has features of another precision than those that autocast made.
    whole = {name: _gather(value.to(_at_least_float32(value)), sizes) for name, value in features.items()}
    return method.classify(_gather_batch(batch, sizes), whole, domain_side)


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replace every gradient by its mean over the processes; a parameter that no process reached keeps none.

    Each process differentiates the same loss, by the whole batch's features, but reaches its own encoders through its
    own slice. `_gather` multiplies that part by the number of processes, so the mean is the gradient of one process.
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
    processes = world()[1]
    if processes == 1:
        return [tensor]
    return [found.cpu() for found in _plain_gather(tensor.to(device), processes)]


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


def _gather(tensor: Tensor, sizes: list[int]) -> Tensor:
    """Concatenate slices of different lengths: pad to the longest, gather, cut. This process's one keeps its graph."""
    plain = tensor.detach()
    padded = torch.cat([plain, plain.new_zeros(max(sizes) - len(plain), *plain.shape[1:])])
    slices = [part[:size] for part, size in zip(_plain_gather(padded, len(sizes)), sizes, strict=True)]
    if tensor.requires_grad:
        slices[world()[0]] = scale_gradient(tensor, len(sizes))
    return torch.cat(slices)


def _plain_gather(tensor: Tensor, processes: int) -> list[Tensor]:
    parts = [torch.empty_like(tensor) for _ in range(processes)]
    dist.all_gather(parts, tensor.contiguous())
    return parts


def _at_least_float32(tensor: Tensor) -> torch.dtype:
    return torch.promote_types(tensor.dtype, torch.float32)
