"""The tutorial works as it is printed: every file, every command, and what it prints."""

import os
import re
import shlex
import subprocess
import sys
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from pathlib import Path
from shutil import copy, copytree

import pytest
from tutorial import Command, File, read_steps

NUMBER = re.compile(r"(?:< )?(?:\d*\.)?\d+(?:e-\d+)?")
TOLERANCE = 0.15
"""Accuracies of few seeds and epochs move a little with versions and processors."""

WITHOUT_TORCH = """
import sys
for name in ("accelerate", "jaxtyping", "onnx", "onnxscript", "pyarrow", "scipy", "seglearn", "torch", "transformers"):
    sys.modules[name] = None
from acclimate.__main__ import main
sys.exit(main())
"""


def run(command: Command, folder: Path) -> subprocess.CompletedProcess[str]:
    """As somebody does who has activated the environment of these tests; elsewhere, where there is no torch."""
    arguments = shlex.split(command.line.replace("\\\n", " "))
    variables = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    if command.place == "elsewhere":
        folder = carry(folder)
        assert arguments.pop(0) == "acclimate"
        arguments = [*program_without_torch(), *arguments]
        variables = {name: value for name, value in variables.items() if not name.startswith("PYTHON")}
    variables["ACCLIMATE_CACHE"] = str(folder / "cache")
    return subprocess.run(arguments, capture_output=True, text=True, check=False, cwd=folder, env=variables)


def program_without_torch() -> list[str]:
    """The one of `tox -e bare`; where there is none, this one, in which the imports that it must do without fail."""
    bare = os.environ.get("ACCLIMATE_BARE_PYTHON")
    return [sys.executable, "-c", WITHOUT_TORCH] if bare is None else [str(Path(bare).with_name("acclimate"))]


def carry(folder: Path) -> Path:
    """Another machine's folder, with what the page says to take there."""
    elsewhere = folder / "elsewhere"
    if not elsewhere.exists():
        copytree(folder / "mirror", elsewhere / "mirror")
        for recording in folder.glob("*.npy"):
            copy(recording, elsewhere)
    return elsewhere


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
