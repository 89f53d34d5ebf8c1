"""Runs with a cache of trunks: the same as without, bit-equal when gone on with, whatever happened to the cache."""

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import attrs
import pytest
import torch
from acclimate.framework import Recipe
from acclimate.framework.commands import adapt as command
from acclimate.framework.data import Table, read_table
from acclimate.framework.encoders.trunk_cache import TrunkCache
from acclimate.framework.experiments.comparison import adapt_table
from acclimate.framework.grid.cell import Cell, Shift
from acclimate.framework.training.run_options import RunOptions

from .small import Interrupted, Interrupting, assert_same_runs, make_experiment, metrics, weights
from .trunks import SOURCE, TARGET, VALIDATION, trunk_recipe, write_sequences

RECIPE = trunk_recipe(training__modality_dropout=0.2)


@pytest.fixture(scope="module")
def sequences(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """A table with rows of different lengths."""
    return read_table(write_sequences(tmp_path_factory.mktemp("sequences")))


def run(table: Table, out: Path, cache: Path | None, recipe: Recipe = RECIPE, **options: Any) -> Path:  # noqa: ANN401
    trunk_cache = None if cache is None else TrunkCache(cache)
    adapt_table(make_experiment(table, recipe), out, RunOptions(**options), trunk_cache=trunk_cache, reference=None)
    return out


@pytest.fixture(scope="module")
def cached(sequences: Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An unbroken run, beside its cache."""
    folder = tmp_path_factory.mktemp("cached")
    return run(sequences, folder / "run", folder / "cache")


def test_a_cache_changes_a_run_by_rounding_only(sequences: Table, cached: Path, tmp_path: Path) -> None:
    plain = run(sequences, tmp_path / "plain", None)
    expected, found = weights(plain), weights(cached)
    assert expected.keys() == found.keys()
    for name, weight in expected.items():
        torch.testing.assert_close(found[name], weight, rtol=1e-3, atol=1e-5)
    for row, other in zip(metrics(plain), metrics(cached), strict=True):
        assert row["kind"] == other["kind"]
        if row["kind"] == "epoch":
            assert row["source_accuracy"] == pytest.approx(other["source_accuracy"])
            assert row["target"] == pytest.approx(other["target"], rel=1e-3)


def test_each_row_that_has_the_modality_is_kept_once(cached: Path) -> None:
    present = sum(number % 5 != 4 for count in (SOURCE, VALIDATION, TARGET) for number in range(count))
    entries = [path for path in (cached.parent / "cache").rglob("*") if path.is_file()]
    assert len(entries) == present


def test_a_run_does_not_depend_on_what_its_cache_held(sequences: Table, cached: Path, tmp_path: Path) -> None:
    shutil.copytree(cached.parent / "cache", tmp_path / "cache")
    entries = sorted(path for path in (tmp_path / "cache").rglob("*") if path.is_file())
    for number, path in enumerate(entries):
        if number % 3 == 0:
            path.unlink()
        elif number % 3 == 1:
            path.write_bytes(path.read_bytes()[:-1])
    assert_same_runs(run(sequences, tmp_path / "run", tmp_path / "cache"), cached)


def test_a_broken_run_goes_on_to_the_same_bits(sequences: Table, cached: Path, tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        run(sequences, tmp_path / "run", tmp_path / "cache", display=Interrupting(6), checkpoint_every=4)
    run(sequences, tmp_path / "run", tmp_path / "cache", resume=True, checkpoint_every=4)
    assert_same_runs(tmp_path / "run", cached)


def test_nothing_to_cache_is_said(sequences: Table, tmp_path: Path) -> None:
    recipe = trunk_recipe(model__encoders={}, data={}, stages=[{"name": "only", "epochs": 1}])
    with pytest.warns(RuntimeWarning, match="no encoder has a frozen trunk"):
        run(sequences, tmp_path / "run", tmp_path / "cache", recipe)


def test_the_command_takes_a_cache(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(json.dumps(RECIPE.to_config()))
    table = write_sequences(tmp_path)
    arguments = [str(recipe), "--data", str(table), "--source", "here", "--target", "there", "--device", "cpu"]
    command.main([*arguments, "--out", str(tmp_path / "run"), "--cache-trunks", str(tmp_path / "cache")])
    assert "best checkpoint" in capsys.readouterr().out
    assert any((tmp_path / "cache").iterdir())


def test_a_cell_with_a_cache_is_the_same_cell() -> None:
    plain = Cell("table.csv", Shift(("here",), "there"), RECIPE, 0)
    cell = attrs.evolve(plain, trunk_cache=("/cache", 10))
    assert cell.settings() == plain.settings()
    sent = pickle.loads(pickle.dumps(cell))  # noqa: S301 - made here
    assert sent.trunk_cache == ("/cache", 10)
