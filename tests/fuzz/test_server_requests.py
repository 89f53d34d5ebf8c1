"""Mutated requests are understood, or refused in one line. `server_requests.py` tries many more."""

import pytest

from .campaign import run_campaign

pytest.importorskip("kserve", reason="the package kserve is not installed")


def test_500_mutated_requests_are_understood_or_refused() -> None:
    from .server_requests import attempt

    campaign = run_campaign(attempt, 500, "tests")
    assert campaign.problems == []
    assert sum(campaign.outcomes.values()) == 500
    # Neither is all refused before it is looked at, nor is all let through.
    for protocol in ("version 1", "version 2", "gRPC"):
        assert campaign.outcomes[f"{protocol}: understood"] > 5
    assert campaign.outcomes["refused in one line"] < 475
