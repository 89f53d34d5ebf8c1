"""Fixtures of the tests of data."""

from pathlib import Path

import pytest
from acclimate.framework.data import Table, read_table

from .data_files import write_multimodal_table


@pytest.fixture
def table(tmp_path: Path) -> Table:
    """Pictures, signals and speech of two domains, in the test's own folder; some rows lack a modality."""
    return read_table(write_multimodal_table(tmp_path))
