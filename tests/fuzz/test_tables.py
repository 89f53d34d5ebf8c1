"""Mutated files of tables are read, or refused in one line: nothing else comes of them. `tables.py` tries many more."""

from .campaign import run_campaign
from .tables import attempt


def test_500_mutated_tables_are_read_or_refused() -> None:
    campaign = run_campaign(attempt, 500, "tests")
    assert campaign.problems == []
    assert sum(campaign.outcomes.values()) == 500
    # Neither is all refused before it is looked at, nor is all let through, of any kind.
    for suffix in (".csv", ".tsv", ".jsonl", ".parquet"):
        assert sum(count for outcome, count in campaign.outcomes.items() if f"read as {suffix}" in outcome) > 5
    assert campaign.outcomes["refused in one line"] > 100
