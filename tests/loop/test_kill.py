"""A run killed with SIGKILL at any moment goes on to bit-equal weights and the same log."""

import json
import math
import os
import random
import signal
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from .children import Trap, adapt_and_die
from .small import assert_same_runs, assert_same_tensors, weights

Child: TypeAlias = Callable[..., int]


@pytest.fixture(scope="module")
def child(processes: ForkServerContext, table_path: Path) -> Child:
    """Adapts in a process of its own, and gives its exit code."""

    def run(out: Path, trap: Trap | None = None, kill_after: float | None = None) -> int:
        process = processes.Process(target=adapt_and_die, args=(table_path, out, trap))
        process.start()
        if kill_after is not None:
            process.join(kill_after)
            if process.is_alive() and process.pid is not None:
                os.kill(process.pid, signal.SIGKILL)
        process.join()
        assert process.exitcode is not None
        return process.exitcode

    return run


def summary(out: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((out / "summary.json").read_text())
    return {key: value for key, value in content.items() if key != "seconds"}


def assert_same_end(first: Path, second: Path) -> None:
    assert_same_runs(first, second)
    assert_same_runs(first / "source-only", second / "source-only")
    assert summary(first) == summary(second)
    names = [sorted(str(path.relative_to(out)) for path in out.rglob("*")) for out in (first, second)]
    assert names[0] == names[1]


@pytest.fixture(scope="module")
def unbroken(child: Child, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody kills."""
    out = tmp_path_factory.mktemp("unbroken") / "run"
    assert child(out) == 0
    return out


def test_two_unbroken_runs_are_equal_and_two_steps_make_a_difference(
    unbroken: Path, child: Child, tmp_path: Path
) -> None:
    """So that comparing runs means something."""
    assert child(tmp_path / "run") == 0
    assert_same_end(unbroken, tmp_path / "run")
    assert_same_tensors(weights(unbroken), weights(tmp_path / "run"))
    with pytest.raises(AssertionError):
        assert_same_tensors(weights(unbroken), weights(unbroken / "source-only"))


TRAPS = {
    "at the start": [
        Trap("before a rename", 1),  # of config.yaml
        Trap("after a rename", 1),
        Trap("before a rename", 1),  # of environment.json
        Trap("step", 1),
        Trap("half a checkpoint", 1),
        Trap("before a rename", 2),  # of the first checkpoint
        Trap("after a rename", 2),
        Trap("step", 1),
    ],
    "around checkpoints": [
        Trap("half a checkpoint", 2),
        Trap("after a rename", 4),
        Trap("before a rename", 3),
        Trap("after a rename", 3),
        Trap("half a row", 1),
        Trap("after a rename", 4),
        Trap("before a rename", 5),
        Trap("step", 5),
        Trap("half a row", 2),
    ],
    "in the second run and at the end": [
        Trap("step", 13),
        Trap("half a checkpoint", 1),
        Trap("step", 5),
        Trap("before a rename", 5),
        Trap("half a row", 1),
        Trap("step", 2),
    ],
}


@pytest.mark.parametrize("traps", TRAPS.values(), ids=TRAPS)
def test_a_run_killed_at_chosen_moments_ends_the_same(
    traps: list[Trap], unbroken: Path, child: Child, tmp_path: Path
) -> None:
    for trap in traps:
        assert child(tmp_path / "run", trap) == -signal.SIGKILL, trap
    assert child(tmp_path / "run") == 0
    assert_same_end(unbroken, tmp_path / "run")


def test_two_that_go_on_with_one_run_leave_one_log(
    unbroken: Path, child: Child, processes: ForkServerContext, table_path: Path, tmp_path: Path
) -> None:
    """The second is refused, unless the first has ended already, and nothing is left to do."""
    assert child(tmp_path / "run", Trap("step", 8)) == -signal.SIGKILL
    both = [processes.Process(target=adapt_and_die, args=(table_path, tmp_path / "run", None)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert sorted(process.exitcode or 0 for process in both) in ([0, 1], [0, 0])
    assert_same_end(unbroken, tmp_path / "run")


def test_a_run_killed_before_its_summary_ends_the_same(unbroken: Path, child: Child, tmp_path: Path) -> None:
    """After the last checkpoint of source-only there is one more rename: of summary.json."""
    renames = count_renames(unbroken)
    assert child(tmp_path / "run", Trap("before a rename", renames)) == -signal.SIGKILL
    assert not (tmp_path / "run" / "summary.json").exists()
    assert child(tmp_path / "run") == 0
    assert_same_end(unbroken, tmp_path / "run")


def count_renames(out: Path) -> int:
    """Two at the start of each run, one for each checkpoint, and one for the summary."""
    count = 1
    for folder in (out, out / "source-only"):
        history = [
            row
            for row in map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
            if row["kind"] == "epoch"
        ]
        scores = [row["target"]["modality_agreement"] if folder == out else row["source_accuracy"] for row in history]
        improvements = sum(score > max(scores[:epoch], default=-math.inf) for epoch, score in enumerate(scores))
        # 6 steps an epoch: a checkpoint after each second one, and one or two at the end.
        count += 2 + len(history) * (3 + 1) + improvements
    return count


def test_a_run_killed_at_random_moments_ends_the_same(unbroken: Path, child: Child, tmp_path: Path) -> None:
    started = time.monotonic()
    assert child(tmp_path / "timed") == 0
    duration = time.monotonic() - started
    seed = random.SystemRandom().randrange(2**32)
    generator = random.Random(seed)  # noqa: S311 - no secret
    print(f"seed of the moments: {seed}")  # noqa: T201 - shown if the test fails
    kills = 0
    for _ in range(4):
        code = child(tmp_path / "run", kill_after=generator.uniform(0.05, 0.5) * duration)
        assert code in {0, -signal.SIGKILL}
        kills += code != 0
    assert kills > 0
    assert child(tmp_path / "run") == 0
    assert_same_end(unbroken, tmp_path / "run")
