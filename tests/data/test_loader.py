"""Batches for torch: the same ones whenever, wherever and by however many processes they are made."""

import gc
import math
import multiprocessing
import pickle
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import pytest
import torch
from acclimate.framework import Batch, DataError
from acclimate.framework.data import Samples, Schema, Table, read_table, stack
from acclimate.framework.training.loader import Loader
from bits import assert_same_bits, same_bits

from .data_files import write_multimodal_table

# Python 3.12 warns of workers that are forked beside threads, which torch has.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")

DOMAINS = ("street", "lab")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """A table of three modalities and 24 rows."""
    return read_table(write_multimodal_table(tmp_path_factory.mktemp("table")))


@pytest.fixture(scope="module")
def samples(table: Table) -> Samples:
    """Its samples."""
    return Samples(table, Schema.fit(table.select("lab", "train")), labelled=True)


def make_loader(
    samples: Samples, *, batch_size: int = 5, shuffle: bool = True, seed: int = 0, workers: int = 0
) -> Loader:
    """A loader of both domains."""
    return Loader(samples, batch_size, shuffle=shuffle, seed=seed, domains=DOMAINS, workers=workers)


def indices(batches: Iterable[Batch]) -> list[list[int]]:
    """Which samples each batch holds."""
    return [batch.index.tolist() for batch in batches]


def join(parts: Iterable[list[int]]) -> list[int]:
    """One list of all."""
    return list(chain.from_iterable(parts))


def assert_same(found: Iterable[Batch], expected: Iterable[Batch]) -> None:
    """All tensors of all batches are equal."""
    for one, other in zip(found, expected, strict=True):
        assert one.ids == other.ids
        assert one.labels is not None
        assert other.labels is not None
        tensors = [(one.present, other.present), (one.domain, other.domain), (one.index, other.index)]
        tensors += [(one.inputs[name], other.inputs[name]) for name in one.inputs]
        tensors += [(one.labels[name], other.labels[name]) for name in one.labels]
        assert all(same_bits(first, second) for first, second in tensors)


def test_a_batch_is_its_samples(samples: Samples) -> None:
    batch = list(make_loader(samples, shuffle=False))[1]
    arrays = stack(samples[5:10])
    assert arrays.labels is not None
    assert batch.labels is not None
    assert batch.ids == arrays.ids
    assert batch.modalities == ("image", "signal", "speech")
    for name, values in arrays.inputs.items():
        assert_same_bits(batch.inputs[name].numpy(), values)
    assert_same_bits(batch.present.numpy(), arrays.present)
    assert_same_bits(batch.labels["label"].numpy(), arrays.labels["label"])
    assert [DOMAINS[index] for index in batch.domain.tolist()] == list(arrays.domains)
    assert (batch.domain.dtype, batch.index.dtype, batch.labels["label"].dtype) == (torch.int64,) * 3


@pytest.mark.parametrize(("batch_size", "sizes"), [(5, [5, 5, 5, 5, 4]), (24, [24]), (50, [24]), (1, [1] * 24)])
def test_no_sample_is_lost(samples: Samples, batch_size: int, sizes: list[int]) -> None:
    for shuffle in (True, False):
        loader = make_loader(samples, batch_size=batch_size, shuffle=shuffle)
        batches = list(loader)
        assert [len(batch) for batch in batches] == sizes
        assert len(loader) == len(sizes)
        assert sorted(join(indices(batches))) == list(range(24))


def test_the_order_depends_on_seed_and_epoch_alone(samples: Samples) -> None:
    torch.manual_seed(1)
    first = indices(make_loader(samples).epoch(3))
    torch.manual_seed(2)
    loader = make_loader(samples)
    list(loader.epoch(0))
    assert indices(loader.epoch(3)) == first
    others = [indices(make_loader(samples, seed=1).epoch(3)), indices(loader.epoch(2)), indices(loader.epoch(0))]
    assert first not in others
    assert len(set(map(str, others))) == 3
    assert indices(make_loader(samples, shuffle=False).epoch(3))[0] == [0, 1, 2, 3, 4]


def test_torchs_generator_is_left_alone(samples: Samples) -> None:
    before = torch.get_rng_state()
    list(make_loader(samples))
    assert_same_bits(torch.get_rng_state(), before)


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_make_the_same_batches(samples: Samples, workers: int) -> None:
    before = torch.get_rng_state()
    loader = make_loader(samples, workers=workers)
    assert_same(loader.epoch(1), make_loader(samples).epoch(1))
    assert_same(loader.epoch(1, start=3), list(make_loader(samples).epoch(1))[3:])
    assert_same_bits(torch.get_rng_state(), before)


@pytest.mark.parametrize("start", [0, 2, 4, 5, 9])
def test_an_epoch_goes_on_where_it_stopped(samples: Samples, start: int) -> None:
    loader = make_loader(samples)
    assert_same(loader.epoch(1, start=start), list(loader.epoch(1))[start:])


def test_what_is_skipped_is_not_read(tmp_path: Path, table: Table, samples: Samples) -> None:
    path = write_multimodal_table(tmp_path)
    fresh = make_loader(Samples(read_table(path), samples.schema, labelled=True))
    order = indices(fresh.epoch(1))
    again = make_loader(Samples(read_table(path), samples.schema, labelled=True))
    for index in join(order[:3]):
        (tmp_path / f"{index}.png").unlink()
        (tmp_path / f"{index}.wav").unlink()
    assert indices(again.epoch(1, start=3)) == order[3:]
    with pytest.raises(DataError):
        list(again.epoch(1, start=2))
    assert len(table) == 24


def test_some_rows(samples: Samples) -> None:
    rows = [2, 3, 5, 7, 11, 13, 17]
    ordered = make_loader(samples, shuffle=False)
    assert indices(ordered.epoch(0, rows=rows)) == [[2, 3, 5, 7, 11], [13, 17]]
    loader = make_loader(samples)
    first, second = (join(indices(loader.epoch(number, rows=rows))) for number in (0, 1))
    assert sorted(first) == sorted(second) == rows
    assert first != second
    assert indices(loader.epoch(0, rows=[])) == []


@pytest.mark.parametrize("world", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("batch_size", [5, 8, 23])
def test_processes_share_each_batch(samples: Samples, world: int, batch_size: int) -> None:
    loader = make_loader(samples, batch_size=batch_size)
    whole = indices(loader.epoch(1, start=1))
    parts = [indices(loader.epoch(1, start=1, shard=(rank, world))) for rank in range(world)]
    assert all(len(part) == len(whole) == math.ceil(24 / batch_size) - 1 for part in parts)
    for number, batch in enumerate(whole):
        assert join(part[number] for part in parts) == batch
        sizes = {len(part[number]) for part in parts}
        assert max(sizes) - min(sizes) <= 1


def test_an_empty_part_has_the_shapes_of_the_others(samples: Samples) -> None:
    [_, empty] = make_loader(samples, batch_size=23).epoch(0, shard=(1, 2))
    assert len(empty) == 0
    assert {name: tuple(values.shape) for name, values in empty.inputs.items()} == {
        "image": (0, 3, 6, 8),
        "signal": (0, 3, 50),
        "speech": (0, *samples.schema.preprocessing["speech"].shape),
    }
    assert empty.labels is not None
    assert empty.labels["label"].dtype == torch.int64


@pytest.mark.parametrize("workers", [0, 2])
def test_unlabelled_batches_have_no_labels(table: Table, samples: Samples, workers: int) -> None:
    unlabelled = Samples(table, samples.schema, labelled=False)
    assert all(batch.labels is None for batch in make_loader(unlabelled, workers=workers))


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_is_one_line_with_and_without_workers(tmp_path: Path, samples: Samples, workers: int) -> None:
    broken = Samples(read_table(write_multimodal_table(tmp_path)), samples.schema, labelled=True)
    (tmp_path / "8.wav").unlink()
    batches = make_loader(broken, shuffle=False, workers=workers).epoch(0)
    next(batches)
    with pytest.raises(DataError) as error:
        next(batches)
    assert str(error.value) == (
        f"line 10, id 'row8', speech: 8.wav: expected a file, but found none at {tmp_path}/8.wav."
    )


def test_an_unknown_domain_is_named(samples: Samples) -> None:
    with pytest.raises(DataError) as error:
        Loader(samples, 4, shuffle=False, seed=0, domains=("lab",))
    assert str(error.value) == "domain must be one of 'lab', but got 'street'."


@pytest.mark.parametrize(
    ("batch_size", "workers", "message"),
    [(0, 0, "'batch_size' must be >= 1: 0"), (1, -1, "'workers' must be >= 0: -1")],
)
def test_sizes_that_make_no_sense_are_refused(samples: Samples, batch_size: int, workers: int, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        make_loader(samples, batch_size=batch_size, workers=workers)


def worker_ids() -> set[int | None]:
    """Processes that this one has started and that live."""
    return {process.pid for process in multiprocessing.active_children()}


def test_workers_live_from_epoch_to_epoch(samples: Samples) -> None:
    before = worker_ids()
    loader = make_loader(samples, workers=2)
    list(loader.epoch(0))
    first = worker_ids() - before
    assert len(first) == 2
    batches = loader.epoch(1)
    next(batches)
    # Left before its end, as a target that cycles is.
    del batches
    assert_same(loader.epoch(2, start=1), list(make_loader(samples).epoch(2))[1:])
    assert worker_ids() - before == first
    del loader
    gc.collect()
    assert not worker_ids() - before


def test_epochs_may_be_read_at_the_same_time(samples: Samples) -> None:
    loader, plain = make_loader(samples, workers=2), make_loader(samples)
    pairs = list(zip(loader.epoch(0), loader.epoch(1), strict=True))
    assert_same([first for first, _ in pairs], plain.epoch(0))
    assert_same([second for _, second in pairs], plain.epoch(1))


def test_workers_divide_the_cache(table: Table, samples: Samples) -> None:
    size = sum(values.nbytes for name, values in samples[0].inputs.items() if name != "signal")
    cached = Samples(table, samples.schema, labelled=True, cache_bytes=9 * size)
    part = cached.divided(3)
    assert (part.cache_bytes, part.table is cached.table) == (3 * size, True)
    found = [part[index].inputs["image"] for index in range(4)]
    again = [part[index].inputs["image"] for index in range(4)]
    assert [one is other for one, other in zip(found, again, strict=True)] == [True, True, True, False]
    assert cached[0].inputs["image"] is cached[0].inputs["image"]
    assert cached[0].inputs["image"] is not found[0]


def test_the_cache_is_not_copied_to_other_processes(samples: Samples) -> None:
    """Where processes are spawned, what they need is pickled."""
    bare = len(pickle.dumps(samples.divided(1)))
    assert samples[0].inputs["image"] is samples[0].inputs["image"]
    assert len(pickle.dumps(samples)) == bare
    assert pickle.loads(pickle.dumps(samples))[0].id == samples[0].id  # noqa: S301


@pytest.mark.skipif(not torch.cuda.is_available(), reason="only a GPU has page-locked memory")
def test_batches_are_pinned_for_a_gpu(samples: Samples) -> None:
    loader = Loader(samples, 5, shuffle=True, seed=0, domains=DOMAINS, workers=2, pin=True)
    batches = list(loader)
    assert all(values.is_pinned() for batch in batches for values in batch.inputs.values())
    assert_same((batch.to("cuda").to("cpu") for batch in batches), make_loader(samples))
