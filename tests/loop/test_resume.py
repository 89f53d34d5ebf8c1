"""Broken runs go on to the same bits: what a checkpoint must hold for that, and what it must fit."""

import math
import shutil
from pathlib import Path

import pytest
import torch
from acclimate.framework import Recipe, RunError
from acclimate.framework.data import Table
from bits import assert_same_bits

from .small import (
    Interrupted,
    Interrupting,
    assert_same_runs,
    assert_same_tensors,
    checkpoint,
    class_spec,
    make_recipe,
    run,
    weights,
)

COSINE = {"decay": "cosine", "warmup": 0.2}
RECIPES: dict[str, Recipe] = {
    "momentum": make_recipe(
        training__optimizer={"class_path": "torch.optim.SGD", "init_args": {"lr": 0.1, "momentum": 0.9}},
        training__learning_rate=COSINE,
        training__parameter_groups={"model.heads.*": {"lr": 0.01}, "*.bias": {"weight_decay": 0.1, "momentum": 0.0}},
    ),
    "noise": make_recipe(
        model__encoders={"features": class_spec(".NoisyEncoder")},
        aligners={"classification": class_spec("Supervised"), "domain": class_spec("DomainAdversarial", hidden=4)},
        selector=class_spec("FusedArgmax"),
        training__modality_dropout=0.3,
        training__learning_rate=COSINE,
        training__gradient_clip=1.0,
        selection={"score": "modality_agreement", "tolerance": 1.0},
    ),
    "stages": make_recipe(
        model__encoders={"audio": class_spec(".NoisyEncoder")},
        stages=[
            {"name": "source", "epochs": 1, "target": False, "updates": [{"parameters": ["model.*"]}]},
            {"name": "both", "epochs": 1, "rounds": 2},
        ],
    ),
}


@pytest.fixture(scope="module", params=RECIPES)
def unbroken(request: pytest.FixtureRequest, table: Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run, in a folder that bears the recipe's name."""
    out: Path = tmp_path_factory.mktemp("whole") / request.param
    run(table, RECIPES[request.param], out, checkpoint_every=2)
    return out


# The target has 3 batches, the source 6: breaks fall into each pass over the target, and behind each checkpoint.
@pytest.mark.parametrize("stops", [[0], [1, 1], [2, 2, 3], [5], [6, 4], [9, 0, 0, 1]], ids=str)
def test_a_broken_run_goes_on_to_the_same_end(stops: list[int], unbroken: Path, table: Table, tmp_path: Path) -> None:
    for stop in stops:
        with pytest.raises(Interrupted):
            run(
                table,
                RECIPES[unbroken.name],
                tmp_path / "run",
                checkpoint_every=2,
                resume=True,
                display=Interrupting(stop),
            )
    adapted = run(table, RECIPES[unbroken.name], tmp_path / "run", checkpoint_every=2, resume=True)
    assert_same_runs(unbroken, tmp_path / "run")
    assert_same_tensors(dict(adapted.method.state_dict()), weights(unbroken, "best"))


@pytest.mark.parametrize("shares", [[0.5], [0.01, 0.4, 0.4]], ids=str)
def test_a_paused_run_goes_on_to_the_same_end(
    shares: list[float], unbroken: Path, table: Table, tmp_path: Path
) -> None:
    for share in shares:
        paused = run(table, RECIPES[unbroken.name], tmp_path / "run", checkpoint_every=2, resume=True, pause_at=share)
        assert not paused.finished
    whole = len(checkpoint(unbroken).state["progress"]["history"])
    assert len(paused.history) == max(1, math.ceil(shares[-1] * whole))
    adapted = run(table, RECIPES[unbroken.name], tmp_path / "run", checkpoint_every=2, resume=True)
    assert adapted.finished
    assert_same_runs(unbroken, tmp_path / "run")
    assert_same_tensors(dict(adapted.method.state_dict()), weights(unbroken, "best"))


def test_a_stage_in_steps_pauses_at_the_end_of_a_pass(table: Table, tmp_path: Path) -> None:
    stages = [{"name": "source", "epochs": 1, "target": False}, {"name": "both", "steps": 8}]
    recipe = make_recipe(stages=stages)
    paused = run(table, recipe, tmp_path / "run", pause_at=0.5)
    assert (paused.finished, checkpoint(tmp_path / "run").state["progress"]["step"]) == (False, 0)
    whole = run(table, recipe, tmp_path / "run", resume=True)
    assert whole.finished
    assert len(whole.history) > len(paused.history)
    run(table, recipe, tmp_path / "unbroken")
    assert_same_runs(tmp_path / "unbroken", tmp_path / "run")


def test_the_runs_above_would_differ_without_what_is_restored(unbroken: Path, table: Table, tmp_path: Path) -> None:
    """Dropping a part of the checkpoint changes the end, so the test above could have failed."""
    recipe = RECIPES[unbroken.name]
    with pytest.raises(Interrupted):
        run(table, recipe, tmp_path / "run", checkpoint_every=2, display=Interrupting(8))
    saved = checkpoint(tmp_path / "run")
    assert saved.under("optimizer.") or unbroken.name == "momentum"
    assert saved.under("random.0.").keys() == {"generator", "torch"}
    assert saved.state["progress"]["step"] == 2
    assert saved.state["progress"]["epoch"] == 1


def test_how_often_checkpoints_are_written_changes_nothing(table: Table, tmp_path: Path) -> None:
    run(table, RECIPES["noise"], tmp_path / "often", checkpoint_every=1)
    run(table, RECIPES["noise"], tmp_path / "seldom")
    assert_same_runs(tmp_path / "often", tmp_path / "seldom")


def test_a_run_that_has_ended_gives_the_same_once_more(unbroken: Path, table: Table, tmp_path: Path) -> None:
    shutil.copytree(unbroken, tmp_path / "run")
    adapted = run(table, RECIPES[unbroken.name], tmp_path / "run", checkpoint_every=2, resume=True)
    assert_same_runs(unbroken, tmp_path / "run")
    assert_same_tensors(dict(adapted.method.state_dict()), weights(unbroken, "best"))
    assert len(adapted.history) == len(checkpoint(unbroken).state["progress"]["history"])


def start(table: Table, out: Path) -> None:
    with pytest.raises(Interrupted):
        run(table, RECIPES["noise"], out, checkpoint_every=2, display=Interrupting(8))


def test_a_run_is_not_overwritten(table: Table, tmp_path: Path) -> None:
    start(table, tmp_path / "run")
    with pytest.raises(RunError, match="already holds a run"):
        run(table, RECIPES["noise"], tmp_path / "run")


def test_another_seed_or_recipe_is_refused(table: Table, tmp_path: Path) -> None:
    start(table, tmp_path / "run")
    with pytest.raises(RunError, match="was started with seed: 0, but is to be resumed with 1"):
        run(table, RECIPES["noise"], tmp_path / "run", resume=True, seed=1)
    with pytest.raises(RunError, match=r"was started with recipe\."):
        run(table, RECIPES["momentum"], tmp_path / "run", resume=True)


@pytest.mark.parametrize("name", ["last", "best"])
def test_a_damaged_checkpoint_is_one_line(name: str, table: Table, tmp_path: Path) -> None:
    start(table, tmp_path / "run")
    path = tmp_path / "run" / "checkpoints" / f"{name}.safetensors"
    path.write_bytes(path.read_bytes()[:-20])
    recipe = RECIPES["noise"]
    if name == "best":
        # It is looked at in the end only, where a better one may have taken its place.
        shutil.copy(path, tmp_path / "damaged")
        run(table, recipe, tmp_path / "run", resume=True)
        shutil.copy(tmp_path / "damaged", path)
    with pytest.raises(
        RunError, match=rf"{name}\.safetensors is no checkpoint of acclimate, or a damaged one"
    ) as caught:
        run(table, recipe, tmp_path / "run", resume=True)
    assert "\n" not in str(caught.value)


def test_a_checkpoint_of_another_model_is_one_line(table: Table, tmp_path: Path) -> None:
    start(table, tmp_path / "run")
    run(table, RECIPES["momentum"], tmp_path / "other")
    shutil.copy(tmp_path / "other" / "checkpoints" / "last.safetensors", tmp_path / "run" / "checkpoints")
    with pytest.raises(RunError, match=r"last checkpoint: weight '.*' is"):
        run(table, RECIPES["noise"], tmp_path / "run", resume=True)


def test_metrics_that_were_written_after_the_checkpoint_are_cut_off(table: Table, tmp_path: Path) -> None:
    start(table, tmp_path / "run")
    with (tmp_path / "run" / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "step", "step": 1000}\n{"kind"')
    run(table, RECIPES["noise"], tmp_path / "run", checkpoint_every=2, resume=True)
    run(table, RECIPES["noise"], tmp_path / "whole", checkpoint_every=2)
    assert_same_runs(tmp_path / "run", tmp_path / "whole")


def test_torchs_generator_is_the_runs_own_after_a_break_too(table: Table, tmp_path: Path) -> None:
    start(table, tmp_path / "run")
    before = torch.get_rng_state()
    run(table, RECIPES["noise"], tmp_path / "run", resume=True)
    assert_same_bits(torch.get_rng_state(), before)
