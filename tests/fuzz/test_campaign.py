"""What must not come of a mutated input would be seen."""

from random import Random

import pytest
from acclimate.framework import DataError

from . import campaign


def test_what_must_not_be_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def attempt(random: Random) -> str:
        what = random.randrange(5)
        if what == 0:
            raise DataError("one line")
        if what == 1:
            raise DataError("two\nlines")
        if what == 2:
            raise KeyError("x")
        while what == 3:
            pass
        return "taken"

    monkeypatch.setattr(campaign, "SECONDS", 0.05)
    found = campaign.run_campaign(attempt, 40, "0")
    assert found.outcomes["taken"] > 2
    assert found.outcomes["refused in one line"] > 4
    for words in ("no line: 'two", "KeyError: 'x'", "HangError: took more than"):
        assert any(words in problem for problem in found.problems)
    assert not any("'one line'" in problem for problem in found.problems)
