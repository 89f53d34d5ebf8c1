"""A student of the consensus: trained on what candidates say together, and judged on rows that it was not taught."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..consensus.opinion import cast_votes
from ..evaluation.intervals import Confidence, Interval, percentile_interval
from ..layout import Task
from ..recipes.recipe import Recipe
from ..recipes.recipe_files import override_recipe, read_recipe
from .candidate_training import CANDIDATES, CandidateTraining, train_candidate
from .judging import Estimate, Judgement
from .lessons import CONSENSUS_FILE, find_ids, find_parents, hold_out, keep_consensus, make_consensus
from .picking import Pick, is_sure
from .plan import ChoicePlan
from .portfolio import SOURCE_ONLY, STUDENT
from .resampling import draw_weights
from .role_model import RoleModel
from .statement import Statement


@attrs.frozen(eq=False)
class Student:
    """A trained student, and how good it probably is.

    Args:
        statement: what it says.
        estimates: of each task, on the rows that it was not taught; gains are over source-only.
        over_best: the same, with gains over the best candidate.
        best: that candidate.
    """

    statement: Statement
    estimates: tuple[Estimate, ...]
    over_best: tuple[Estimate, ...]
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
        confidence: of intervals.
    """

    plan: ChoicePlan
    out: Path
    judgements: Sequence[Judgement]
    tasks: Sequence[Task]
    statements: Mapping[str, Statement]
    confidence: Confidence

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
        judged = [attrs.evolve(found, role_models=_of_rows(found.role_models, ~held_out)) for found in self.judgements]
        recipe = make_recipe(cell.recipe, out)
        training = CandidateTraining(STUDENT, attrs.evolve(cell, recipe=recipe), reference=SOURCE_ONLY, maps=maps)
        parents = find_parents(cell, out, self.statements)
        keep_consensus(make_consensus(judged, self.tasks, taught, parents), training, out)
        if not training.statement(out).is_file():
            train_candidate(training, out)
        said, rows = Statement.read(training.statement(out)), np.flatnonzero(held_out)
        return Student(said, self._estimate(said, SOURCE_ONLY, rows), self._estimate(said, best, rows), best)

    def _estimate(self, said: Statement, other: str, rows: NDArray[np.int64]) -> tuple[Estimate, ...]:
        """How good the student probably is on rows that it was not taught, with its gains over another candidate."""
        groups = [said.groups[row] for row in rows] if said.groups else ()
        weights = draw_weights(groups, len(rows), self.confidence)
        opinions = [self.statements[other].target, said.target]
        return tuple(
            estimate_over(
                _of_rows(judgement.role_models, rows),
                cast_votes(opinions, task.name, "joint")[:, rows],
                weights,
                self.confidence.level,
            )
            for judgement, task in zip(self.judgements, self.tasks, strict=True)
        )


def estimate_over(
    role_models: Sequence[RoleModel], predictions: NDArray[np.int64], weights: NDArray[np.float64], level: float
) -> Estimate:
    """How good the second of two predictions probably is, and what it gains over the first.

    Args:
        role_models: of `N` rows; the first is what counts.
        predictions: `(2, N)`.
        weights: `(resamples, N)` of a bootstrap.
        level: of intervals.
    """
    rights = [model.right(predictions) for model in role_models]
    drawn = [weights @ right for right in rights]
    spans = [percentile_interval(means[:, 1], level) for means in drawn]
    return Estimate(
        float(rights[0][:, 1].mean()),
        Interval(min(span.low for span in spans), max(span.high for span in spans)),
        float((rights[0][:, 1] - rights[0][:, 0]).mean()),
        percentile_interval(drawn[0][:, 1] - drawn[0][:, 0], level),
        tuple(float((right[:, 1] - right[:, 0]).mean()) for right in rights),
        {},
        float((role_models[-1].posterior.argmax(axis=1) == predictions[1]).mean()),
    )


def _of_rows(role_models: Sequence[RoleModel], rows: NDArray[Any]) -> tuple[RoleModel, ...]:
    return tuple(attrs.evolve(model, posterior=model.posterior[rows]) for model in role_models)


def pick_student(picked: Pick, student: Student) -> Pick:
    """The student, where it is surely better than source-only and than the best candidate; else what was picked."""
    if not (is_sure(student.estimates) and is_sure(student.over_best)):
        return picked
    gains = ", ".join(
        f"{found.gain:+.3f} ({found.gain_interval.low:+.3f} to {found.gain_interval.high:+.3f})"
        for found in student.over_best
    )
    rows = "on rows that it was not taught"
    why = f"a student of all candidates is surely better than {student.best}, {rows}: gain {gains}"
    return Pick(STUDENT, why, picked.alarms)


def add_student(judgements: Sequence[Judgement], student: Student) -> tuple[Judgement, ...]:
    """The judgements with the student's estimates behind those of the candidates."""
    return tuple(
        attrs.evolve(judgement, estimates={**judgement.estimates, STUDENT: found})
        for judgement, found in zip(judgements, student.estimates, strict=True)
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
