"""ADDA's two stages: the target's encoder begins as the source's has been trained (change 8)."""

from pathlib import Path

import pytest
import torch
from acclimate.framework import Recipe, RecipeError, Table, read_table
from bits import same_bits
from loop.small import Interrupted, Interrupting, assert_same_runs, class_spec, make_recipe, run, weights, write_table

HAND_OVER = {"weights": "model.encoders.*.source.*", "to": "model.encoders.*.target.*"}
FIRST = {"name": "source", "epochs": 1, "target": False}


def train_encoders(*stages: dict[str, object], target_features: int = 5) -> Recipe:
    init_args = {"target_features": target_features}
    return make_recipe(
        model__encoders={"features": {"class_path": "uses.encoder_by_side.EncoderBySide", "init_args": init_args}},
        aligners={"classification": class_spec("Supervised"), "information": class_spec("InformationMaximisation")},
        stages=[FIRST, *stages],
    )


def second_stage(copies: dict[str, str] = HAND_OVER, *, moves: str = "*", rounds: int = 1) -> dict[str, object]:
    updates = [{"parameters": [moves]}]
    return {"name": "target", "epochs": 2, "rounds": rounds, "copies": [copies], "updates": updates}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """A small table of vectors."""
    return read_table(write_table(tmp_path_factory.mktemp("table")))


def encoders(out: Path, side: str) -> list[torch.Tensor]:
    return [value for name, value in sorted(weights(out).items()) if f".{side}." in name]


@pytest.mark.parametrize("rounds", [1, 2])
def test_they_are_copied_once(table: Table, tmp_path: Path, rounds: int) -> None:
    run(table, train_encoders(), tmp_path / "first")
    both = train_encoders(second_stage(moves="model.encoders.*.source.*", rounds=rounds))
    run(table, both, tmp_path / "both")
    handed_over = encoders(tmp_path / "first", "source")
    assert len(handed_over) == 4
    target, source = encoders(tmp_path / "both", "target"), encoders(tmp_path / "both", "source")
    assert all(same_bits(*pair) for pair in zip(target, handed_over, strict=True))
    assert not any(same_bits(*pair) for pair in zip(source, handed_over, strict=True))


@pytest.mark.parametrize("stop", [3, 8, 14])
def test_a_broken_run_goes_on_to_the_same_bits(table: Table, tmp_path: Path, stop: int) -> None:
    """Before the copy, and in either epoch behind it."""
    recipe = train_encoders(second_stage())
    run(table, recipe, tmp_path / "whole")
    with pytest.raises(Interrupted):
        run(table, recipe, tmp_path / "broken", display=Interrupting(stop), checkpoint_every=1)
    run(table, recipe, tmp_path / "broken", resume=True, checkpoint_every=1)
    assert_same_runs(tmp_path / "broken", tmp_path / "whole")


@pytest.mark.parametrize(
    ("weights", "to", "target_features", "message"),
    [
        ("model.*.sauce.*", "model.*.target.*", 5, r"no weight is called 'model\.\*\.sauce\.\*'; there are model"),
        ("*.source.bias", "*.tarred.bias", 5, r"copied to 'model.*\.tarred\.bias', which is not there"),
        ("*.source.bias", "*.target.bias", 4, r"audio\.source\.bias is of shape \(5,\) but .*target\.bias of \(4,\)"),
        ("*.source.*", "target.*", 5, r"'target\.\*' must have as many \* as '\*\.source\.\*'"),
    ],
)
def test_what_cannot_be_copied_is_said_before_training(
    table: Table, tmp_path: Path, *, weights: str, to: str, target_features: int, message: str
) -> None:
    recipe = train_encoders(second_stage({"weights": weights, "to": to}), target_features=target_features)
    with pytest.raises(RecipeError, match=f"small: stage 'target': copies: .*{message}"):
        run(table, recipe, tmp_path / "run")


def test_settings_of_earlier_runs_stay_equal() -> None:
    first, second = train_encoders(second_stage()).to_config()["stages"]
    assert "copies" not in first
    assert list(second["copies"]) == [HAND_OVER]
