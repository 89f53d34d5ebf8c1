"""What is installed: the four packages and what joins them, nothing under another name, and one ONNX Runtime."""

import tomllib
from importlib.metadata import PackageNotFoundError, files
from itertools import product
from pathlib import Path

import pytest
from acclimate.zoo.registry import builtin_registry
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
FOLDERS = ("acclimate", "adapters", "exporters", "framework", "zoo")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


CHECKPOINTS = "acclimate/zoo/checkpoints/"


def checkout_files() -> set[str]:
    """Files of the four folders, as paths inside the namespace `acclimate`."""
    found = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file())
    names = (path.relative_to(ROOT).as_posix() for path in found if "__pycache__" not in path.parts)
    return {f"acclimate/{name.removeprefix('acclimate/')}" for name in names}


def package_files() -> set[str]:
    """Those that are installed: of the zoo's checkpoints, the embedded ones alone."""
    embedded = {f"{CHECKPOINTS}{entry.name}" for entry in builtin_registry().entries.values() if entry.embedded}
    return {
        name for name in checkout_files() if not name.startswith(CHECKPOINTS) or name.rpartition("/")[0] in embedded
    }


def test_every_folder_is_a_listed_package() -> None:
    names = (name for name in package_files() if not name.startswith(CHECKPOINTS))
    folders = {str(Path(name).parent).replace("/", ".") for name in names}
    assert folders == set(PROJECT["tool"]["setuptools"]["packages"])


def test_every_top_package_is_typed() -> None:
    for folder in FOLDERS:
        assert (ROOT / folder / "py.typed").is_file()


def test_the_wheel_holds_every_file_and_nothing_else() -> None:
    """Data files too: one that pyproject.toml does not name is missing in the wheel, but not in the checkout."""
    try:
        installed = {path.as_posix() for path in files("acclimate") or ()}
    except PackageNotFoundError:
        pytest.skip("acclimate is not installed here")
    if "acclimate/framework/__init__.py" not in installed:
        pytest.skip("acclimate is installed as a link to the checkout, not as a wheel")
    modules = {name for name in installed if ".dist-info/" not in name and "__pycache__/" not in name}
    assert {name for name in modules if not name.startswith("../")} == package_files()


@pytest.mark.parametrize(
    ("system", "machine"), list(product(["linux", "win32", "darwin"], ["x86_64", "AMD64", "aarch64", "arm64", "ARM64"]))
)
def test_exactly_one_onnxruntime_is_installed(system: str, machine: str) -> None:
    requirements = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
    environment = {"sys_platform": system, "platform_machine": machine}
    runtimes = [
        requirement.name
        for requirement in requirements
        if requirement.name.startswith("onnxruntime")
        and requirement.marker is not None
        and requirement.marker.evaluate(environment)
    ]
    has_gpu_wheel = (system, machine) in {("linux", "x86_64"), ("win32", "AMD64")}
    assert runtimes == ["onnxruntime-gpu" if has_gpu_wheel else "onnxruntime"]
