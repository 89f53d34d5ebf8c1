"""How far modalities moved: the interval holds the value, words follow it, and the command says both."""

import json
from pathlib import Path

import pytest
import torch
from acclimate.framework import Batch, Outputs, Side
from acclimate.framework.evaluation.intervals import Confidence, Interval
from acclimate.framework.experiments.domain_shift import ModalityShift, measure_shifts
from acclimate.framework.measures.separability import modality_shifts
from torch import Tensor

from acclimate.__main__ import main

from .small import write_table


def make_side(features: dict[str, Tensor], present: Tensor | None = None) -> Side:
    rows = len(next(iter(features.values())))
    batch = Batch(
        {name: torch.zeros(rows, 0) for name in features},
        torch.ones(rows, len(features), dtype=torch.bool) if present is None else present,
        torch.zeros(rows, dtype=torch.int64),
        torch.arange(rows),
        tuple(map(str, range(rows))),
    )
    return Side(batch, Outputs(features, {}, {}))


def draw(rows: int, shift: float, seed: int) -> Tensor:
    return torch.randn(rows, 4, generator=torch.Generator().manual_seed(seed)).double() + shift


SOURCE = {"phone": draw(200, 0.0, 1), "watch": draw(200, 0.0, 2)}
TARGET = {"phone": draw(150, 1.0, 3), "watch": draw(150, 0.0, 4)}


def test_the_values_are_those_of_the_measure_and_lie_in_their_intervals() -> None:
    found = measure_shifts(make_side(SOURCE), make_side(TARGET))
    expected = modality_shifts(SOURCE, TARGET)
    assert [shift.modality for shift in found] == list(expected) == ["watch", "phone"]
    assert [shift.value for shift in found] == pytest.approx([*expected.values()])
    assert all(shift.interval.low <= shift.value <= shift.interval.high for shift in found)
    assert [shift.words for shift in found] == ["stayed", "moved"]


def test_the_interval_is_about_as_wide_as_new_rows_would_make_it() -> None:
    (shift,) = measure_shifts(make_side({"a": draw(200, 0.0, 1)}), make_side({"a": draw(200, 1.0, 2)}))
    values = [
        modality_shifts({"a": draw(200, 0.0, seed)}, {"a": draw(200, 1.0, seed + 500)})["a"] for seed in range(60)
    ]
    width = torch.tensor(values).quantile(0.975) - torch.tensor(values).quantile(0.025)
    assert (shift.interval.high - shift.interval.low) / width.item() == pytest.approx(1.0, abs=0.45)


def test_rows_of_a_group_are_drawn_together_and_absent_ones_do_not_count() -> None:
    present = torch.ones(150, 2, dtype=torch.bool)
    present[100:, 0] = False
    garbage = {**TARGET, "phone": TARGET["phone"].clone().index_fill(0, torch.arange(100, 150), torch.nan)}
    groups = [f"speaker {row // 50}" for row in range(200)], [None] * 150
    found = {
        shift.modality: shift
        for shift in measure_shifts(make_side(SOURCE), make_side(garbage, present), groups, Confidence(resamples=20))
    }
    expected = modality_shifts({"phone": SOURCE["phone"]}, {"phone": TARGET["phone"][:100]})
    assert found["phone"].value == pytest.approx(expected["phone"])
    assert (found["phone"].source, found["phone"].target) == (200, 100)


def test_a_modality_of_one_side_only_comes_last() -> None:
    present = torch.tensor([[False, True]]).repeat(150, 1)
    *_, last = measure_shifts(make_side(SOURCE), make_side(TARGET, present))
    assert (last.modality, last.words) == ("phone", "on one side only")


@pytest.mark.parametrize(
    ("value", "words"), [(-0.1, "stayed"), (0.2, "moved a little"), (0.5, "moved"), (0.9, "moved far")]
)
def test_words(value: float, words: str) -> None:
    assert ModalityShift("m", value, Interval(value, value), 1, 1).words == words


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, out = str(write_table(tmp_path)), tmp_path / "shift.json"
    encoders = 'model.encoders={"features": {"class_path": "acclimate.framework.encoders.MLP"}}'
    arguments = ["data", "shift", table, "--source", "here", "--target", "there", "--set", encoders, "--out", str(out)]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    stored = json.loads(out.read_text(encoding="utf-8"))
    assert {row["modality"] for row in stored} == {"audio", "video"}
    assert all(f"{row['modality']}: {row['shift']:.3f}" in printed for row in stored)
    assert main(arguments[:5]) == 2
    assert "--target must name a domain of the table" in capsys.readouterr().err
