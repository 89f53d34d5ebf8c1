"""The tutorial works as it is printed: every file, every command, and what it prints."""

import os
import re
import shlex
import subprocess
import sys
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from pathlib import Path

import pytest
from tutorial import Command, File, read_steps

NUMBER = re.compile(r"(?:< )?(?:\d*\.)?\d+(?:e-\d+)?")
TOLERANCE = 0.15
"""Accuracies of few seeds and epochs move a little with versions and processors."""


def run(command: Command, folder: Path) -> subprocess.CompletedProcess[str]:
    """As somebody does who has activated the environment of these tests."""
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        shlex.split(command.line.replace("\\\n", " ")),
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PATH": programs},
    )


def check_output(command: Command, printed: str) -> None:
    """Words are those of the page, and so is the number of numbers."""
    want, got = (NUMBER.sub("0", text) for text in (command.output, printed))
    checker = OutputChecker()
    assert checker.check_output(want, got, ELLIPSIS | NORMALIZE_WHITESPACE), f"$ {command.line}\n{printed}"


def accuracies(table: str) -> dict[str, list[float]]:
    """Numbers in the columns of results.md that hold accuracies, by recipe; means and standard deviations."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if "|" in line]
    columns = [
        column for column, name in enumerate(rows[0]) if name.startswith(("last", "selected", "oracle", "source"))
    ]
    return {row[0]: [float(number) for column in columns for number in NUMBER.findall(row[column])] for row in rows[2:]}


def test_the_road_from_start_to_end(tmp_path: Path) -> None:
    tables = 0
    for step in read_steps():
        if isinstance(step, File):
            (tmp_path / step.name).write_text(step.content, encoding="utf-8")
            continue
        ended = run(step, tmp_path)
        assert ended.returncode == 0, f"$ {step.line}\n{ended.stdout}{ended.stderr}"
        check_output(step, ended.stdout)
        if step.output.startswith("|"):
            tables += 1
            printed, found = accuracies(step.output), accuracies(ended.stdout)
            assert printed.keys() == found.keys()
            for recipe, values in printed.items():
                assert found[recipe] == pytest.approx(values, abs=TOLERANCE), recipe
    assert tables == 1
