"""Views of training batches: the same samples, other inputs, drawn by name, row and epoch."""

from pathlib import Path

import attrs
import pytest
import torch
from acclimate.framework import Batch, DataError, Recipe, RecipeError, adapt
from acclimate.framework.batch import unlabelled, views_by_name
from acclimate.framework.data import Table, read_table
from acclimate.framework.encoders.trunk_cache import TrunkCache
from acclimate.framework.experiments.comparison import adapt_table
from acclimate.framework.training.domains import Domains
from acclimate.framework.training.modality_dropout import drop_modalities
from acclimate.framework.training.own_batches import OwnBatches
from bits import assert_same_bits, same_bits

from .small import assert_same_runs, build, make_experiment, make_recipe
from .trunks import trunk_recipe, write_sequences

NOISE = {"words": ["gaussian_noise(std=0.5)"]}
VIEWS = {"first": {"side": "target", "augment": NOISE}, "second": {"side": "target", "augment": NOISE}}
RECIPE = trunk_recipe(training__views={**VIEWS, "plain": {"side": "source"}}, training__augment=NOISE)


@pytest.fixture(scope="module")
def sequences(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """A table with rows of different lengths."""
    return read_table(write_sequences(tmp_path_factory.mktemp("sequences")))


def open_domains(table: Table, recipe: Recipe = RECIPE, workers: int = 0) -> Domains:
    return attrs.evolve(make_experiment(table, recipe), workers=workers).open()[1]


def draw(domains: Domains, number: int) -> list[Batch]:
    assert domains.target is not None
    return list(domains.target.epoch(number))


def words(batches: list[Batch], view: str) -> torch.Tensor:
    """Each row's, in the order of the data set."""
    rows = torch.cat([batch.index for batch in batches]).argsort()
    longest = max(batch.inputs["words"].shape[1] for batch in batches)
    seen = [batch.views[view].inputs["words"] for batch in batches]
    padded = [torch.nn.functional.pad(values, (0, 0, 0, longest - values.shape[1])) for values in seen]
    return torch.cat(padded)[rows]


def test_a_side_has_its_own_and_labels_stay_hidden(sequences: Table) -> None:
    domains = open_domains(sequences)
    source, target = next(domains.source.epoch(0)), draw(domains, 0)[0]
    assert list(source.views) == ["plain"]
    assert list(target.views) == ["first", "second"]
    assert not any(batch.views for side in (domains.validation, domains.target_in_order or []) for batch in side)
    (hidden,) = unlabelled([attrs.evolve(source, views={"same": attrs.evolve(source, views={})})])
    assert hidden.labels is None
    assert hidden.views["same"].labels is None


def test_a_view_begins_with_what_stands_in_the_table(sequences: Table) -> None:
    """And not with what `augment` makes of it."""
    plain, augmented = open_domains(sequences, trunk_recipe()), open_domains(sequences)
    before, after = next(plain.source.epoch(0)), next(augmented.source.epoch(0))
    assert_same_bits(after.views["plain"].inputs["words"], before.inputs["words"])
    assert not same_bits(after.inputs["words"], before.inputs["words"])


def test_views_epochs_and_nothing_else_draw_anew(sequences: Table) -> None:
    domains = open_domains(sequences)
    epoch, again, next_epoch = (draw(domains, number) for number in (0, 0, 1))
    first = words(epoch, "first")
    assert_same_bits(first, words(again, "first"))
    assert_same_bits(first, words(draw(open_domains(sequences, workers=2), 0), "first"))
    assert not same_bits(first, words(epoch, "second"))
    assert not same_bits(first, words(next_epoch, "first"))


def test_views_travel_with_the_batch(sequences: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.Tensor, "pin_memory", torch.Tensor.double)
    batch = draw(open_domains(sequences), 0)[0].pin_memory()
    assert batch.views["first"].inputs["words"].dtype == torch.float64


def test_modality_dropout_takes_the_same_from_all(sequences: Table) -> None:
    batch = drop_modalities(draw(open_domains(sequences), 0)[0], 0.7, torch.Generator())
    assert not batch.present.all()
    assert_same_bits(batch.views["first"].present, batch.present)


def test_a_view_holds_the_samples_of_its_batch(sequences: Table) -> None:
    domains = open_domains(sequences, trunk_recipe())
    batch = draw(domains, 0)[0]
    for wrong in (next(domains.source.epoch(0)), attrs.evolve(batch, views={"further": batch})):
        with pytest.raises(ValueError, match="view 'other' must hold the batch's own samples and no further views"):
            attrs.evolve(batch, views={"other": wrong})
    both = attrs.evolve(batch, views={"same": batch})
    with pytest.raises(ValueError, match="both sides have one called 'same'"):
        views_by_name(both, both)


def test_source_only_goes_without(sequences: Table, tmp_path: Path) -> None:
    """What a run is compared with is what it would be for a recipe without views."""
    stages = [{"name": "only", "epochs": 1}]
    for name, views in (("with", VIEWS | {"plain": {"side": "source"}}), ("without", {})):
        recipe = trunk_recipe(training__views=views, stages=stages)
        adapt_table(make_experiment(sequences, recipe), tmp_path / name)
    assert_same_runs(tmp_path / "with" / "source-only", tmp_path / "without" / "source-only")


def test_what_views_augment_is_not_cached(sequences: Table, tmp_path: Path) -> None:
    recipe = trunk_recipe(training__views=VIEWS, stages=[{"name": "only", "epochs": 1}])
    with pytest.warns(RuntimeWarning, match="words is augmented"):
        adapt_table(
            make_experiment(sequences, recipe), tmp_path / "run", reference=None, trunk_cache=TrunkCache(tmp_path / "c")
        )
    assert not (tmp_path / "c").exists()


def test_settings_of_earlier_runs_stay_equal() -> None:
    assert "views" not in make_recipe().to_config()["training"]
    assert RECIPE.to_config()["training"]["views"]["plain"] == {"side": "source", "augment": {}}


def test_wrong_views_are_named(sequences: Table, tmp_path: Path) -> None:
    with pytest.raises(
        RecipeError, match=r"training\.views\.first\.side must be one of 'source', 'target', but got 'left'"
    ):
        make_recipe(training__views={"first": {"side": "left"}})
    wrong = trunk_recipe(training__views={"first": {"side": "target", "augment": {"smell": []}}})
    with pytest.raises(DataError, match=r"training\.views\.first\.augment: a modality must be one of"):
        open_domains(sequences, wrong)
    own = OwnBatches([], size=1, batch_size=1)
    recipe = make_recipe(training__views=VIEWS)
    with pytest.raises(RecipeError, match=r"training\.views is for the rows of a table"):
        adapt(build(recipe), recipe, Domains(own, own, own, own), tmp_path / "run")
