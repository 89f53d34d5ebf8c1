"""Augmentation: of training batches alone, another in each epoch, the same when an epoch is made again."""

from pathlib import Path

import pytest
import torch
from acclimate.framework import Batch, DataError, Recipe, RecipeError, adapt
from acclimate.framework.data import Augmentation, Schema, Table, read_table
from acclimate.framework.data.preprocessing import FeaturesPreprocessing, SequencePreprocessing
from acclimate.framework.encoders.trunk_cache import TrunkCache
from acclimate.framework.experiments.comparison import adapt_table
from acclimate.framework.training.domains import Domains
from acclimate.framework.training.loader import Loader
from acclimate.framework.training.own_batches import OwnBatches
from acclimate.framework.training.run_options import RunOptions
from bits import assert_same_bits, same_bits

from .small import Interrupted, Interrupting, assert_same_runs, build, make_experiment, make_recipe
from .trunks import trunk_recipe, write_sequences

AUGMENT = {"words": ["gaussian_noise(std=0.5)"]}
RECIPE = trunk_recipe(training__augment=AUGMENT)
SCHEMA = Schema(
    {
        "audio": FeaturesPreprocessing(mean=[0.0] * 2, std=[1.0] * 2),
        "words": SequencePreprocessing(steps=4, mean=[0.0], std=[1.0]),
    },
    (),
)


@pytest.fixture(scope="module")
def sequences(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """A table with rows of different lengths."""
    return read_table(write_sequences(tmp_path_factory.mktemp("sequences")))


def open_domains(table: Table, recipe: Recipe = RECIPE, seed: int = 0) -> Domains:
    return make_experiment(table, recipe).open(seed)[1]


def by_id(batches: list[Batch], modality: str) -> dict[str, torch.Tensor]:
    return {name: values for batch in batches for name, values in zip(batch.ids, batch.inputs[modality], strict=True)}


def test_source_and_target_batches_are_augmented_and_others_are_not(sequences: Table) -> None:
    plain, augmented = open_domains(sequences, trunk_recipe()), open_domains(sequences)
    for side in ("source", "target", "validation", "target_in_order"):
        before, after = (list(getattr(found, side).epoch(0)) for found in (plain, augmented))
        changed = any(
            not same_bits(one.inputs["words"], two.inputs["words"]) for one, two in zip(before, after, strict=True)
        )
        assert changed == (side in {"source", "target"})
        for one, two in zip(before, after, strict=True):
            assert one.ids == two.ids
            assert_same_bits(one.inputs["video"], two.inputs["video"])


def test_padding_and_absent_rows_stay(sequences: Table) -> None:
    for batch in open_domains(sequences).source.epoch(0):
        for row, length in enumerate(batch.lengths["words"].tolist()):
            values = batch.inputs["words"][row]
            assert not values[length:].any()
            assert bool(values[:length].any()) == bool(batch.has("words")[row])


def test_each_epoch_and_seed_draws_anew_and_an_epoch_is_made_again(sequences: Table) -> None:
    source = open_domains(sequences).source
    first, again, second = (by_id(list(source.epoch(number)), "words") for number in (0, 0, 1))
    other = by_id(list(open_domains(sequences, seed=1).source.epoch(0)), "words")
    present = [name for name in first if first[name].any()]
    assert all(same_bits(first[name], again[name]) for name in first)
    assert not any(same_bits(first[name], second[name]) for name in present)
    assert not any(same_bits(first[name], other[name]) for name in present if name in other)


def test_parts_of_a_batch_get_what_the_whole_gets(sequences: Table) -> None:
    source = open_domains(sequences).source
    whole = by_id(list(source.epoch(3)), "words")
    parts = by_id([batch for rank in (0, 1) for batch in source.epoch(3, shard=(rank, 2))], "words")
    assert whole.keys() == parts.keys()
    assert all(same_bits(whole[name], parts[name]) for name in whole)


def test_the_data_set_itself_is_not_changed(sequences: Table) -> None:
    source = open_domains(sequences).source
    assert isinstance(source, Loader)
    before = [sample.inputs["words"].copy() for sample in source.samples]
    list(source.epoch(0))
    for sample, values in zip(source.samples, before, strict=True):
        assert_same_bits(sample.inputs["words"], values)


def test_a_broken_run_goes_on_to_the_same_bits(sequences: Table, tmp_path: Path) -> None:
    experiment = make_experiment(sequences, RECIPE)
    adapt_table(experiment, tmp_path / "whole", reference=None)
    with pytest.raises(Interrupted):
        adapt_table(
            experiment, tmp_path / "broken", RunOptions(display=Interrupting(6), checkpoint_every=4), reference=None
        )
    adapt_table(experiment, tmp_path / "broken", RunOptions(resume=True, checkpoint_every=4), reference=None)
    assert_same_runs(tmp_path / "broken", tmp_path / "whole")


def test_what_is_augmented_is_not_cached(sequences: Table, tmp_path: Path) -> None:
    recipe = trunk_recipe(training__augment=AUGMENT, stages=[{"name": "only", "epochs": 1}])
    with pytest.warns(RuntimeWarning, match="words is augmented") as warned:
        adapt_table(
            make_experiment(sequences, recipe), tmp_path / "run", reference=None, trunk_cache=TrunkCache(tmp_path / "c")
        )
    assert len(warned) == 1
    assert not (tmp_path / "c").exists()


def test_settings_of_earlier_runs_stay_equal() -> None:
    assert "augment" not in make_recipe().to_config()["training"]
    assert RECIPE.to_config()["training"]["augment"] == {"words": ("gaussian_noise(std=0.5)",)}


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"smell": ["gaussian_noise(std=1)"]}, "modality must be one of 'audio', 'words', but got 'smell'"),
        ({"words": ["gausian_noise(std=1)"]}, "words: .*did you mean 'gaussian_noise'"),
        ({"words": ["brightness(factor=0.2)"]}, "words: brightness is for image"),
        ({"words": ["word_mask(rate=0.2)"]}, "words: word_mask is for text"),
        ({"words": ["gaussian_noise(std=1)", "gaussian_noise(std=2)"]}, "must stand once"),
    ],
)
def test_wrong_corruptions_are_named(texts: dict[str, list[str]], message: str) -> None:
    with pytest.raises(DataError, match=f"training.augment: .*{message}"):
        Augmentation.parse(texts, SCHEMA, 0)


def test_what_acts_on_files_is_refused() -> None:
    from acclimate.framework.data.preprocessing import AudioPreprocessing

    schema = Schema({"audio": AudioPreprocessing(sampling_rate=8000, samples=10)}, ())
    with pytest.raises(DataError, match=r"must act on the preprocessed array .*gaussian_noise.*audio_noise does not"):
        Augmentation.parse({"audio": ["audio_noise(std=0.1)"]}, schema, 0)


def test_loaders_of_ones_own_are_refused(tmp_path: Path) -> None:
    own = OwnBatches([], size=1, batch_size=1)
    recipe = make_recipe(training__augment={"audio": ["gaussian_noise(std=1)"]})
    with pytest.raises(RecipeError, match=r"training\.augment is for the rows of a table"):
        adapt(build(recipe), recipe, Domains(own, own, own, own), tmp_path / "run")
