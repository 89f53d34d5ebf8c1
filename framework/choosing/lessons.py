"""What a student of a choice is taught: the consensus of the candidates, of some rows, in a file."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..consensus.consensus_file import Consensus, Parent
from ..consensus.opinion import Probabilities
from ..data import open_table
from ..errors import DataError, RunError
from ..experiments.experiment import Experiment
from ..experiments.skipped import read_skipped
from ..files.hashes import file_sha256
from ..grid.cell import Cell
from ..layout import Task
from ..runs.run_folder import BEST, LAST
from .candidate_training import CANDIDATES, CandidateTraining
from .judging import Judgement

CONSENSUS_FILE: Final = "consensus.npz"
"""What the student is taught, in the folder of a choice."""

HELD_OUT: Final = 0.25
"""Share of the target's rows that it is not taught, and is judged by: on the others it repeats its teacher."""


def write_consensus(
    judgements: Sequence[Judgement],
    tasks: Sequence[Task],
    ids: Sequence[str],
    path: Path,
    parents: Sequence[Parent] = (),
) -> None:
    """Keep what the consensus of joint heads says of rows, for a student.

    Args:
        judgements: of each task.
        tasks: the same, with their classes.
        ids: `(N,)`, of the rows that were judged.
        path: of the file.
        parents: the candidates.

    Raises:
        DataError: if ids and rows do not fit together.
        WriteError: if the file cannot be written.
    """
    make_consensus([judgement.posterior for judgement in judgements], tasks, ids, parents).write(path)


def make_consensus(
    posteriors: Sequence[Probabilities], tasks: Sequence[Task], ids: Sequence[str], parents: Sequence[Parent] = ()
) -> Consensus:
    """What `write_consensus` writes.

    Args:
        posteriors: `(N, C)`, of each task.
        tasks: the same.
        ids: `(N,)`.
        parents: the candidates.
    """
    classes = {task.name: task.classes or () for task in tasks}
    return Consensus(ids, classes, dict(zip(classes, posteriors, strict=True)), parents)


def keep_consensus(consensus: Consensus, training: CandidateTraining, out: Path) -> None:
    """Write the file that a student is taught, unless it is there; what other lessons made of a student is removed."""
    path = out / CONSENSUS_FILE
    try:
        there = Consensus.read(path)
        if (there.ids, there.classes, there.parents) == (consensus.ids, consensus.classes, consensus.parents):
            return
    except DataError:
        # There is none yet, or a damaged one.
        pass
    training.statement(out).unlink(missing_ok=True)
    shutil.rmtree(training.run_folder(out), ignore_errors=True)
    consensus.write(path)


def find_ids(cell: Cell, run: Path) -> tuple[str, ...]:
    """Ids of the target's rows that candidates are judged by, in their order.

    Args:
        cell: of the choice.
        run: folder of a candidate, which says what rows are left out.

    Raises:
        AcclimateError: if the data are not what they were.
    """
    table = open_table(cell.data, seed=cell.seed).with_kinds(cell.kinds)
    skipped = read_skipped(run) if cell.skip_bad else None
    experiment = Experiment(cell.recipe, table, cell.shift.source, cell.shift.target, skipped=skipped)
    return tuple(map(str, experiment.judged_rows(cell.seed)[1].field("id")))


def find_parents(cell: Cell, out: Path, names: Sequence[str] | Mapping[str, Any]) -> list[Parent]:
    """The candidates of a choice, as what others learn from.

    Raises:
        RunError: if one has no checkpoint.
    """
    source = "+".join(cell.shift.source)
    command = f"acclimate choose --data {cell.data} --source {source} --target {cell.shift.target} --seed {cell.seed}"
    found = []
    for name in names:
        checkpoints = out / CANDIDATES / name / "checkpoints"
        files = [checkpoints / f"{which}.safetensors" for which in (BEST, LAST)]
        there = next((file for file in files if file.is_file()), None)
        if there is None:
            raise RunError(f"{checkpoints.parent} has no checkpoint, which a student's parent must have")
        found.append(Parent(name, file_sha256(there), command))
    return found


def hold_out(groups: Sequence[str | None], rows: int, seed: int) -> NDArray[np.bool_]:
    """Which rows a student is not taught: about `HELD_OUT` of them, rows of one group together where there are two.

    Args:
        groups: of the rows, or nothing.
        rows: how many there are, two at least.
        seed: of what is drawn.

    Raises:
        RunError: if there are fewer than two rows.

    Example:
        >>> int(hold_out((), rows=8, seed=0).sum())
        2
    """
    if rows < 2:
        raise RunError(f"a student must be taught and judged on two rows at least, but the target has {rows}")
    names = [f"row {row}" if group is None else f"group {group}" for row, group in enumerate(groups)]
    if len(set(names)) < 2:
        names = [f"row {row}" for row in range(rows)]
    kinds, members = np.unique(names, return_inverse=True)
    held = np.zeros(rows, dtype=bool)
    for kind in np.random.default_rng([seed, rows]).permutation(len(kinds))[:-1]:
        held |= members == kind
        if held.sum() >= HELD_OUT * rows:
            break
    return held
