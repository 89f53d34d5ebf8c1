"""Fixtures that all tests share, and the marks by which `tox -e quick` leaves out what takes long."""

import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from acclimate.framework.data import Table, read_table

MARKS = {"exports": "export", "processes": "processes", "browser": "browser", "server": "server"}
"""By the name of a fixture, the mark of every test that uses it, at first or at second hand."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they use."""
    for item in items:
        for fixture in sorted(MARKS.keys() & set(getattr(item, "fixturenames", ()))):
            item.add_marker(MARKS[fixture])


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real data sets that may not be committed; skips where it is absent."""
    folder = Path(os.environ.get("ACCLIMATE_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the shared data sets are not here: {folder} is no folder")
    return folder


@pytest.fixture(scope="session")
def table_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Audio and video of two domains, where a fifth of the rows lack one of both; nothing in it may be changed."""
    from loop.small import write_table

    return write_table(tmp_path_factory.mktemp("table"))


@pytest.fixture(scope="session")
def table(table_path: Path) -> Table:
    """The same, read."""
    return read_table(table_path)


@pytest.fixture(scope="session")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Each graph is traced once in this run of the tests, whichever tests and processes want it."""
    import torch
    from graph_store import GraphStore
    from onnxscript._framework_apis import torch_2_5

    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "graphs"
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        # Torch asks for its 500 operators at each export, and onnxscript parses all of them each time.
        patch.setattr(torch_2_5, "get_torchlib_ops", cache(torch_2_5.get_torchlib_ops))
        patch.setattr(torch.onnx, "export", GraphStore(folder, torch.onnx.export))
        yield


@pytest.fixture(scope="session")
def exports(graphs: None) -> None:
    """For whoever exports a model that no other test does: it takes seconds, and the test is marked."""


@pytest.fixture
def exports_anew(exports: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of what torch does: nothing is remembered."""
    import torch

    monkeypatch.setattr(torch.onnx, "export", torch.onnx.export.trace)


@pytest.fixture(autouse=True)
def _exports_are_asked_for(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that exports without saying so would make the quick tests slow."""
    if "torch" in sys.modules and "graphs" not in request.fixturenames:
        monkeypatch.setattr("torch.onnx.export", _refuse)


def _refuse(*_: object, **__: object) -> None:
    pytest.fail("a test that exports a model says so by @pytest.mark.usefixtures('exports')")
