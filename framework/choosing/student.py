"""A student of the consensus: trained on what candidates say together, and judged on rows that it was not taught."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..consensus.opinion import cast_votes
from ..layout import Task
from ..recipes.recipe import Recipe
from ..recipes.recipe_files import override_recipe, read_recipe
from .candidate_training import CANDIDATES, CandidateTraining
from .judging import Judgement, Verdict
from .lessons import CONSENSUS_FILE, find_ids, find_parents, hold_out, keep_consensus, make_consensus
from .picking import Pick, is_sure
from .plan import ChoicePlan
from .portfolio import SOURCE_ONLY, STUDENT
from .statement import Statement


@attrs.frozen(eq=False)
class Student:
    """A trained student, and how good it probably is.

    Args:
        statement: what it says.
        verdicts: of each task, on the rows that it was not taught; gains are over source-only.
        over_best: the same, with gains over the best candidate.
        best: that candidate.
    """

    statement: Statement
    verdicts: tuple[Verdict, ...]
    over_best: tuple[Verdict, ...]
    best: str


@attrs.frozen(eq=False)
class Teachers:
    """Candidates that were judged, and may teach.

    Args:
        plan: of the choice.
        out: folder of the choice.
        judgements: by the consensus of the candidates.
        tasks: of the judgements.
        statements: of the candidates, source-only's first.
        train: trains what is asked for, or raises an AcclimateError.
    """

    plan: ChoicePlan
    out: Path
    judgements: Sequence[Judgement]
    tasks: Sequence[Task]
    statements: Mapping[str, Statement]
    train: Callable[[CandidateTraining], None]

    def teach(self, best: str, maps: Mapping[str, Any]) -> Student:
        """Train a student, or go on with it, and judge it. It is no rater: it would vote for its own teacher.

        Args:
            best: the candidate that it must be better than.
            maps: configurations of input maps before its target.

        Raises:
            AcclimateError: one line that names what is wrong.
        """
        cell, out = self.plan.cell, self.out
        ids = find_ids(cell, out / CANDIDATES / SOURCE_ONLY)
        held_out = hold_out(self.statements[SOURCE_ONLY].groups, len(ids), cell.seed)
        taught = [name for name, held in zip(ids, held_out, strict=True) if not held]
        judged = [found.posterior[~held_out] for found in self.judgements]
        recipe = make_recipe(cell.recipe, out)
        training = CandidateTraining(STUDENT, attrs.evolve(cell, recipe=recipe), reference=SOURCE_ONLY, maps=maps)
        parents = find_parents(cell, out, self.statements)
        keep_consensus(make_consensus(judged, self.tasks, taught, parents), training, out)
        if not training.statement(out).is_file():
            self.train(training)
        said, rows = Statement.read(training.statement(out)), np.flatnonzero(held_out)
        return Student(said, self._judge(said, SOURCE_ONLY, rows), self._judge(said, best, rows), best)

    def _judge(self, said: Statement, other: str, rows: NDArray[np.int64]) -> tuple[Verdict, ...]:
        """What is thought of the student on rows that it was not taught, with its gains over another candidate."""
        opinions, verdicts = [said.target, self.statements[other].target], []
        for judgement, task in zip(self.judgements, self.tasks, strict=True):
            own, others = cast_votes(opinions, task.name, "joint")[:, rows]
            verdicts.append(judgement.hear(own, others, rows))
        return tuple(verdicts)


def pick_student(picked: Pick, student: Student) -> Pick:
    """The student, where it is surely better than source-only and than the best candidate; else what was picked."""
    if not (is_sure(student.verdicts) and is_sure(student.over_best)):
        return picked
    gains = ", ".join(
        f"{found.gain.difference:+.2f} ({found.gain.interval.low:+.2f} to {found.gain.interval.high:+.2f})"
        for found in student.over_best
    )
    rows = "on rows that it was not taught"
    why = f"a student of all candidates is surely better than {student.best}, {rows}: gain {gains}"
    return Pick(STUDENT, why, picked.alarms)


def add_student(judgements: Sequence[Judgement], student: Student) -> tuple[Judgement, ...]:
    """The judgements with the student's verdict behind those of the candidates."""
    return tuple(
        attrs.evolve(judgement, verdicts={**judgement.verdicts, STUDENT: found})
        for judgement, found in zip(judgements, student.verdicts, strict=True)
    )


def make_recipe(like: Recipe, out: Path) -> Recipe:
    """The recipe `student`, with the encoders, data and training of another, for as many epochs.

    Args:
        like: source-only's recipe of the choice.
        out: folder of the choice.
    """
    student = override_recipe(
        read_recipe(STUDENT), {"selector.init_args.consensus": str(out.absolute() / CONSENSUS_FILE)}
    )
    epochs = sum(stage.rounds * (stage.epochs or 0) for stage in like.stages)
    steps = sum(stage.rounds * (stage.steps or 0) for stage in like.stages)
    stage = attrs.evolve(student.stages[0], epochs=epochs or None, steps=None if epochs else steps)
    model = attrs.evolve(student.model, encoders=like.model.encoders, projection=like.model.projection)
    return attrs.evolve(student, model=model, stages=(stage,), training=like.training, data=like.data)
