"""Several processes: gather Sides before the losses and average gradients after them, so that batch-wide losses mean the same on 1 and on N processes."""

from collections.abc import Iterable, Mapping

import attrs
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.nn.functional import all_gather

from .batch import Batch, Outputs, Side


def world() -> tuple[int, int]:
    """This process's rank and the number of processes."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    return 0, 1


def gather_side(side: Side) -> Side:
    """Join the slices of a batch that the processes hold; gradients flow back to each process's own slice."""
    if world()[1] == 1:
        return side
    sizes = _sizes(len(side.batch), side.batch.present.device)

    def join(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {name: _gather(tensor, sizes) for name, tensor in tensors.items()}

    batch, outputs = side.batch, side.outputs
    ids: list[tuple[str, ...]] = [()] * len(sizes)
    dist.all_gather_object(ids, batch.ids)
    whole = Batch(
        # Losses see features, not inputs: only their shapes are carried, so as not to send raw data around.
        inputs={name: value.new_zeros(sum(sizes), *([1] * (value.ndim - 1))) for name, value in batch.inputs.items()},
        present=_gather(batch.present.to(torch.uint8), sizes).bool(),
        domain=_gather(batch.domain, sizes),
        index=_gather(batch.index, sizes),
        ids=tuple(name for names in ids for name in names),
        labels=None if batch.labels is None else join(batch.labels),
    )
    return attrs.evolve(
        side,
        batch=whole,
        outputs=Outputs(
            features=join(outputs.features),
            logits={task: join(values) for task, values in outputs.logits.items()},
            task_features={task: join(values) for task, values in outputs.task_features.items()},
        ),
    )


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replace every gradient by its mean over the processes.

    `all_gather` sends back the sum of all processes' gradients of the same loss, so their mean is the gradient of one.
    """
    processes = world()[1]
    if processes == 1:
        return
    for parameter in parameters:
        # A process whose slice lacks a modality has no gradient there, but must take part.
        gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        dist.all_reduce(gradient)
        parameter.grad = gradient / processes


def _sizes(size: int, device: torch.device) -> list[int]:
    own = torch.tensor([size], device=device)
    sizes = [torch.zeros_like(own) for _ in range(world()[1])]
    dist.all_gather(sizes, own)
    return [int(found) for found in sizes]


def _gather(tensor: Tensor, sizes: list[int]) -> Tensor:
    """Concatenate slices of different lengths: pad to the longest, gather, cut."""
    padded = torch.cat([tensor, tensor.new_zeros(max(sizes) - len(tensor), *tensor.shape[1:])])
    slices = all_gather(padded) if tensor.requires_grad else _plain_gather(padded, len(sizes))
    return torch.cat([part[:size] for part, size in zip(slices, sizes, strict=True)])


def _plain_gather(tensor: Tensor, processes: int) -> list[Tensor]:
    parts = [torch.empty_like(tensor) for _ in range(processes)]
    dist.all_gather(parts, tensor.contiguous())
    return parts
