"""The packages are light to import, and lazy without a user noticing."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[1]
PACKAGES = [
    "acclimate.framework",
    "acclimate.framework.data",
    "acclimate.framework.encoders",
    "acclimate.framework.maps",
    "acclimate.framework.testing",
    "acclimate.adapters",
    "acclimate.exporters",
    "acclimate.zoo",
]
DEPLOYMENT = [
    "from acclimate.exporters import Session",
    "from acclimate.framework import AcclimateError, Schema, Task, read_table",
    "from acclimate.framework.data import Samples, read_cell",
    "from acclimate.__main__ import main",
]
FOLDERS = ("adapters", "exporters", "framework", "zoo")
LIGHT: dict[str, set[str]] = {
    "exporters/serving": set(),
    "exporters/triton": set(),
    "exporters/web": set(),
    "framework/consensus": set(),
    "framework/data": set(),
    "framework/estimation": set(),
    "framework/evaluation": set(),
    "framework/files": set(),
    "framework/maps": set(),
    "framework/recipes": set(),
    "framework/report": {"sides.py"},
    "zoo": {"allocation_bound.py", "runs/reproduction.py", "runs/training.py", "weights.py"},
}
"""Rooms that import no torch, not even late, but for some files: what a deployed artefact needs is made of them."""

HEAVY = {"accelerate", "jaxtyping", "tensorboard", "timm", "torch", "torchaudio", "torchvision", "transformers"}
LAZY = [
    "acclimate." + ".".join(path.parent.relative_to(ROOT).parts)
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob("__init__.py"))
    if "import attach" in path.read_text(encoding="utf-8")
]


def imports(path: Path) -> set[str]:
    """What a module of ours imports, early, late or for types, as absolute names inside `acclimate`."""
    package = path.relative_to(ROOT).parent.parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            inside = "acclimate." if node.level else ""
            module = ".".join((*above, *([node.module] if node.module else [])))
            found |= {f"{inside}{module}.{alias.name}" for alias in node.names}
    return found


def modules(*folder: str) -> list[Path]:
    return sorted(path for path in ROOT.joinpath(*folder).rglob("*.py") if "__pycache__" not in path.parts)


REPORT_IMPORT = """
import sys, time
start = time.process_time()
{statement}
print(time.process_time() - start, "torch" in sys.modules)
"""


def run_in_new_process(statement: str) -> tuple[float, bool]:
    """Seconds of processor time that an import takes, and whether it brings torch."""
    command = [sys.executable, "-c", REPORT_IMPORT.format(statement=statement)]
    seconds, torch = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(seconds), torch == "True"


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_is_quick_and_brings_no_torch(package: str) -> None:
    """Processor time, and the best of three, so that a busy machine does not fail it."""
    runs = [run_in_new_process(f"import {package}") for _ in range(3)]
    assert not any(torch for _, torch in runs)
    assert min(seconds for seconds, _ in runs) < 0.4


@pytest.mark.parametrize("statement", DEPLOYMENT)
def test_what_a_deployed_artefact_needs_brings_no_torch(statement: str) -> None:
    _, torch = run_in_new_process(statement)
    assert not torch


@pytest.mark.parametrize("package", LAZY)
def test_every_lazy_name_resolves_and_is_listed(package: str) -> None:
    module = import_module(package)
    assert module.__all__
    for name in module.__all__:
        assert getattr(module, name) is not None
        assert name in dir(module)


@pytest.mark.parametrize("package", LAZY)
def test_no_lazy_name_hides_a_module(package: str) -> None:
    """Importing a module binds it in its package, where a function of the same name would stand."""
    module = import_module(package)
    modules = {path.stem for path in Path(str(module.__file__)).parent.glob("*.py")}
    assert not modules & set(module.__all__)


def test_an_unknown_name_is_an_attribute_error_that_names_it() -> None:
    framework = import_module("acclimate.framework")
    with pytest.raises(AttributeError, match=r"acclimate\.framework.*Alinger"):
        _ = framework.Alinger


def test_a_star_import_brings_the_public_names() -> None:
    command = [sys.executable, "-c", "from acclimate.framework import *; print(Aligner.__name__, Layout.__name__)"]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() == ["Aligner", "Layout"]


@pytest.mark.parametrize("room", LIGHT)
def test_a_room_without_torch_imports_none_at_any_time(room: str) -> None:
    heavy = {
        path.relative_to(ROOT / room).as_posix()
        for path in modules(*room.split("/"))
        if any(name.partition(".")[0] in HEAVY for name in imports(path))
    }
    assert heavy == LIGHT[room]


@pytest.mark.parametrize(
    ("folder", "below"),
    [
        ("framework", {"framework"}),
        ("adapters", {"adapters", "framework"}),
        ("exporters", {"exporters", "framework"}),
        ("zoo", {"exporters", "framework", "zoo"}),
    ],
)
def test_nothing_imports_what_stands_above_it(folder: str, below: set[str]) -> None:
    """Not even late, or for types. The demo and `zoo reproduce` may name recipes, which name classes: that is data."""
    for path in modules(folder):
        ours = {name.split(".")[1] for name in imports(path) if name.startswith("acclimate.")}
        assert ours <= below, f"{path}: {ours - below}"
