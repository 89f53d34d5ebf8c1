"""Modality dropout."""

import pytest
import torch
from acclimate.framework import Batch
from acclimate.framework.training.modality_dropout import drop_modalities
from bits import assert_same_bits


def make_batch(present: torch.Tensor) -> Batch:
    rows = torch.arange(len(present))
    inputs = {name: torch.zeros(len(present), 1) for name in ("audio", "touch", "video")}
    return Batch(inputs, present, domain=rows, index=rows, ids=tuple(map(str, rows.tolist())))


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_each_modality_goes_as_often_as_asked_and_one_always_stays(probability: float) -> None:
    present = torch.ones(100_000, 3, dtype=torch.bool)
    kept = drop_modalities(make_batch(present), probability, seeded()).present
    assert kept.any(dim=1).all()
    # All three would go with p^3; then each of them stays as often.
    expected = 1 - probability + probability**3 / 3
    assert kept.float().mean(dim=0).tolist() == pytest.approx([expected] * 3, abs=0.01)


def test_what_is_absent_stays_absent_and_a_single_modality_stays() -> None:
    present = torch.tensor([[True, False, False], [False, True, True]]).repeat(500, 1)
    kept = drop_modalities(make_batch(present), 0.9, seeded()).present
    assert not (kept & ~present).any()
    assert kept[::2, 0].all()
    assert (kept[1::2].sum(dim=1) >= 1).all()


def test_without_dropout_nothing_is_drawn() -> None:
    generator = seeded()
    batch = make_batch(torch.ones(4, 3, dtype=torch.bool))
    assert drop_modalities(batch, 0.0, generator) is batch
    assert_same_bits(generator.get_state(), seeded().get_state())


def test_processes_drop_from_their_slices_what_one_would_drop_from_all() -> None:
    present = torch.ones(7, 3, dtype=torch.bool)
    whole = drop_modalities(make_batch(present), 0.5, seeded()).present
    sizes = [3, 2, 2, 0]
    slices = [
        drop_modalities(make_batch(part), 0.5, seeded(), sizes, rank).present
        for rank, part in enumerate(torch.split(present, sizes))
    ]
    assert_same_bits(torch.cat(slices), whole)
    assert not whole.all()
