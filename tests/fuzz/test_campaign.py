"""What must not come of a mutated input would be seen."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = r"""
import json

from acclimate.framework import DataError
from fuzz import campaign


def attempt(random):
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


campaign.SECONDS = 0.05
found = campaign.run_campaign(attempt, 40, "0")
print(json.dumps({"outcomes": found.outcomes, "problems": found.problems}))
"""


@pytest.mark.processes
def test_what_must_not_be_is_a_problem() -> None:
    """In a process of its own: a timer's signal may end one in which libraries have started threads."""
    command = [sys.executable, "-c", PROGRAM]
    answer = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True)
    found = json.loads(answer.stdout)
    assert found["outcomes"]["taken"] > 2
    assert found["outcomes"]["refused in one line"] > 4
    for words in ("no line: 'two", "KeyError: 'x'", "HangError: took more than"):
        assert any(words in problem for problem in found["problems"])
    assert not any("'one line'" in problem for problem in found["problems"])
