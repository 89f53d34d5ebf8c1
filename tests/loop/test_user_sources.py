"""A run is not gone on with when code of the user's own has changed."""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from acclimate.framework import Recipe, RunError, adapt_table
from acclimate.framework.data import Table
from acclimate.framework.recipes.user_sources import user_sources
from acclimate.framework.training.run_options import RunOptions

from .small import class_spec, make_experiment, make_recipe

BASE = "from acclimate.adapters import LateSum\n\nclass Base(LateSum):\n    pass\n"
OWN = "from own_base import Base\n\nclass Sum(Base):\n    pass\n"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Folder of two modules, of which one inherits from the other."""
    (tmp_path / "own_base.py").write_text(BASE, encoding="utf-8")
    (tmp_path / "own_sum.py").write_text(OWN, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in ("own_sum", "own_base"):
        sys.modules.pop(name, None)


def recipe_with(class_path: str) -> Recipe:
    return make_recipe(model={"fusion": {"class_path": class_path}})


def test_the_files_of_own_classes_and_of_their_bases_are_known_by_their_hashes(own: Path) -> None:
    files = {name: hashlib.sha256((own / f"{name}.py").read_bytes()).hexdigest() for name in ("own_base", "own_sum")}
    assert user_sources(recipe_with("own_sum.Sum")) == files


def test_what_is_installed_is_not_the_users_own() -> None:
    assert user_sources(make_recipe(aligners={"rna": class_spec("RelativeNormAlignment")})) == {}


def test_a_class_that_is_not_there_is_left_to_whoever_builds_the_recipe() -> None:
    assert user_sources(recipe_with("own_nowhere.Sum")) == {}


@pytest.mark.parametrize("changed", ["own_base", "own_sum"])
def test_a_run_with_changed_code_is_not_resumed(changed: str, own: Path, table: Table) -> None:
    experiment = make_experiment(table, recipe_with("own_sum.Sum"))
    adapt_table(experiment, own / "run", reference=None)
    adapt_table(experiment, own / "run", RunOptions(resume=True), reference=None)
    (own / f"{changed}.py").write_text(f"{BASE if changed == 'own_base' else OWN}# changed\n", encoding="utf-8")
    with pytest.raises(RunError, match=f"was started with sources.{changed}: "):
        adapt_table(experiment, own / "run", RunOptions(resume=True), reference=None)
