"""The n-th open, write, fsync or rename of a command fails: old data whole, one line, exit code 2, and it goes on.

A few of each command; `python tests/io_faults/campaign.py` tries all.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .scenarios import SCENARIOS, Scenario
from .trial import find_broken, try_undisturbed

if TYPE_CHECKING:
    from .faults import Mode

TRIED = 3
"""Operations of each command, evenly spread."""

QUICK = {name: scenario for name, scenario in SCENARIOS.items() if not scenario.slow}


@pytest.mark.parametrize("scenario", QUICK.values(), ids=QUICK)
def test_what_fails_loses_nothing_and_goes_on(scenario: Scenario, tmp_path: Path) -> None:
    undisturbed = try_undisturbed(scenario, tmp_path / "undisturbed")
    operations = len(undisturbed.operations)
    assert operations > 3
    modes: list[Mode] = ["once", "full", "gone"]
    chosen = sorted({round(number * (operations - 1) / (TRIED - 1)) for number in range(TRIED)})
    broken = [
        f"{mode} at {at}: {words}"
        for number, at in enumerate(chosen)
        for mode in [modes[number % 3]]
        for words in find_broken(scenario, tmp_path / f"{at}", at, mode, undisturbed)
    ]
    assert broken == []


def test_what_a_checkpoint_relies_on_is_on_the_disk_before_it(tmp_path: Path) -> None:
    """The rows that it remembers, and before all the configuration; the best checkpoint before the last one."""
    seen = [
        operation.replace(f"{tmp_path}/adapt/run", "RUN")
        for operation in try_undisturbed(SCENARIOS["adapt"], tmp_path / "adapt").operations
    ]

    def first(operation: str) -> int:
        return next(number for number, found in enumerate(seen) if found == operation)

    configured = first("rename RUN/config.yaml")
    assert seen[configured + 1] == "fsync RUN"
    assert configured < first("open RUN/metrics.jsonl")
    renames = [number for number, found in enumerate(seen) if found.startswith("rename RUN/checkpoints/")]
    assert len(renames) > 4
    for rename in renames:
        before = seen[:rename]
        written, synced = (
            max((number for number, found in enumerate(before) if found == f"{kind} RUN/metrics.jsonl"), default=-1)
            for kind in ("write", "fsync")
        )
        assert written <= synced
        assert seen[rename + 1] == "fsync RUN/checkpoints"
    last, best = (first(f"rename RUN/checkpoints/{name}.safetensors") for name in ("last", "best"))
    # Within an epoch there is none that could be the best.
    ends = [number for number in renames if seen[number].endswith("last.safetensors") and number > best]
    assert last < best < ends[0]
