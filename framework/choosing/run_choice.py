"""Trains a portfolio's candidates, lets their consensus judge them, and ends in one run folder."""

import json
import math
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from statistics import fmean
from typing import Any, Final

import attrs

from ..errors import AcclimateError, RunError
from ..evaluation.intervals import Confidence
from ..files.folder_lock import LOCK_FILES, lock_folder
from ..files.replaced_folder import replace_folder
from ..files.whole_file import write_whole
from ..grid.executor import Executor, Outcome
from ..grid.local_processes import LocalProcesses
from ..layout import Task
from ..runs.run_folder import read_json
from .candidate_training import CANDIDATES, MAPS_FILE, CandidateTraining
from .choice import Choice
from .judging import Judgement, judge, rank
from .picking import pick
from .plan import ChoicePlan
from .portfolio import MAPPED, SOURCE_ONLY, STUDENT, Rung
from .statement import Statement
from .student import Student, Teachers, add_student, pick_student

CHOICE_FILE: Final = "choice.json"
PICK: Final = "pick"
"""The run folder that a choice ends in."""


def choose(
    plan: ChoicePlan,
    out: Path,
    executor: Executor | None = None,
    say: Callable[[str], None] = print,
    confidence: Confidence | None = None,
) -> Choice:
    """Train candidates, judge them by their consensus, and take one that is surely better than source-only.

    Called again, it goes on with what is there. No label of the target is read.

    Args:
        plan: the candidates.
        out: folder of the choice; its folder `pick` becomes the run of the candidate that is taken.
        executor: where candidates train; None means processes of this machine, one at a time.
        say: takes lines that tell how far it is.
        confidence: of intervals.

    Raises:
        AcclimateError: one line that names what is wrong; source-only must be trained, others may fail.
    """
    tasks = plan.check()
    with lock_folder(out):
        plan.claim(out)
        choosing = _Choosing(plan, out, tasks, executor or LocalProcesses(), say, confidence or Confidence())
        choosing.train([SOURCE_ONLY], 1.0)
        if SOURCE_ONLY in choosing.failed:
            raise RunError(f"{SOURCE_ONLY}: {choosing.failed[SOURCE_ONLY]}")
        choosing.read_maps()
        running = [name for name in choosing.names if name != SOURCE_ONLY]
        for rung in plan.portfolio.rungs:
            running = choosing.train(running, rung.share)
            running = keep_best(choosing.rank(), running, rung, plan.portfolio.least)
        choosing.train(running, 1.0)
        return choosing.conclude()


def keep_best(scores: Mapping[str, float], names: Sequence[str], rung: Rung, least: int) -> list[str]:
    """The candidates that go on behind a rung, in their order: those that score best.

    Args:
        scores: by candidate.
        names: of the candidates that are still training.
        rung: says which share of them goes on.
        least: so many of them at least.
    """
    best = sorted(names, key=lambda name: -scores[name])[: max(math.ceil(rung.keep * len(names)), least)]
    return [name for name in names if name in best]


@attrs.define(eq=False)
class _Choosing:
    plan: ChoicePlan
    out: Path
    tasks: Sequence[Task]
    executor: Executor
    say: Callable[[str], None]
    confidence: Confidence
    statements: dict[str, Statement] = attrs.field(factory=dict)
    failed: dict[str, str] = attrs.field(factory=dict)
    maps: dict[str, Any] | None = None
    lines: list[str] | None = None

    @property
    def names(self) -> list[str]:
        """Of all candidates: source-only first, and behind the others those whose target is mapped."""
        return [*self.plan.recipes, *(f"{name}{MAPPED}" for name in self.plan.recipes if self.maps)]

    @property
    def ordered(self) -> dict[str, Statement]:
        """What was said, in the order of the candidates."""
        return {name: self.statements[name] for name in self.names if name in self.statements}

    def read_maps(self) -> None:
        """Read what the search of input maps found, if there was one."""
        if self.plan.portfolio.maps == "auto":
            found = read_json(self.out / MAPS_FILE)
            self.maps, self.lines = found["maps"], found["lines"]
            for line in found["lines"]:
                self.say(f"input maps: {line}")

    def train(self, names: Iterable[str], share: float) -> list[str]:
        """Train candidates to a share of their epochs; those that did not fail."""
        trainings = {name: self.plan.training(name, share, self.maps) for name in names}
        for training in trainings.values():
            if not training.statement(self.out).is_file():
                self.executor.submit(training, self.out)
        self._run()
        stated = {name: training.statement(self.out) for name, training in trainings.items() if name not in self.failed}
        for name, path in stated.items():
            self.statements[name] = Statement.read(path)
        return list(stated)

    def _run(self) -> None:
        with closing(self.executor.outcomes()) as outcomes:
            for outcome in outcomes:
                self._note(outcome)

    def _note(self, outcome: Outcome) -> None:
        training, error = outcome.cell, outcome.error
        if not isinstance(training, CandidateTraining):
            raise TypeError(f"an executor of candidates must end with candidates, but ended {outcome.cell!r}.")
        if error is None and not training.statement(self.out).is_file():
            # Code of the user's own can end a process as if all were well.
            error = "its process ended, but it said nothing"
        self.say(f"{training.title}: {'done' if error is None else f'FAILED: {error}'}")
        if error is not None:
            self.failed[training.name] = error

    def rank(self) -> dict[str, float]:
        """What candidates are compared by, mean over tasks."""
        by_task = [rank(self.ordered, task) for task in self.tasks]
        return {name: fmean(scores[name] for scores in by_task) for name in self.ordered}

    def judge(self) -> tuple[Judgement, ...]:
        """What the consensus of all that was said says of each task."""
        groups = self.statements[SOURCE_ONLY].groups
        return tuple(judge(self.ordered, task, groups, self.confidence) for task in self.tasks)

    def teach(self, judgements: Sequence[Judgement], finished: Sequence[str]) -> Student | None:
        """A student of the candidates, held against the best that was trained to the end; None if it fails."""
        scores = self.rank()
        best = max(finished, key=lambda name: scores[name])
        teachers = Teachers(self.plan, self.out, judgements, self.tasks, self.ordered, self._train_student)
        try:
            return teachers.teach(best, self.maps or {} if best.endswith(MAPPED) else {})
        except AcclimateError as error:
            self.failed[STUDENT] = " ".join(str(error).split())
            return None

    def _train_student(self, training: CandidateTraining) -> None:
        self.executor.submit(training, self.out)
        self._run()
        if STUDENT in self.failed:
            raise RunError(self.failed[STUDENT])

    def conclude(self) -> Choice:
        """Pick, and make the folder of the pick."""
        judgements = self.judge()
        finished = [name for name, found in self.ordered.items() if found.is_final]
        picked, statements = pick(judgements, self.ordered, self.tasks, finished), self.ordered
        student = self.teach(judgements, finished) if self.plan.portfolio.student else None
        if student is not None:
            picked, statements = pick_student(picked, student), {**statements, STUDENT: student.statement}
            judgements = add_student(judgements, student)
        choice = Choice(picked, judgements, statements, self.failed, self.lines)
        text = json.dumps(choice.to_json(), indent=1) + "\n"
        with replace_folder(self.out / PICK) as made:
            folder = self.out / CANDIDATES / choice.pick.name
            shutil.copytree(folder, made, ignore=shutil.ignore_patterns(*LOCK_FILES), dirs_exist_ok=True)
            (made / CHOICE_FILE).write_text(text, encoding="utf-8")
        write_whole(self.out / CHOICE_FILE, text)
        return choice
