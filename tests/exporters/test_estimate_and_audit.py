"""`acclimate estimate` and `acclimate audit` on artefacts and runs: what they print, write and refuse."""

import csv
import json
import shutil
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from acclimate.framework.errors import DataError, RunError
from acclimate.framework.estimation.audit_design import AuditDesign
from acclimate.framework.estimation.audit_files import AuditPlan, read_answers
from bits import assert_same_bits

from acclimate.__main__ import main

KEPT: Final = Path(__file__).parents[1] / "kept"
ARTEFACT: Final = str(KEPT / "artefacts" / "mask")
ROWS: Final = ["--data", str(KEPT / "table.csv"), "--source", "here", "--target", "there"]


def test_an_estimate_of_an_artefact_is_printed_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    others = [str(KEPT / "artefacts" / form) for form in ("branch", "split")]
    assert main(["estimate", ARTEFACT, *ROWS, "--among", *others, "--json", str(tmp_path / "found.json")]) == 0
    out = capsys.readouterr().out
    assert "label: estimated accuracy" in out
    assert "on 12 rows (" in out
    assert "whether adapting helped cannot be told" in out
    assert "DOUBT: the target has 12 rows" in out
    (found,) = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))["tasks"]
    assert list(found["among"]) == ["branch", "split"]
    assert found["gains"]["branch"]["difference"] == pytest.approx(0)
    assert set(found["subsets"]) == {"motion+sound", "motion", "sound"}
    assert sum(found["class_prior"].values()) == pytest.approx(1)


def test_labels_of_the_target_are_not_read_by_the_command(tmp_path: Path) -> None:
    shutil.copy(KEPT / "features.npz", tmp_path)
    lines = (KEPT / "table.csv").read_text(encoding="utf-8").splitlines()
    results = []
    for name in ("as it is", "nobody knows"):
        rows = [line.split(",") for line in lines]
        for row in rows:
            if row[1] == "there" and name != "as it is":
                row[3] = name
        (tmp_path / "table.csv").write_text("\n".join(",".join(row) for row in rows) + "\n", encoding="utf-8")
        options = ["--data", str(tmp_path / "table.csv"), *ROWS[2:], "--json", str(tmp_path / "found.json")]
        assert main(["estimate", ARTEFACT, *options]) == 0
        results.append((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert results[0] == results[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ROWS[:4], "does not say what it was trained on: give --target"),
        ([*ROWS, "--split", "later"], "split of 'there' must be one of"),
        ([*ROWS, "--json", "found.txt"], "--json"),
    ],
)
def test_an_estimate_says_in_a_line_what_is_wrong(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["estimate", ARTEFACT, *options]) == 2
    assert message in capsys.readouterr().err


def fill(questions: Path, labels: dict[str, str]) -> None:
    with questions.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with questions.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "label": labels.get(row["id"], "")} for row in rows)


def test_an_audit_asks_for_labels_and_takes_them_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "model"
    shutil.copytree(ARTEFACT, folder)
    other = str(KEPT / "artefacts" / "branch")
    assert main(["audit", str(folder), *ROWS, "--among", other, "--labels", "10"]) == 0
    out = capsys.readouterr().out
    questions = folder / "audit" / "questions.csv"
    assert f"10 of 12 rows to label: {questions}" in out
    assert main(["audit", str(folder), "--answers", str(questions)]) == 2
    assert "label must be one of cut, stir, wash, but got none" in capsys.readouterr().err
    with (KEPT / "table.csv").open(newline="", encoding="utf-8") as file:
        labels = {row["id"]: row["label"] for row in csv.DictReader(file)}
    fill(questions, labels)
    assert main(["audit", str(folder), "--answers", str(questions), "--pick"]) == 0
    out = capsys.readouterr().out
    assert "audited by 10 labels" in out
    assert "picked: model, as no other is surely better" in out
    found = json.loads((folder / "audit" / "audited.json").read_text(encoding="utf-8"))["tasks"]["label"]
    assert found["candidates"]["branch"]["gain"]["value"] == pytest.approx(0)
    # Labels that took work are not written over.
    assert main(["audit", str(folder), *ROWS, "--labels", "10"]) == 2
    assert "is there already, perhaps with labels" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "either --labels N draws rows, or --answers FILE brings their labels"),
        (["--labels", "30", "--pick"], "--pick chooses by labels"),
        (["--labels", "3"], "--labels must be"),
        (["--answers", "answers.csv"], "no audit was begun"),
    ],
)
def test_an_audit_says_in_a_line_what_is_wrong(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", str(tmp_path), *options]) == 2
    assert message in capsys.readouterr().err


def plan() -> AuditPlan:
    design = AuditDesign(np.arange(2), np.array([False, True]), (5, 3))
    votes = {"digit": {"one": np.array([0, 1]), "other": np.array([0, 0])}}
    return AuditPlan("here", ("first", "second"), design, {"digit": ("a", "b")}, votes, "one")


def test_a_plan_is_kept(tmp_path: Path) -> None:
    plan().write(tmp_path / "plan.json")
    found = AuditPlan.read(tmp_path / "plan.json")
    assert (found.ids, found.reference, found.design.sizes) == (("first", "second"), "one", (5, 3))
    assert found.design.chances == pytest.approx([1 / 5, 1 / 3])
    assert_same_bits(found.votes["digit"]["one"], [0, 1])
    (tmp_path / "plan.json").write_text("{}", encoding="utf-8")
    with pytest.raises(RunError, match="is damaged"):
        AuditPlan.read(tmp_path / "plan.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,label.digit\nfirst,a\n", "row 'second' is not there"),
        ("id,label.digit\nfirst,a\nsecond,b\nthird,a\n", "3 rows stand there"),
        ("id,label.digit\nfirst,a\nsecond,c\n", "row 'second': label.digit must be one of a, b, but got 'c'"),
    ],
)
def test_answers_that_are_not_all_there_are_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_answers(tmp_path / "answers.csv", plan())


def test_answers_may_come_in_another_order(tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_text("note,label.digit,id\nsure,b,second\n,a ,first\n", encoding="utf-8")
    assert_same_bits(read_answers(tmp_path / "answers.csv", plan())["digit"], [0, 1])
