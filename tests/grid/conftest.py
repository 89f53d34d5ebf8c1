"""Fixtures of the tests of the comparison."""

from pathlib import Path

import pytest

from .grids import ADAPTING, SOURCE_ONLY, write_labelled_table, write_recipe


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds `labelled.csv` and the recipes `source-only.yaml` and `adapting.yaml`."""
    path = tmp_path_factory.mktemp("grid")
    write_labelled_table(path)
    write_recipe(path, "source-only", **SOURCE_ONLY)
    write_recipe(path, "adapting", **ADAPTING)
    return path


@pytest.fixture(scope="session")
def table_file(folder: Path) -> Path:
    """A table whose rows all have labels."""
    return folder / "labelled.csv"
