"""The registry that comes with the package, the folder zoo/checkpoints, and what the wheel will carry agree."""

import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from acclimate.zoo.embedded import FOLDER, embedded_folder
from acclimate.zoo.local import find_local
from acclimate.zoo.names import HASHES_FILE, SIZE_LIMITS
from acclimate.zoo.registry import builtin_registry
from acclimate.zoo.verification import find_problems

ROOT = Path(__file__).parents[2]
ENTRIES = builtin_registry().entries
EMBEDDED = sorted(name for name, entry in ENTRIES.items() if entry.embedded)
LARGEST_REPOSITORY = 40_000_000
LARGEST_MEAN = 1_600_000


@pytest.fixture
def checkpoints() -> Path:
    """The folder of a checkout, which holds the project's own checkpoints."""
    folder = ROOT / "zoo" / "checkpoints"
    if not folder.is_dir() or not ENTRIES:
        pytest.skip("there are no checkpoints yet")
    return folder


def test_the_wheel_carries_the_embedded_ones_and_no_others() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["acclimate.zoo"]
    assert "registry.json" in patterns
    for name, entry in ENTRIES.items():
        for file in (*SIZE_LIMITS, HASHES_FILE):
            carried = any(fnmatchcase(f"checkpoints/{name}/{file}", pattern) for pattern in patterns)
            assert carried is entry.embedded, f"{name}/{file}"


def test_every_checkpoint_of_the_repository_is_in_the_registry_and_the_other_way_round(checkpoints: Path) -> None:
    folders = {path.name: {file.name for file in path.iterdir()} for path in checkpoints.iterdir() if path.is_dir()}
    assert folders == {name: {*SIZE_LIMITS, HASHES_FILE} for name in ENTRIES}


def test_the_checkpoints_are_small(checkpoints: Path) -> None:
    sizes = [sum(file.stat().st_size for file in path.iterdir()) for path in checkpoints.iterdir() if path.is_dir()]
    assert sum(sizes) <= LARGEST_REPOSITORY
    graphs_and_weights = [
        entry.files["model.onnx"].size + entry.files["model.safetensors"].size for entry in ENTRIES.values()
    ]
    assert sum(graphs_and_weights) / len(graphs_and_weights) < LARGEST_MEAN


def test_every_method_has_one_that_is_embedded(checkpoints: Path) -> None:
    assert checkpoints
    assert {ENTRIES[name].recipe for name in EMBEDDED} == {entry.recipe for entry in ENTRIES.values()}


@pytest.mark.parametrize("name", EMBEDDED)
def test_an_embedded_checkpoint_is_there_and_good(name: str) -> None:
    entry = ENTRIES[name]
    assert embedded_folder(entry) == FOLDER / name
    here = find_local(entry)
    assert here is not None
    assert (here.place, here.path) == ("embedded", FOLDER / name)
    assert find_problems(here.path, entry) == []


@pytest.mark.parametrize("name", sorted(set(ENTRIES) - set(EMBEDDED)))
def test_what_the_repository_holds_beside_them_is_good(name: str, checkpoints: Path) -> None:
    assert find_problems(checkpoints / name, ENTRIES[name]) == []
