"""Mutated media are decoded, or refused in one line: nothing else comes of them. `media.py` tries many more."""

from .campaign import run_campaign
from .media import attempt


def test_500_mutated_files_are_decoded_or_refused() -> None:
    campaign = run_campaign(attempt, 500, "tests")
    assert campaign.problems == []
    assert sum(campaign.outcomes.values()) == 500
    for kind in ("audio", "image", "array", "text"):
        assert campaign.outcomes[f"decoded as {kind}"] > 4
    assert campaign.outcomes["refused in one line"] > 100
