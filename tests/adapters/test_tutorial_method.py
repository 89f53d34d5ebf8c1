"""The method of docs/tutorial.md passes the tests that are printed there, in twenty lines."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from tutorial import read_file


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The method and its tests, where Python finds modules."""
    for name in ("mcc.py", "test_mcc.py"):
        (tmp_path / name).write_text(read_file(name), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in ("mcc", "test_mcc"):
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", ["test_known_values", "test_gradient", "test_promises"])
def test_it_passes(name: str) -> None:
    getattr(import_module("test_mcc"), name)()


def test_it_takes_twenty_lines() -> None:
    """Without blank ones, the module's docstring and imports."""
    lines = [line for line in read_file("mcc.py").splitlines() if line.strip()]
    code = lines[next(number for number, line in enumerate(lines) if line.startswith("def ")) :]
    assert len(code) <= 20
