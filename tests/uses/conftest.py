"""Tables that are small enough for a user's examples, a real one and one that is made."""

import pytest
from acclimate.framework import Table, read_table
from acclimate.framework.data.builtin import open_table
from loop.small import write_table


@pytest.fixture(scope="session")
def arms() -> Table:
    """A tenth of the exercises that a watch recorded on the right and on the left arm."""
    whole = open_table("wrist")
    return whole.with_rows(whole.rows[::10])


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """Audio and video of two domains, where a fifth of the rows lack one of both."""
    return read_table(write_table(tmp_path_factory.mktemp("table")))
