"""Mutated recipes are read, or refused in one line: nothing else comes of them. `recipes.py` tries many more."""

from .campaign import run_campaign
from .recipes import attempt


def test_500_mutated_recipes_are_read_or_refused() -> None:
    campaign = run_campaign(attempt, 500, "tests")
    assert campaign.problems == []
    assert sum(campaign.outcomes.values()) == 500
    # Neither is all refused before it is looked at, nor is all let through.
    assert 30 < sum(count for outcome, count in campaign.outcomes.items() if outcome.startswith("read")) < 400
    assert campaign.outcomes["read, and built"] > 1
