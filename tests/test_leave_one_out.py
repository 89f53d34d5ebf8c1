"""`benchmarks/leave_one_out.py` scores encoders on what was left out of the source."""

from pathlib import Path

import pytest
from acclimate.framework.data import read_table
from grid.grids import write_labelled_table
from leave_one_out import describe, leave_one_out, open_recipe


@pytest.mark.benchmark
def test_a_domain_is_scored_that_no_training_saw(tmp_path: Path) -> None:
    table = read_table(write_labelled_table(tmp_path)).select(None, "train")
    encoders = ["default", "acclimate.framework.encoders.MLP"]
    scores = leave_one_out(table, "domain", encoders, kind="features", epochs=1)
    assert list(scores) == encoders
    assert list(scores["default"]) == ["here", "there"]
    assert all(0 <= score <= 1 for score in scores["default"].values())
    # The same encoder by another name, from the same seed.
    assert scores["acclimate.framework.encoders.MLP"] == pytest.approx(scores["default"])


def test_leads_are_over_the_first_encoder_with_their_error() -> None:
    lines = describe({"default": {"a": 0.5, "b": 0.7}, "statistics": {"a": 0.7, "b": 0.7}}).splitlines()
    assert lines[0] == "default: 0.600, lead +0.000 (standard error 0.000)"
    assert lines[1] == "statistics: 0.700, lead +0.100 (standard error 0.100)"


def test_an_encoder_is_a_name_or_a_class_path() -> None:
    encoders = open_recipe("statistics", "signal", 2).model.encoders
    assert encoders["signal"].class_path == "acclimate.framework.encoders.StatisticsMLP"
    assert open_recipe("default", "signal", 2).model.encoders == {}
    assert open_recipe("mine.Encoder", "sound", 2).model.encoders["sound"].class_path == "mine.Encoder"
