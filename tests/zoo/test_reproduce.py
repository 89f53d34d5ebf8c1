"""A checkpoint is trained again to the same bits, and one that comes out otherwise is told from its card."""

import json
import shutil
from pathlib import Path

import attrs
import pytest
from acclimate.framework.data import read_table, write_table
from acclimate.framework.errors import AcclimateError
from acclimate.framework.report.finished_run import read_run
from acclimate.framework.training.display import Display
from acclimate.framework.training.monitor import Record
from acclimate.zoo.adapted_model import AdaptedModel
from acclimate.zoo.metrics import Score
from acclimate.zoo.runs.from_run import make_checkpoint
from acclimate.zoo.runs.numbers import Number
from acclimate.zoo.runs.reproduction import ReproducedNumber, Reproduction, reproduce
from acclimate.zoo.runs.seeds import find_cells
from grid.grids import InThisProcess, make_cells, write_labelled_table, write_recipe
from loop.small import class_spec

from acclimate.__main__ import main

# Each trains models of its own, whose graphs no other test has.
pytestmark = pytest.mark.usefixtures("exports")

NAME = "selfmade.labelled"
OWN = {
    "aligners": {"classification": class_spec("Supervised"), "own": class_spec(".Spy")},
    "selector": None,
    "selection": {"score": "modality_agreement", "tolerance": 1.0},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds the table `labelled.csv`, and a grid of one recipe with two seeds."""
    path = tmp_path_factory.mktemp("reproduced")
    write_labelled_table(path)
    write_recipe(path, "adapting")
    executor = InThisProcess()
    for cell in make_cells(path, ("adapting",), seeds=(0, 1)):
        executor.submit(cell, path / "grid")
    assert all(outcome.error is None for outcome in executor.outcomes())
    return path


@pytest.fixture(scope="module")
def published(folder: Path) -> AdaptedModel:
    cells = find_cells(folder / "grid", "labelled", None, "adapting")
    run = read_run(cells.folders[0] / "run")
    return make_checkpoint(run, name=NAME, licence="Apache-2.0", data_licence="CC0-1.0", cells=cells)


@pytest.fixture(scope="module")
def saved(published: AdaptedModel, folder: Path) -> Path:
    return published.save_pretrained(folder / "saved" / NAME).path


@pytest.fixture(scope="module")
def again(published: AdaptedModel, folder: Path) -> Reproduction:
    return reproduce(published, folder / "again", data=str(folder / "labelled.csv"))


def test_the_same_machine_gives_the_same_bits(again: Reproduction) -> None:
    assert again.differing_weights == ()
    assert again.differences == ()
    assert again.is_within
    assert not any(row.difference for row in again.numbers.values())
    assert {number.modalities for number in again.numbers} == {"all", "audio", "video"}


def test_the_command_prints_card_and_now(saved: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["zoo", "reproduce", str(saved), "--data", str(folder / "labelled.csv")]
    assert main([*arguments, "--out", str(folder / "again")]) == 0
    said = capsys.readouterr().out
    assert "the weights are bit-equal" in said
    assert "fused, on source and target: within two standard deviations of the card" in said
    card = json.loads((saved / "metrics.json").read_text())["tasks"]["label"]["target"]["fused"]
    row = next(line for line in said.splitlines() if "target" in line and "fused" in line and "of" not in line)
    assert f"{card['value']:.3f}" in row
    assert "+0.000" in row


def test_a_killed_one_goes_on(published: AdaptedModel, folder: Path, tmp_path: Path) -> None:
    class Killed(Display):
        def epoch(self, record: Record) -> None:
            if record.epoch == 1:
                raise KeyboardInterrupt

    table = str(folder / "labelled.csv")
    with pytest.raises(KeyboardInterrupt):
        reproduce(published, tmp_path / "run", data=table, display=Killed())
    epochs = (tmp_path / "run" / "metrics.jsonl").read_text().count('"kind": "epoch"')
    assert epochs == 2
    assert reproduce(published, tmp_path / "run", data=table).differing_weights == ()


def test_it_says_what_is_not_as_it_was(published: AdaptedModel, folder: Path, tmp_path: Path) -> None:
    before = published.config.machine
    machine = attrs.evolve(before, processor="another", packages={**before.packages, "torch": "2.0.0", "timm": "0"})
    other = attrs.evolve(published, config=attrs.evolve(published.config, machine=machine))
    threads = before.threads + 1
    found = reproduce(other, tmp_path / "run", data=str(folder / "labelled.csv"), threads=threads)
    assert [text.partition(":")[0] for text in found.differences] == ["processor", "threads", "timm", "torch"]
    assert found.differences[1] == f"threads: {before.threads}, now {threads}"


def test_other_data_is_noticed(published: AdaptedModel, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "data", ignore=shutil.ignore_patterns("grid", "saved", "again"))
    table = read_table(tmp_path / "data" / "labelled.csv")
    first = table.rows[0]
    cells = {**first.cells, "audio": table.rows[1].cells["audio"]}
    write_table(table.with_rows([attrs.evolve(first, cells=cells), *table.rows[1:]]), tmp_path / "data" / "other.csv")
    found = reproduce(published, tmp_path / "run", data=str(tmp_path / "data" / "other.csv"))
    assert found.differing_weights
    assert len(found.differences) == 1
    assert found.differences[0].startswith("data: digest ")


def far_off(score: Score) -> Score:
    return attrs.evolve(score, value=score.value + 9.0, mean=score.mean + 9.0)


def test_the_exit_code_tells_scores_that_are_far_off(
    published: AdaptedModel, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = published.metrics.tasks["label"]
    wrong = attrs.evolve(task, target={**task.target, "fused": far_off(task.target["fused"])})
    metrics = attrs.evolve(published.metrics, tasks={"label": wrong})
    attrs.evolve(published, metrics=metrics).save_pretrained(tmp_path / "wrong")
    arguments = ["zoo", "reproduce", str(tmp_path / "wrong"), "--data", str(folder / "labelled.csv")]
    assert main([*arguments, "--out", str(folder / "again")]) == 1
    said = capsys.readouterr().out
    assert "NOT within two standard deviations" in said
    assert "the weights are bit-equal" in said


@pytest.mark.parametrize(
    ("card", "now", "within"),
    [
        (Score(0.5, 0.6, 0.1, 5), 0.79, True),
        (Score(0.5, 0.6, 0.1, 5), 0.41, True),
        (Score(0.5, 0.6, 0.1, 5), 0.81, False),
        (Score(0.1, 0.6, 0.1, 5), 0.1, True),  # the card's own number, far from the mean
        (Score(0.5, 0.5, None, 1), 0.5, True),
        (Score(0.5, 0.5, None, 1), 0.51, None),
        (Score(0.5, 0.6, 0.1, 5), None, False),
    ],
)
def test_two_standard_deviations_from_the_mean_of_all_seeds(
    card: Score, now: float | None, *, within: bool | None
) -> None:
    comparison, equal, wrong = (
        ReproducedNumber(card, now),
        ReproducedNumber(card, card.value),
        ReproducedNumber(card, 99.0),
    )
    assert comparison.is_within is within
    single = {Number("label", "source", "audio"): wrong}  # does not decide
    for numbers in (
        {Number("label", "source"): comparison, Number("label", "target"): equal, **single},
        {Number("label", "source"): equal, Number("label", "target"): comparison, **single},
    ):
        assert Reproduction(Path(), numbers, (), (), 0.0).is_within is (within is True)


def test_classes_of_ones_own_must_be_trusted(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_recipe(tmp_path, "own", **OWN)
    data = ["--data", str(folder / "labelled.csv"), "--source", "here", "--target", "there", "--device", "cpu"]
    assert main(["adapt", str(tmp_path / "own.yaml"), *data, "--reference", "none", "--out", str(tmp_path / "r")]) == 0
    licences = ["--licence", "MIT", "--data-licence", "MIT", "--to", str(tmp_path / "mirror"), "--name", "own.rooms"]
    capsys.readouterr()
    assert main(["zoo", "publish", str(tmp_path / "r"), *licences]) == 2
    assert "must begin with one of" in capsys.readouterr().err
    assert main(["zoo", "publish", str(tmp_path / "r"), *licences, "--trust", "loop."]) == 0
    capsys.readouterr()
    reproduction = ["zoo", "reproduce", str(tmp_path / "mirror" / "own.rooms"), *data[:2]]
    assert main(reproduction) == 2
    assert "must begin with one of" in capsys.readouterr().err
    assert main([*reproduction, "--trust", "loop."]) == 0


@pytest.mark.parametrize(
    ("data", "message"),
    [("labelled", "no built-in data set: give its table"), ("spsw-har", "ACCLIMATE_DATA")],
)
def test_missing_data_is_one_line(
    data: str, message: str, published: AdaptedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCLIMATE_DATA", str(tmp_path / "nothing"))
    trained_on = attrs.evolve(published.config.trained_on, data=data)
    elsewhere = attrs.evolve(published, config=attrs.evolve(published.config, trained_on=trained_on))
    with pytest.raises(AcclimateError, match=message) as raised:
        reproduce(elsewhere, tmp_path / "run")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "run").exists()
