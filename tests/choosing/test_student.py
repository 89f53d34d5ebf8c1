"""A student of the candidates: taught what they say together, judged where it was not taught, and no rater itself."""

import json
from pathlib import Path

import attrs
import numpy as np
import pytest
from acclimate.framework.choosing import run_choice, student as students
from acclimate.framework.choosing.judging import Verdict, judge
from acclimate.framework.choosing.lessons import HELD_OUT, find_parents, hold_out, write_consensus
from acclimate.framework.choosing.picking import Pick
from acclimate.framework.choosing.portfolio import parse_portfolio
from acclimate.framework.choosing.statement import Statement
from acclimate.framework.choosing.student import Student, pick_student
from acclimate.framework.consensus.consensus_file import Consensus, Parent
from acclimate.framework.consensus.opinion import cast_votes
from acclimate.framework.errors import RecipeError, RunError
from acclimate.framework.estimation.estimate import Estimate, Gain
from acclimate.framework.evaluation.intervals import Interval
from acclimate.framework.experiments.saved_method import load_run
from acclimate.framework.files.hashes import file_sha256
from acclimate.framework.grid.local_processes import LocalProcesses
from acclimate.framework.runs.run_folder import RunFolder
from bits import assert_same_bits
from loop.small import CLASSES, TARGET

from acclimate.__main__ import main

from .made_statements import TASK, make_statements
from .small_choice import NAMES, arguments, write_portfolio

pytestmark = pytest.mark.processes

BETTER = Verdict(
    Estimate(0.8, Interval(0.7, 0.9), "consensus", rows=100), Gain(0.1, Interval(0.05, 0.15)), 0.8, (0.1, 0.1), {}, 0.9
)
WORSE = attrs.evolve(BETTER, gain=Gain(0.1, Interval(-0.01, 0.15)))
DENIED = attrs.evolve(BETTER, gains=(0.1, -0.1))


@pytest.fixture(scope="module")
def taught(inputs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A choice that ends in a student, whatever it is worth."""
    folder = tmp_path_factory.mktemp("taught")
    portfolio = ["--portfolio", str(write_portfolio(folder, student=True))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(students, "is_sure", lambda _: True)
        assert main(arguments(inputs, folder / "out", *portfolio)) == 0
    return folder / "out"


def test_a_student_is_judged_beside_the_candidates_and_is_none_of_their_raters(taught: Path, chosen: Path) -> None:
    choice, without = (json.loads((out / "choice.json").read_text()) for out in (taught, chosen))
    assert list(choice["candidates"]) == [*NAMES, "student"]
    verdicts = choice["tasks"]["label"]["candidates"]
    found = verdicts.pop("student")["estimate"]
    assert 0 <= found["interval"]["low"] <= found["accuracy"] <= found["interval"]["high"] <= 1
    assert verdicts == without["tasks"]["label"]["candidates"]


def test_it_is_taught_what_the_candidates_say_of_most_rows(taught: Path) -> None:
    consensus = Consensus.read(taught / "consensus.npz")
    assert consensus.classes == {"label": CLASSES}
    assert set(consensus.ids) < {f"there-train-{number}" for number in range(TARGET)}
    assert len(consensus.ids) == TARGET - int(np.ceil(HELD_OUT * TARGET))
    assert [parent.name for parent in consensus.parents] == list(NAMES)
    best = taught / "candidates" / "source-only" / "checkpoints" / "best.safetensors"
    assert consensus.parents[0].sha256 == file_sha256(best)
    statements = {name: Statement.read(next((taught / "statements").glob(f"{name}-1.npz"))) for name in NAMES[:1]}
    rows = [int(name.rpartition("-")[2]) for name in consensus.ids]
    assert statements["source-only"].target.present[rows].shape[0] == len(consensus.posteriors["label"])


def test_the_pick_is_a_run_that_names_its_parents_and_needs_no_consensus(taught: Path) -> None:
    assert json.loads((taught / "choice.json").read_text())["pick"]["name"] == "student"
    config = RunFolder.open(taught / "pick").config()
    assert config["selector"]["sha256"] == file_sha256(taught / "consensus.npz")
    assert [parent["name"] for parent in config["parents"]] == list(NAMES)
    (taught / "consensus.npz").rename(taught / "away.npz")
    method, _, recipe = load_run(taught / "pick")
    (taught / "away.npz").rename(taught / "consensus.npz")
    assert recipe.name == "student"
    assert recipe.stages[0].epochs == 2
    assert method.model.modalities == ("audio", "video")


def test_called_again_it_trains_nothing_and_judges_as_it_is(
    taught: Path, inputs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalProcesses, "submit", None)
    before = file_sha256(taught / "consensus.npz")
    portfolio = ["--portfolio", str(taught.parent / "portfolio.yaml")]
    assert main(arguments(inputs, taught, *portfolio)) == 0
    assert "  student" in capsys.readouterr().out
    assert file_sha256(taught / "consensus.npz") == before


def test_a_choice_that_is_there_may_go_on_without(
    taught: Path, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(inputs, taught)) == 0
    assert "  student" not in capsys.readouterr().out


def test_a_student_that_fails_leaves_the_choice(
    taught: Path, inputs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RunError("no\nmemory")

    monkeypatch.setattr(run_choice.Teachers, "teach", fail)
    portfolio = ["--portfolio", str(taught.parent / "portfolio.yaml")]
    assert main(arguments(inputs, taught, *portfolio)) == 0
    assert "student could not be trained: no memory" in capsys.readouterr().out
    assert json.loads((taught / "choice.json").read_text())["pick"]["name"] in NAMES


def test_it_is_judged_on_the_rows_that_it_was_not_taught() -> None:
    statements, _ = make_statements({"source-only": 0.5, "coral": 0.7, "rna": 0.9}, rows=200)
    judgement = judge(statements, TASK)
    said, others = cast_votes([statements[name].target for name in ("rna", "coral")], "label")
    rows = np.arange(0, 200, 4)
    found = judgement.hear(said[rows], others[rows], rows)
    claimed = judgement.posterior[rows] * judgement.consensus.correction
    assert found.score == pytest.approx(claimed[np.arange(50), said[rows]].mean())
    assert found.gains[0] == pytest.approx(found.score - claimed[np.arange(50), others[rows]].mean())
    assert found.estimate.rows == len(rows)
    assert found.gain.interval.low < found.gain.difference < found.gain.interval.high


@pytest.mark.parametrize(
    ("over_first", "over_best", "name"),
    [
        (BETTER, BETTER, "student"),
        (BETTER, WORSE, "coral"),
        (WORSE, BETTER, "coral"),
        (BETTER, DENIED, "coral"),
    ],
)
def test_it_is_taken_only_where_it_is_surely_better_than_both(
    over_first: Verdict, over_best: Verdict, name: str
) -> None:
    statement = make_statements({"source-only": 0.5}, rows=4)[0]["source-only"]
    picked = pick_student(Pick("coral", "why", ("alarm",)), Student(statement, (over_first,), (over_best,), "coral"))
    assert picked.name == name
    assert picked.alarms == ("alarm",)


def test_rows_of_one_group_are_held_out_together() -> None:
    groups = [f"speaker {row // 10}" for row in range(100)]
    held = hold_out(groups, 100, seed=3)
    assert 25 <= held.sum() <= 30
    assert all(len(set(held[start : start + 10])) == 1 for start in range(0, 100, 10))
    assert_same_bits(held, hold_out(groups, 100, seed=3))
    assert (held != hold_out(groups, 100, seed=4)).any()


@pytest.mark.parametrize("groups", [(), ["one"] * 5, [None] * 5, ["a", "a", "a", "a", "b"]])
def test_something_is_taught_and_something_held_out(groups: list[str | None]) -> None:
    held = hold_out(groups, 5, seed=0)
    assert 0 < held.sum() < 5


def test_one_row_is_too_few() -> None:
    with pytest.raises(RunError, match="on two rows at least, but the target has 1"):
        hold_out((), 1, seed=0)


def test_a_consensus_is_written_of_judgements(tmp_path: Path) -> None:
    statements, _ = make_statements({"source-only": 0.6, "coral": 0.8, "mmd": 0.7}, rows=30)
    judgement = judge(statements, TASK)
    ids = [f"row {row}" for row in range(30)]
    write_consensus([judgement], [TASK], ids, tmp_path / "made.npz", [Parent("coral", "a" * 64, "choose")])
    found = Consensus.read(tmp_path / "made.npz")
    assert_same_bits(found.posteriors["label"], judgement.posterior)
    assert found.classes == {"label": TASK.classes}
    assert [parent.sha256 for parent in found.parents] == ["a" * 64]


def test_a_parent_without_a_checkpoint_is_named(tmp_path: Path) -> None:
    from acclimate.framework import read_recipe
    from acclimate.framework.grid.cell import Cell, Shift

    cell = Cell("table.csv", Shift(("here",), "there"), read_recipe("source-only"), 0)
    with pytest.raises(RunError, match="coral has no checkpoint, which a student's parent must have"):
        find_parents(cell, tmp_path, ["coral"])


def test_no_candidate_may_have_its_name() -> None:
    with pytest.raises(RecipeError, match="no candidate may be called 'student'"):
        parse_portfolio({"schema": 1, "candidates": ["source-only", "student"]}, "mine")
