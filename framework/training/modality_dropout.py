"""Modality dropout: training samples lose modalities, so that the model learns to do without."""

from collections.abc import Sequence

import attrs
import torch
from jaxtyping import Float
from torch import Tensor

from ..batch import Batch


def drop_modalities(
    batch: Batch, probability: float, generator: torch.Generator, sizes: Sequence[int] | None = None, rank: int = 0
) -> Batch:
    """Drop each modality of each sample with a probability; a sample keeps at least one of those it has.

    Args:
        batch: what to drop from.
        probability: of losing a modality.
        generator: source of random numbers.
        sizes: where processes share a batch, how many samples each holds: all draw for all, so that N processes drop
            what one would. None means that this one holds all.
        rank: number of this process.

    Example:
        >>> inputs = {"audio": torch.zeros(2, 3), "video": torch.zeros(2, 3)}
        >>> present, rows = torch.tensor([[True, True], [True, False]]), torch.arange(2)
        >>> batch = Batch(inputs, present, domain=rows, index=rows, ids=("a", "b"))
        >>> drop_modalities(batch, 1.0, torch.Generator()).present.sum(dim=1)
        tensor([1, 1])
    """
    if probability == 0.0:
        return batch
    sizes = [len(batch)] if sizes is None else sizes
    draws = torch.rand(sum(sizes), len(batch.modalities), generator=generator, device=generator.device)
    return _drop(batch, draws[sum(sizes[:rank]) :][: len(batch)].to(batch.present.device), probability)


def _drop(batch: Batch, draws: Float[Tensor, "batch modality"], probability: float) -> Batch:
    kept = batch.present & (draws >= probability)
    # Where all would go, the present modality with the largest draw stays.
    spared = torch.where(batch.present, draws, -1.0).argmax(dim=1)
    bare = ~kept.any(dim=1)
    kept[bare, spared[bare]] = True
    # A row's views lose what the row does, so that they can be compared.
    views = {name: _drop(view, draws, probability) for name, view in batch.views.items()}
    return attrs.evolve(batch, present=kept, views=views)
