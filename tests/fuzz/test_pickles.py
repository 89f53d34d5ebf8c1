"""Mutated pickles are converted, or refused in one line: nothing else comes of them. `pickles.py` tries many more."""

from .campaign import run_campaign
from .pickles import attempt


def test_500_mutated_pickles_are_converted_or_refused() -> None:
    campaign = run_campaign(attempt, 500, "tests")
    assert campaign.problems == []
    assert sum(campaign.outcomes.values()) == 500
    assert campaign.outcomes["converted to .csv"] > 3
    assert campaign.outcomes["converted to .npz"] > 3
