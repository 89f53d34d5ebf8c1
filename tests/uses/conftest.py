"""A real table that is small enough for a user's examples."""

import pytest
from acclimate.framework import Table
from acclimate.framework.data.builtin import open_table


@pytest.fixture(scope="session")
def arms() -> Table:
    """A tenth of the exercises that a watch recorded on the right and on the left arm."""
    whole = open_table("wrist")
    return whole.with_rows(whole.rows[::10])
