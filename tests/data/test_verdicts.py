"""What `data check` accepts, `adapt` and `evaluate` take; what they refuse, it has said."""

import re
import zlib
from pathlib import Path

import pytest
from acclimate.framework.data import Problem, Report, check_data

from acclimate.__main__ import main

from .odd_tables import ODDITIES, write_odd_table

ADAPT = ["adapt", "source-only", "--source", "A", "--target", "B", "--reference", "none", "--device", "cpu"]
SHORT = ["--set", "stages.0.epochs=1", "--set", "training.batch_size=16"]
TRAINED = {("A", "train"), ("A", "validation"), ("B", "train")}

_PLACE = re.compile(r"line \d+, id '[^']*', ([\w-]+): ")


def adapt(path: Path, capsys: pytest.CaptureFixture[str], *more: str) -> str | None:
    """Why a training does not take a table, or None."""
    capsys.readouterr()
    status = main([*ADAPT, *SHORT, "--data", str(path), "--out", str(path.parent / "run"), *more])
    captured = capsys.readouterr()
    assert len(captured.err.splitlines()) == (status != 0), captured.err
    return captured.err.strip().removeprefix("acclimate adapt: ") if status else None


def evaluate(path: Path, capsys: pytest.CaptureFixture[str]) -> str | None:
    """Why the run's evaluation on the target's test rows does not take a table, or None."""
    capsys.readouterr()
    status = main(["evaluate", str(path.parent / "run"), "--data", str(path), "--domain", "B", "--no-timing"])
    captured = capsys.readouterr()
    assert len(captured.err.splitlines()) == (status != 0), captured.err
    return captured.err.strip().removeprefix("acclimate evaluate: ") if status else None


def stops_training(problem: Problem, places: dict[str, tuple[str, str]]) -> bool:
    """Whether a problem is of the table, or of a row that is trained on: test rows are read by evaluation alone."""
    return problem.line is None or problem.id is None or places.get(problem.id, ("A", "train")) in TRAINED


def is_said(error: str, report: Report) -> bool:
    """Whether a refusal is one of the problems, or of its row; where files differ, each may be the odd one."""
    said = [" ".join(str(problem).split()) for problem in report.problems]
    place = _PLACE.search(error)
    # A table's own errors begin with its path.
    rows = {f"line {problem.line}, id {problem.id!r}" for problem in report.problems}
    return (
        any(text in error for text in said)
        or any(row in error for row in rows)
        or (place is not None and place[1] in {problem.modality for problem in report.problems})
    )


def places_of(path: Path) -> dict[str, tuple[str, str]]:
    rows = [line.split('","') for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    return {row[0].strip('"'): (row[1], row[2]) for row in rows}


@pytest.mark.parametrize("oddity", ODDITIES)
def test_a_check_and_a_training_agree(oddity: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_odd_table(tmp_path, oddity, zlib.crc32(oddity.encode()))
    report = check_data(str(path), ["A"], target="B")
    refused = adapt(path, capsys)
    stopping = [str(problem) for problem in report.problems if stops_training(problem, places_of(path))]
    if refused is not None:
        assert is_said(refused, report), (refused, stopping)
        return
    assert stopping == []
    left = evaluate(path, capsys)
    if left is not None:
        notes = [doubt.message for doubt in report.doubts]
        assert is_said(left, report) or any("evaluate refuses" in note for note in notes), (left, str(report))
