"""Processes that are forked begin as fresh ones do, cannot take each other down, and fresh ones stand in for them."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import attrs
import pytest
from acclimate.framework.grid.cell import Cell
from acclimate.framework.grid.executor import Job, Outcome
from acclimate.framework.grid.forked_processes import ForkedProcesses
from acclimate.framework.grid.fresh_processes import FreshProcesses
from acclimate.framework.grid.processes import Processes, Task
from acclimate.framework.grid.run_grid import run_cells

from .grids import InThisProcess, make_cells
from .jobs import Doing
from .test_grid import silent

pytestmark = pytest.mark.processes

forked = pytest.mark.skipif(not ForkedProcesses.can_be_had(), reason="nothing is forked here")


@pytest.fixture(scope="module")
def processes() -> Iterator[ForkedProcesses]:
    """Forks of a process that has imported torch, computing with two threads."""
    found = ForkedProcesses(2, ["torch"])
    yield found
    found.close()


def run(processes: Processes, out: Path, *jobs: Job) -> list[Outcome]:
    """All at once; how they ended, in the order of the jobs."""
    for job in jobs:
        processes.start(Task(job, out, 2, {"by": "test"}))
    ended: list[Outcome] = []
    while len(ended) < len(jobs):
        ended += processes.wait()
    return sorted(ended, key=lambda outcome: jobs.index(outcome.cell))


def words(out: Path, job: Doing) -> list[str]:
    return (out / job.folder / "result.txt").read_text().split()


@forked
def test_a_fork_is_as_a_fresh_process(
    processes: ForkedProcesses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    jobs = [Doing("describe", number) for number in range(2)]
    assert run(processes, tmp_path, *jobs) == [Outcome(job) for job in jobs]
    found = [words(tmp_path, job) for job in jobs]
    assert found[0][:8] == ["test", found[1][1], "2", "2", "''", "2", "True", tmp_path.name]
    assert int(found[0][1]) not in {os.getpid(), 1}
    assert found[0][8] != found[1][8]
    assert (tmp_path / jobs[0].folder / "log.txt").read_text() == "printed\n"


@forked
def test_no_end_of_a_job_ends_another(processes: ForkedProcesses, tmp_path: Path) -> None:
    """And when the process that they are forked from dies, they do, and the next ones get another."""
    bad = [Doing(kind) for kind in ("fail", "break_down", "exhaust_memory", "leave")]
    outcomes = run(processes, tmp_path, *bad, Doing("describe"))
    errors = ["this job fails", "KeyError: 'key'", "MemoryError", None, None]
    assert [outcome.error for outcome in outcomes] == errors
    assert "Traceback" in (tmp_path / bad[1].folder / "log.txt").read_text()
    ended = run(processes, tmp_path, Doing("wait"), Doing("end_server"))
    assert [outcome.killed for outcome in ended] == [True, True]
    assert run(processes, tmp_path, Doing("describe", 1)) == [Outcome(Doing("describe", 1))]
    assert words(tmp_path, Doing("describe", 1))[1] != words(tmp_path, Doing("describe"))[1]


@forked
@pytest.mark.parametrize("imports", ["grid.starts_thread", "no_such_module"])
def test_what_cannot_be_forked_safely_starts_afresh(imports: str, tmp_path: Path) -> None:
    processes, jobs = ForkedProcesses(2, [imports]), [Doing("fail"), Doing("wait")]
    for job in jobs:
        processes.start(Task(job, tmp_path, 2, {"by": "test"}))
    assert processes.wait() == [Outcome(jobs[0], "this job fails")]
    processes.close()


def test_fresh_processes_end_when_they_are_let_go(tmp_path: Path) -> None:
    processes = FreshProcesses(2)
    processes.start(Task(Doing("wait"), tmp_path, 2, {"by": "test"}))
    processes.close()
    assert not (tmp_path / "wait-0" / "result.txt").exists()


def test_a_cell_that_says_all_is_well_and_leaves_nothing_has_failed(folder: Path, tmp_path: Path) -> None:
    (cell,) = make_cells(folder, ("source-only",))

    @attrs.define(eq=False)
    class Pretending(InThisProcess):
        def outcomes(self) -> Generator[Outcome]:
            yield from (Outcome(job) for job, _ in self.cells)

    (failed,) = run_cells([cell], tmp_path, Pretending(), silent())
    assert isinstance(failed.cell, Cell)
    assert failed.error == "its process ended, but left no cell.json"
