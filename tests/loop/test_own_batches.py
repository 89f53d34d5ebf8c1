"""A DataLoader of the user's own in place of a table."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from acclimate.framework import Adapted, Batch, OwnBatches, RecipeError, RunError, adapt
from acclimate.framework.training.domains import Batches, Domains
from acclimate.framework.training.run_options import RunOptions
from bits import assert_same_bits, same_bits
from torch.utils.data import DataLoader, Dataset, IterableDataset

from .parts import Spy, SpySelector
from .small import (
    CLASSES,
    Interrupted,
    Interrupting,
    assert_same_runs,
    assert_same_tensors,
    build,
    class_spec,
    make_recipe,
    mlp,
    weights,
)

RECIPE = make_recipe(
    model__encoders={"features": mlp(dropout=0.3)},
    aligners={"classification": class_spec("Supervised"), "spy": class_spec(".Spy")},
    selector=class_spec(".SpySelector"),
)


class Noisy(Dataset[tuple[int, torch.Tensor, torch.Tensor]]):
    """Samples that are augmented by numbers from torch's generator."""

    def __init__(self, size: int, seed: int, *, noise: float = 0.1) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.audio = torch.randn(size, 4, generator=generator)
        self.noise = noise

    def __len__(self) -> int:
        return len(self.audio)

    def __getitem__(self, index: int) -> tuple[int, torch.Tensor, torch.Tensor]:
        audio = self.audio[index] + self.noise * torch.randn(4)
        return index, audio, audio[:3]


class Collate:
    """Makes Batches; the target's labels, which must not matter, are whatever was asked for."""

    def __init__(self, shift: int = 0) -> None:
        self.shift = shift

    def __call__(self, samples: list[tuple[int, torch.Tensor, torch.Tensor]]) -> Batch:
        """Put samples together."""
        index = torch.tensor([number for number, _, _ in samples])
        return Batch(
            inputs={
                "audio": torch.stack([audio for _, audio, _ in samples]),
                "video": torch.stack([video for _, _, video in samples]),
            },
            present=torch.ones(len(samples), 2, dtype=torch.bool),
            domain=torch.zeros_like(index),
            index=index,
            ids=tuple(map(str, index.tolist())),
            labels={"label": (index + self.shift) % len(CLASSES)},
        )


def own(size: int, seed: int, *, shuffle: bool = True, shift: int = 0, noise: float = 0.1) -> OwnBatches:
    loader = DataLoader(Noisy(size, seed, noise=noise), batch_size=4, shuffle=shuffle, collate_fn=Collate(shift))
    return OwnBatches(loader, size=size, batch_size=4)


def make_domains(shift: int = 0) -> Domains:
    return Domains(
        source=own(18, 1),
        validation=own(6, 2, shuffle=False),
        target=own(7, 3, shift=shift),
        target_in_order=own(7, 3, shuffle=False, shift=shift),
    )


def run(out: Path, domains: Domains | None = None, **options: Any) -> Adapted:  # noqa: ANN401
    method = build(RECIPE)
    return adapt(method, RECIPE, domains or make_domains(), out, RunOptions(**options))


def test_it_is_what_the_loop_draws_from() -> None:
    batches: Batches = own(18, 1)
    assert (batches.size, batches.batch_size, len(batches)) == (18, 4, 5)
    assert sum(len(batch) for batch in batches) == 18


def test_the_order_depends_on_the_epoch_alone() -> None:
    batches = own(18, 1)
    torch.manual_seed(1)
    first = [(batch.ids, batch.inputs["audio"]) for batch in batches.epoch(5)]
    torch.manual_seed(2)
    again = [(batch.ids, batch.inputs["audio"]) for batch in batches.epoch(5)]
    assert [ids for ids, _ in first] == [ids for ids, _ in again]
    assert all(same_bits(one, other) for (_, one), (_, other) in zip(first, again, strict=True))
    assert [ids for ids, _ in first] != [batch.ids for batch in batches.epoch(6)]


def test_torchs_generator_is_not_touched() -> None:
    before = torch.get_rng_state()
    epoch = own(18, 1).epoch(3)
    next(epoch)
    assert_same_bits(torch.get_rng_state(), before)
    list(epoch)
    assert_same_bits(torch.get_rng_state(), before)


def test_leaving_out_batches_changes_nothing_in_the_others() -> None:
    batches = own(18, 1)
    whole = list(batches.epoch(4))
    late = list(batches.epoch(4, start=2))
    assert [batch.ids for batch in late] == [batch.ids for batch in whole[2:]]
    assert all(same_bits(a.inputs["audio"], b.inputs["audio"]) for a, b in zip(late, whole[2:], strict=True))


def test_a_sampler_is_told_the_epoch() -> None:
    class Sampler:
        def __init__(self) -> None:
            self.told: list[int] = []

        def set_epoch(self, number: int) -> None:
            self.told.append(number)

        def __iter__(self) -> Iterator[int]:
            return iter(range(4))

        def __len__(self) -> int:
            return 4

    sampler = Sampler()
    loader = DataLoader(Noisy(4, 1), batch_size=4, sampler=sampler, collate_fn=Collate())
    list(OwnBatches(loader, size=4, batch_size=4).epoch(9))
    assert sampler.told == [9]


def test_a_loader_without_a_length_has_that_of_its_samples() -> None:
    class Stream(IterableDataset[Batch]):
        def __iter__(self) -> Iterator[Batch]:
            return iter(())

    assert len(OwnBatches(DataLoader(Stream(), batch_size=None), size=9, batch_size=4)) == 3


def test_a_run_trains_on_loaders_of_ones_own(tmp_path: Path) -> None:
    adapted = run(tmp_path / "run")
    assert len(adapted.history) == 2
    spy = adapted.method.aligners["spy"]
    assert isinstance(spy, Spy)
    assert [len(ids) for ids in spy.source] == [4, 4, 4, 4, 2] * 2
    assert [len(ids) for ids in spy.target] == [4, 3, 4, 3, 4] * 2


def test_labels_of_the_target_are_taken_off_and_change_nothing(tmp_path: Path) -> None:
    adapted = run(tmp_path / "right")
    run(tmp_path / "wrong", make_domains(shift=1))
    assert_same_tensors(weights(tmp_path / "right"), weights(tmp_path / "wrong"))
    spy, selector = adapted.method.aligners["spy"], adapted.method.selector
    assert isinstance(spy, Spy)
    assert isinstance(selector, SpySelector)
    for seen in (spy.target_labels, selector.target_labels):
        assert len(seen) > 5
        assert set(seen) == {None}


@pytest.mark.parametrize("stops", [[3], [1, 5]])
def test_a_broken_run_goes_on_to_the_same_end(tmp_path: Path, stops: list[int]) -> None:
    """Shuffled by torch's generator, augmented and dropped out by it: each must get its own numbers back."""
    run(tmp_path / "whole", checkpoint_every=2)
    for stop in stops:
        with pytest.raises(Interrupted):
            run(tmp_path / "broken", checkpoint_every=2, resume=True, display=Interrupting(stop))
    run(tmp_path / "broken", checkpoint_every=2, resume=True)
    assert_same_runs(tmp_path / "whole", tmp_path / "broken")


def test_it_can_neither_pick_samples_nor_be_divided() -> None:
    with pytest.raises(RecipeError, match="cannot pick the samples that a selector keeps: use a table"):
        own(4, 1).epoch(rows=[1])
    with pytest.raises(RecipeError, match="cannot be divided among processes: use a table"):
        own(4, 1).epoch(shard=(0, 2))


@pytest.mark.parametrize("side", ["source", "validation", "target", "target_in_order"])
def test_what_can_be_iterated_over_once_only_is_an_error_and_no_endless_loop(tmp_path: Path, side: str) -> None:
    domains = {
        "source": own(18, 1),
        "validation": own(6, 2),
        "target": own(7, 3),
        "target_in_order": own(7, 3),
    }
    domains[side] = OwnBatches(iter(list(domains[side].epoch())), size=7, batch_size=4)
    with pytest.raises(RunError, match="it must be possible to iterate over it again"):
        run(tmp_path / "run", Domains(**domains))
