"""Modality dropout: training samples lose modalities, so that the model learns to do without."""

import attrs
import torch

from .batch import Batch


def drop_modalities(batch: Batch, probability: float, rows: int, generator: torch.Generator) -> Batch:
    """Drop each modality of each sample with a probability; a sample keeps at least one of those it has.

    Args:
        batch: what to drop from.
        probability: of losing a modality.
        rows: random numbers are drawn for so many samples whatever the batch holds, so that processes with shorter slices stay in step.
        generator: source of random numbers.
    """
    if probability == 0.0:
        return batch
    draws = torch.rand(rows, len(batch.modalities), generator=generator, device=generator.device)
    draws = draws[: len(batch)].to(batch.present.device)
    kept = batch.present & (draws >= probability)
    # Where all would go, the present modality with the largest draw stays.
    spared = torch.where(batch.present, draws, -1.0).argmax(dim=1)
    bare = ~kept.any(dim=1)
    kept[bare, spared[bare]] = True
    return attrs.evolve(batch, present=kept)
