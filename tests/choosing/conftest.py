"""A small choice, made once."""

from pathlib import Path

import pytest

from acclimate.__main__ import main

from .small_choice import arguments, write_inputs


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table and a portfolio."""
    return write_inputs(tmp_path_factory.mktemp("inputs"))


@pytest.fixture(scope="session")
def chosen(inputs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a choice that nothing came between."""
    out = tmp_path_factory.mktemp("chosen") / "out"
    assert main(arguments(inputs, out)) == 0
    return out
