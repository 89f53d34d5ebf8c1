"""The loop: what an epoch is, what target and progress are, and runs that cannot go on."""

import json
import math
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import attrs
import pytest
import torch
from accelerate import Accelerator
from acclimate.framework import Adapted, Builder, Recipe, RecipeError, RunError, adapt, read_recipe
from acclimate.framework.data import Table, read_table
from acclimate.framework.runs.run_folder import RunFolder
from acclimate.framework.training.loop import LOG_EVERY
from bits import assert_same_bits, same_bits
from torch import nn

from .parts import Spy, SpySelector
from .small import (
    SOURCE,
    TARGET,
    assert_same_runs,
    assert_same_tensors,
    class_spec,
    make_experiment,
    make_recipe,
    metrics,
    prepare,
    run,
    weights,
    write_table,
)

SGD = {"class_path": "torch.optim.SGD", "init_args": {"lr": 0.1}}


def spied(**changes: object) -> Recipe:
    aligners = {"classification": class_spec("Supervised"), "spy": class_spec(".Spy")}
    return make_recipe(aligners=aligners, selector=class_spec(".SpySelector"), **changes)


def spy_of(adapted: Adapted) -> Spy:
    spy = adapted.method.aligners["spy"]
    assert isinstance(spy, Spy)
    return spy


def test_an_epoch_is_one_pass_over_the_source_its_last_partial_batch_included(table: Table, tmp_path: Path) -> None:
    spy = spy_of(run(table, spied(), tmp_path / "run"))
    assert [len(ids) for ids in spy.source] == [4, 4, 4, 4, 4, 2] * 2
    first, second = spy.source[:6], spy.source[6:]
    for epoch in (first, second):
        assert len({name for ids in epoch for name in ids}) == SOURCE
    assert first != second


def test_the_shorter_side_cycles_in_a_new_order_each_time(table: Table, tmp_path: Path) -> None:
    spy = spy_of(run(table, spied(), tmp_path / "run"))
    assert [len(ids) for ids in spy.target] == [4, 4, 2] * 4
    passes = [sum(spy.target[start : start + 3], ()) for start in range(0, 12, 3)]
    assert all(len(set(one)) == TARGET for one in passes)
    assert len(set(passes)) == 4


def test_a_longer_target_is_seen_in_part_in_each_epoch_and_in_whole_over_time(tmp_path: Path) -> None:
    table = read_table(write_table(tmp_path, source=6, target=17))
    spy = spy_of(run(table, spied(stages=[{"name": "only", "epochs": 12}]), tmp_path / "run"))
    assert [len(ids) for ids in spy.target] == [4] * 24
    counts = Counter(name for ids in spy.target for name in ids)
    assert len(counts) == 17


def test_source_and_target_are_not_in_the_same_order(tmp_path: Path) -> None:
    """In tables of the same length and sorted by class, it would tell which classes the target has."""
    table = read_table(write_table(tmp_path, source=20, target=20))
    spy = spy_of(run(table, spied(training__batch_size=20, stages=[{"name": "only", "epochs": 3}]), tmp_path / "run"))
    for source, target in zip(spy.source, spy.target, strict=True):
        assert [name.rsplit("-")[-1] for name in source] != [name.rsplit("-")[-1] for name in target]


@pytest.mark.parametrize(
    "stages",
    [
        [{"name": "only", "epochs": 3}],
        [
            {"name": "first", "epochs": 1, "target": False},
            {"name": "second", "epochs": 2, "rounds": 2, "source": False},
        ],
    ],
)
def test_progress_rises_from_0_to_just_below_1(table: Table, tmp_path: Path, stages: object) -> None:
    adapted = run(table, spied(stages=stages), tmp_path / "run")
    progress = spy_of(adapted).progress
    assert progress[0] == pytest.approx(0.0)
    assert all(before < after for before, after in pairwise(progress))
    steps_of_last_epoch = 6 if len(adapted.history) == 3 else 3
    assert progress[-1] == pytest.approx(1 - 1 / (len(adapted.history) * steps_of_last_epoch))


def test_neither_method_nor_selector_sees_a_label_of_the_target(table: Table, tmp_path: Path) -> None:
    adapted = run(table, spied(stages=[{"name": "only", "epochs": 1, "rounds": 2}]), tmp_path / "run")
    selector = adapted.method.selector
    assert isinstance(selector, SpySelector)
    assert spy_of(adapted).target_labels == [None] * (2 * 6 + 2)
    # 3 batches in each study, 6 in each round, and 3 after it, for Validators.
    assert selector.target_labels == [None] * (2 * 3 + 2 * 6 + 2 * 3)


def test_wrong_labels_of_the_target_change_no_bit(tmp_path: Path) -> None:
    recipe = read_recipe(
        "rna-uda", {"training.batch_size": 4, "stages.0.epochs": 2, "selection.score": "modality_agreement"}
    )
    for name, poison in (("right", False), ("wrong", True)):
        (tmp_path / name).mkdir()
        table = read_table(write_table(tmp_path / name, poison=poison))
        run(table, recipe, tmp_path / name / "run")
    labels = [[row.labels for row in read_table(tmp_path / name / "table.csv").rows] for name in ("right", "wrong")]
    assert labels[0] != labels[1]
    assert_same_runs(tmp_path / "right" / "run", tmp_path / "wrong" / "run")


def test_the_run_is_in_its_folder(table: Table, tmp_path: Path) -> None:
    recipe = make_recipe()
    adapted = run(table, recipe, tmp_path / "run", seed=3, config={"data": {"table": "here"}})
    folder = RunFolder.open(tmp_path / "run")
    assert folder.config() == {
        "recipe": json.loads(json.dumps(recipe.to_config())),
        "seed": 3,
        "data": {"table": "here"},
    }
    assert json.loads((tmp_path / "run" / "environment.json").read_text())["seed"] == 3
    rows = list(folder.metrics())
    steps, epochs = ([row for row in rows if row["kind"] == kind] for kind in ("step", "epoch"))
    assert [row["step"] for row in steps] == [LOG_EVERY]
    assert [row["epoch"] for row in epochs] == [0, 1]
    assert [row["source_accuracy"] for row in epochs] == [record.source_score for record in adapted.history]
    assert steps[0]["losses"].keys() == {"total", "classification/source/joint"}
    assert folder.has("best")
    assert folder.has("last")


def test_the_method_that_comes_back_is_the_best_one(table: Table, tmp_path: Path) -> None:
    # Steps that are far too long: the first epoch is not the last to be best.
    recipe = make_recipe(training__optimizer={"class_path": "torch.optim.Adam", "init_args": {"lr": 0.3}})
    adapted = run(table, recipe, tmp_path / "run")
    assert_same_tensors(dict(adapted.method.state_dict()), weights(tmp_path / "run", "best"))
    assert not adapted.method.training
    assert adapted.best in adapted.history


def test_training_leaves_torchs_generator_alone(table: Table, tmp_path: Path) -> None:
    before = torch.get_rng_state()
    run(table, make_recipe(training__modality_dropout=0.5), tmp_path / "run")
    assert_same_bits(torch.get_rng_state(), before)


def test_seeds_make_runs_alike_and_different(table: Table, tmp_path: Path) -> None:
    recipe = make_recipe(training__modality_dropout=0.5)
    for name, seed in (("one", 0), ("same", 0), ("other", 1)):
        run(table, recipe, tmp_path / name, seed=seed)
    assert_same_runs(tmp_path / "one", tmp_path / "same")
    one, other = weights(tmp_path / "one"), weights(tmp_path / "other")
    assert any(not same_bits(one[name], other[name]) for name in one)


@pytest.mark.parametrize("recipe", ["source-only", "rna-dg", "rna-uda"])
def test_source_only_generalisation_and_adaptation_are_one_loop(recipe: str, table: Table, tmp_path: Path) -> None:
    adapted = run(table, read_recipe(recipe, {"stages.0.epochs": 1, "training.batch_size": 8}), tmp_path / "run")
    assert adapted.best.source_score >= 0
    # The target is looked at, without labels, whether it is trained on or not.
    assert set(adapted.best.target) == {"information_maximisation", "modality_agreement", "soft_neighbourhood_density"}


def test_a_recipe_that_needs_a_target_says_so_before_it_makes_a_folder(table: Table, tmp_path: Path) -> None:
    recipe = make_recipe()
    method, domains = prepare(table, recipe)
    with pytest.raises(RecipeError, match="small trains on a target, but no target is given"):
        adapt(method, recipe, attrs.evolve(domains, target=None), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"training__optimizer": class_spec("Nope")}, "training.optimizer: "),
        (
            {"stages": [{"name": "only", "epochs": 1, "updates": [{"parameters": ["modle.*"]}]}]},
            "small: stage 'only': updates.parameters: no trainable parameter is called 'modle.*'",
        ),
    ],
)
def test_what_cannot_be_trained_leaves_no_folder(
    changes: dict[str, object], message: str, table: Table, tmp_path: Path
) -> None:
    with pytest.raises(RecipeError, match=re.escape(message)):
        run(table, make_recipe(**changes), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_loss_that_is_not_finite_is_named_and_the_last_checkpoint_stays(table: Table, tmp_path: Path) -> None:
    aligners = {"classification": class_spec("Supervised"), "explosive": class_spec(".Explosive", at=0.7)}
    recipe = make_recipe(aligners=aligners)
    with pytest.raises(RunError, match=r"small: at step 9, in epoch 1, .*explosive/bang.*inf") as caught:
        run(table, recipe, tmp_path / "run", checkpoint_every=4)
    assert "whimper" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert all(torch.isfinite(value).all() for value in weights(tmp_path / "run").values())
    # Going on from there ends at the same place.
    with pytest.raises(RunError, match="at step 9, in epoch 1"):
        run(table, recipe, tmp_path / "run", checkpoint_every=4, resume=True)


def test_weights_that_are_not_finite_never_become_a_checkpoint(table: Table, tmp_path: Path) -> None:
    """A square root at 0 is finite and its gradient is not; it happens in the last step of an epoch."""
    aligners = {"classification": class_spec("Supervised"), "steep": class_spec(".SteepTerm", at=0.4)}
    with pytest.raises(RunError, match=r"in epoch 0, the weight model\..* is not finite"):
        run(table, make_recipe(aligners=aligners), tmp_path / "run", checkpoint_every=4)
    assert all(torch.isfinite(value).all() for value in weights(tmp_path / "run").values())


def test_batch_normalisation_of_one_row_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "table").mkdir()
    recipe = make_recipe()
    experiment = make_experiment(read_table(write_table(tmp_path / "table", source=13)), recipe)
    schema, domains = experiment.open()
    encoder = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5))
    method = Builder(recipe).with_encoder("audio", encoder).build(schema, domains.sizes)
    with pytest.raises(RunError, match="small: batch normalisation cannot train on one row, but a source batch"):
        adapt(method, recipe, domains, tmp_path / "run")


def test_gradients_are_clipped_by_their_common_norm(table: Table, tmp_path: Path) -> None:
    """With plain gradient descent, the weights of one step move by the learning rate times the clipped norm."""
    recipe = make_recipe(
        training__optimizer=SGD,
        training__batch_size=SOURCE,
        training__gradient_clip=0.01,
        stages=[{"name": "only", "epochs": 1}],
    )
    start = dict(prepare(table, recipe)[0].state_dict())
    run(table, recipe, tmp_path / "run")
    moved = torch.cat([(value - start[name]).flatten() for name, value in weights(tmp_path / "run").items()])
    assert moved.norm().item() == pytest.approx(0.1 * 0.01, rel=1e-4)


def test_parameter_groups_and_schedule_reach_the_optimiser(table: Table, tmp_path: Path) -> None:
    recipe = make_recipe(
        training__optimizer=SGD,
        training__batch_size=SOURCE,
        training__parameter_groups={"model.encoders.audio.*": {"lr": 0.0}},
        training__learning_rate={"decay": "step", "milestones": [0.5], "gamma": 1e-9},
        stages=[{"name": "only", "epochs": 2}],
    )
    method, _ = prepare(table, recipe)
    start = {name: value.clone() for name, value in method.state_dict().items()}
    once = make_recipe(
        training__optimizer=SGD,
        training__batch_size=SOURCE,
        training__parameter_groups={"model.encoders.audio.*": {"lr": 0.0}},
        stages=[{"name": "only", "epochs": 1}],
    )
    run(table, recipe, tmp_path / "two")
    run(table, once, tmp_path / "one")
    two, one = weights(tmp_path / "two"), weights(tmp_path / "one")
    for name, value in start.items():
        assert torch.allclose(two[name], one[name], atol=1e-7)
        assert same_bits(two[name], value) == name.startswith("model.encoders.audio.")


def test_what_no_loss_reaches_is_not_moved(table: Table, tmp_path: Path) -> None:
    """Not even by weight decay, nor where all terms of an update are constants."""
    recipe = make_recipe(
        training__optimizer={"class_path": "torch.optim.AdamW", "init_args": {"lr": 0.1, "weight_decay": 0.5}},
        aligners={"explosive": class_spec(".Explosive", at=2.0), "domain": class_spec("DomainAdversarial")},
        stages=[{"name": "only", "epochs": 1, "updates": [{"terms": ["explosive/*"]}]}],
    )
    start = dict(prepare(table, recipe)[0].state_dict())
    run(table, recipe, tmp_path / "run")
    assert_same_tensors(start, weights(tmp_path / "run"))


@pytest.mark.usefixtures("fresh_accelerator")
def test_bfloat16_runs_and_stays_finite(table: Table, tmp_path: Path) -> None:
    plain = read_recipe("rna-uda", {"training.batch_size": 4, "stages.0.epochs": 2})
    mixed = read_recipe("rna-uda", {"training.batch_size": 4, "stages.0.epochs": 2, "training.precision": "bf16"})
    adapted = run(table, mixed, tmp_path / "mixed")
    rows = [value for row in metrics(tmp_path / "mixed") for value in row.get("losses", {}).values()]
    assert rows
    assert all(map(math.isfinite, rows))
    assert {value.dtype for value in adapted.method.parameters()} == {torch.float32}
    with pytest.raises(RunError, match=r"training\.precision: no cannot be had here: .*already been initialized"):
        run(table, plain, tmp_path / "plain")
    assert not (tmp_path / "plain").exists()


@pytest.mark.usefixtures("fresh_accelerator")
def test_precision_is_that_of_the_recipe(table: Table, tmp_path: Path) -> None:
    recipe = make_recipe(training__precision="bf16")
    with pytest.raises(RunError, match="small trains in precision 'bf16', but the accelerator given runs in 'no'"):
        run(table, recipe, tmp_path / "run", accelerator=Accelerator(cpu=True))


@pytest.mark.skipif(torch.accelerator.is_available(), reason="there is a GPU")
def test_half_precision_without_a_gpu_is_one_line(table: Table, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"training\.precision: fp16 needs a GPU"):
        run(table, make_recipe(training__precision="fp16"), tmp_path / "run")
    run(table, make_recipe(), tmp_path / "afterwards")


@pytest.mark.usefixtures("fresh_accelerator")
def test_half_precision_on_the_cpu_is_one_line(table: Table, tmp_path: Path) -> None:
    accelerator = Accelerator(cpu=True, mixed_precision="fp16")
    with pytest.raises(RunError, match=r"training\.precision: fp16 needs a GPU"):
        run(table, make_recipe(training__precision="fp16"), tmp_path / "run", accelerator=accelerator)


def test_a_frozen_part_of_the_users_model_stays_frozen(table: Table, tmp_path: Path) -> None:
    recipe = make_recipe()
    method, domains = prepare(table, recipe)
    assert isinstance(method.model.encoders["audio"], nn.Module)
    method.model.encoders["audio"].requires_grad_(requires_grad=False)
    start = {name: value.clone() for name, value in method.state_dict().items()}
    adapt(method, recipe, domains, tmp_path / "run")
    moved = {name for name, value in weights(tmp_path / "run").items() if not same_bits(value, start[name])}
    assert moved
    assert not [name for name in moved if name.startswith("model.encoders.audio.")]
