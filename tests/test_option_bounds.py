"""Numbers beyond their bounds are refused by rule and value, before anything is read."""

from importlib import import_module
from pathlib import Path

import pytest

from acclimate.__main__ import main
from acclimate.commands import COMMANDS

ADAPT = "adapt rna-uda --data t.csv --source a --target b --out run"
COMPARE = "compare --recipes source-only --data t.csv --shift a:b --out grid"
CORRUPT = "data corrupt t.csv --domain a --out out.csv --corrupt image=blur"
EVALUATE = "evaluate run --data t.csv"
HUGE = "1" + 30 * "0"


@pytest.mark.parametrize(
    ("command", "option", "value", "rule"),
    [
        (ADAPT, "--seed", "-1", "at least 0, but got -1"),
        (ADAPT, "--seed", HUGE, f"at most {2**63 - 1}, but got {HUGE}"),
        (ADAPT, "--seed", 5000 * "9", f"at most {2**63 - 1}, but got a number of 5000 digits"),
        (ADAPT, "--seed", "1.5", "a whole number, but got '1.5'"),
        (ADAPT, "--seed", "²", "a whole number, but got '²'"),
        (ADAPT, "--workers", "-1", "at least 0, but got -1"),
        (ADAPT, "--workers", "1000000", "at most 1024, but got 1000000"),
        (ADAPT, "--checkpoint-every", "-3", "positive, but got -3"),
        (ADAPT, "--checkpoint-every", "0", "positive, but got 0"),
        (ADAPT, "--cache-size", "nan", "a number, but got 'nan'"),
        (ADAPT, "--cache-size", "inf", "a number, but got 'inf'"),
        (ADAPT, "--cache-size", "-1", "at least "),
        (COMPARE, "--seeds", "0", "positive, but got 0"),
        (COMPARE, "--seeds", HUGE, "at most 100000, but got "),
        (COMPARE, "--processes", "-2", "positive, but got -2"),
        (COMPARE, "--threads", "99999", "at most 1024, but got 99999"),
        (COMPARE, "--trials", "0", "positive, but got 0"),
        (COMPARE, "--search-seed", "-1", "at least 0, but got -1"),
        (COMPARE, "--gpus", "nan", "a number, but got 'nan'"),
        (COMPARE, "--gpus", "-1", "at least 0.0, but got -1.0"),
        (CORRUPT, "--seed", "-1", "at least 0, but got -1"),
        (CORRUPT, "--split_seed", "-1", "at least 0, but got -1"),
        (EVALUATE, "--seed", "-1", "at least 0, but got -1"),
        (EVALUATE, "--batch-size", "0", "positive, but got 0"),
        (EVALUATE, "--threads", "-1", "positive, but got -1"),
        (EVALUATE, "--confidence", "nan", "a number, but got 'nan'"),
        (EVALUATE, "--confidence", "2", "above 0 and below 1, but got 2.0"),
        (EVALUATE, "--confidence", "1", "above 0 and below 1, but got 1.0"),
        (EVALUATE, "--confidence", "0", "above 0 and below 1, but got 0.0"),
        ("export run", "--rows", "-1", "positive, but got -1"),
        ("export run", "--calibration-rows", "0", "positive, but got 0"),
        ("export run", "--minimum-agreement", "nan", "a number, but got 'nan'"),
        ("export run", "--maximum-accuracy-drop", "-0.1", "at least 0.0, but got -0.1"),
        ("export run", "--triton-max-batch-size", "0", "positive, but got 0"),
        ("serve artefact", "--port", "-1", "positive, but got -1"),
        ("serve artefact", "--port", "65536", "at most 65535, but got 65536"),
        ("serve artefact", "--workers", "-1", "positive, but got -1"),
        ("serve artefact", "--threads", "0", "positive, but got 0"),
        ("serve artefact", "--max-rows", "0", "positive, but got 0"),
        ("serve artefact", "--max-megabytes", "-5", "positive, but got -5"),
        ("zoo reproduce rna-uda.wrist", "--threads", "0", "positive, but got 0"),
        ("demo", "--seeds", "-1", "at least 0, but got -1"),
        ("demo", "--seeds", "0,²", "a whole number, but got '²'"),
    ],
)
def test_a_number_beyond_its_bounds_is_refused(
    command: str, option: str, value: str, rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = command.split(maxsplit=1)[0]
    assert main([*command.split(), option, value]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"acclimate {name}: {option} must be {rule}")


def test_no_command_reads_a_number_without_bounds() -> None:
    """`type=int` takes what is negative, and `type=float` what is no number."""
    folders = {Path(str(import_module(command.module).__file__)).parent for command in COMMANDS.values()}
    found = [
        path.name
        for folder in folders
        for path in sorted(folder.glob("*.py"))
        if any(f"type={kind}," in path.read_text(encoding="utf-8") for kind in ("int", "float"))
    ]
    assert not found
