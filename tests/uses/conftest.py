"""Tables that are small enough for a user's examples, a real one and one that is made."""

import pytest
from acclimate.framework import Table
from acclimate.framework.data.builtin import open_table


@pytest.fixture(scope="session")
def arms() -> Table:
    """A tenth of the exercises that a watch recorded on the right and on the left arm."""
    whole = open_table("wrist")
    return whole.with_rows(whole.rows[::10])
