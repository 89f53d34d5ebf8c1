"""Fixtures of the papers' data sets."""

from pathlib import Path

import pytest


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of data sets, empty, and a user's cache beside it."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("ACCLIMATE_DATA", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder
