"""Fixtures that all tests share, and the marks that `tox -e quick` leaves out."""

import os
from pathlib import Path

import pytest

MARKS = {
    "exports": "export",
    "processes": "processes",
    "browser": "browser",
    "server": "server",
}
"""By the name of a fixture, the mark of each test that uses it, at first or at second hand."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they use."""
    for item in items:
        for fixture in MARKS.keys() & set(getattr(item, "fixturenames", ())):
            item.add_marker(MARKS[fixture])


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real data sets that may not be committed; skips where it is absent."""
    folder = Path(os.environ.get("ACCLIMATE_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the shared data sets are not here: {folder} is no folder")
    return folder


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run of the tests, which the processes of pytest-xdist share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
