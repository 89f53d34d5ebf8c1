"""The loop knows no method: several updates a step, stages with frozen parameters, rounds of study, balanced groups."""

import json
from pathlib import Path

import pytest
import torch
from acclimate.framework import RunError, load_run
from acclimate.framework.data import Table
from bits import same_bits
from safetensors import safe_open

from .parts import AffinityFusion, Spy
from .small import (
    SOURCE,
    TARGET,
    Interrupted,
    Interrupting,
    assert_same_runs,
    assert_same_tensors,
    class_spec,
    make_experiment,
    make_recipe,
    metrics,
    prepare,
    run,
    weights,
)

ALL_AT_ONCE = {"training__batch_size": SOURCE}
MCD = [
    {"terms": ["classification/*", "heads/source"]},
    {"terms": ["heads/source", "heads/apart"], "parameters": ["aligners.heads.*"]},
    {"terms": ["heads/together"], "parameters": ["model.encoders.*"]},
]
MODFINITY = make_recipe(
    model__fusion=class_spec(".AffinityFusion"),
    model__encoders={"features": class_spec(".NoisyEncoder")},
    parts={"classes": class_spec(".ClassEncoder")},
    aligners={"classification": class_spec("Supervised"), "pull": class_spec(".PullToClasses")},
    selector=class_spec(".StudyingSelector"),
    stages=[
        {"name": "source", "epochs": 2, "target": False},
        {"name": "rounds", "epochs": 2, "rounds": 3, "source": False},
    ],
    training__batch_size=2,
    training__modality_dropout=0.2,
)


def mcd(updates: list[dict[str, list[str]]]) -> dict[str, object]:
    return {
        **ALL_AT_ONCE,
        "aligners": {"classification": class_spec("Supervised"), "heads": class_spec(".TwoHeads")},
        "stages": [{"name": "only", "epochs": 1, "updates": updates}],
    }


def moved(table: Table, out: Path, changes: dict[str, object]) -> set[str]:
    """Beginnings of the names of the weights that one step moves."""
    recipe = make_recipe(**changes)
    start = dict(prepare(table, recipe)[0].state_dict())
    run(table, recipe, out)
    names = [name for name, value in weights(out).items() if not same_bits(value, start[name])]
    return {".".join(name.split(".")[:2]) for name in names}


@pytest.mark.parametrize(
    ("updates", "expected"),
    [
        (MCD[:1], {"model.encoders", "model.heads", "aligners.heads"}),
        (MCD[1:2], {"aligners.heads"}),
        (MCD[2:], {"model.encoders"}),
        (MCD, {"model.encoders", "model.heads", "aligners.heads"}),
    ],
)
def test_an_update_moves_its_parameters_and_no_others(
    updates: list[dict[str, list[str]]], expected: set[str], table: Table, tmp_path: Path
) -> None:
    assert moved(table, tmp_path / "run", mcd(updates)) == expected


def test_three_updates_a_step_follow_each_other(table: Table, tmp_path: Path) -> None:
    """Each sees what the one before has changed, and the log holds the terms of all."""
    changes = mcd(MCD)
    changes["stages"] = [{"name": "only", "epochs": 10, "updates": MCD}]
    changes["training__optimizer"] = {"class_path": "torch.optim.SGD", "init_args": {"lr": 0.3}}
    run(table, make_recipe(**changes), tmp_path / "run")
    (row,) = [row["losses"] for row in metrics(tmp_path / "run") if row["kind"] == "step"]
    assert row.keys() == {"total", "classification/source/joint", "heads/source", "heads/apart", "heads/together"}
    # The heads were moved apart after the encoders were moved together, in the step before.
    assert -row["heads/apart"] != row["heads/together"]


def test_two_stages_one_after_the_other_with_what_each_moves(table: Table, tmp_path: Path) -> None:
    """ADDA: source training, then discriminator and target encoders in turn, with heads that stay as they are."""
    adda = {
        "aligners": {"classification": class_spec("Supervised"), "adda": class_spec(".Fooling")},
        "stages": [
            {"name": "source", "epochs": 1, "target": False, "updates": [{"parameters": ["model.*"]}]},
            {
                "name": "adversarial",
                "epochs": 1,
                "updates": [
                    {"terms": ["adda/tell"], "parameters": ["aligners.adda.*"]},
                    {"terms": ["adda/fool"], "parameters": ["model.encoders.audio.*"]},
                ],
            },
        ],
    }
    recipe = make_recipe(**adda)
    start = dict(prepare(table, recipe)[0].state_dict())
    with pytest.raises(Interrupted):
        run(table, recipe, tmp_path / "run", display=Interrupting(6))
    after_source = weights(tmp_path / "run")
    assert {name for name in start if not same_bits(start[name], after_source[name])} == {
        name for name in start if name.startswith("model.")
    }
    run(table, recipe, tmp_path / "run", resume=True)
    end = weights(tmp_path / "run")
    assert {name for name in start if not same_bits(after_source[name], end[name])} == {
        name for name in start if name.startswith(("aligners.", "model.encoders.audio."))
    }
    assert [row["stage"] for row in metrics(tmp_path / "run") if row["kind"] == "epoch"] == ["source", "adversarial"]


@pytest.fixture(scope="module")
def unbroken(table: Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of rounds."""
    out = tmp_path_factory.mktemp("unbroken") / "run"
    run(table, MODFINITY, out, checkpoint_every=1)
    return out


def test_rounds_study_the_whole_target_and_train_on_what_is_kept(unbroken: Path) -> None:
    state = weights(unbroken)
    assert state["selector.studies"] == 3
    assert (state["selector.labels"] >= 0).all()
    assert state["selector.labels"].shape == (TARGET,)
    rows = [row for row in metrics(unbroken) if row["kind"] == "epoch"]
    assert [(row["stage"], row["round"]) for row in rows] == [
        ("source", 0),
        ("source", 0),
        *(("rounds", number) for number in (0, 0, 1, 1, 2, 2)),
    ]


def test_an_epoch_without_source_is_a_pass_over_the_kept_target(table: Table, tmp_path: Path) -> None:
    """22 source rows in 11 batches of 2, twice; then half of 10 target rows in 3 batches, the last of 1, six times."""
    steps = []

    class Counting(Interrupting):
        def step(self, epochs: float, loss: torch.Tensor) -> None:
            steps.append(epochs)

    run(table, MODFINITY, tmp_path / "run", display=Counting(0))
    assert len(steps) == 2 * 11 + 6 * 3
    assert steps[-1] == pytest.approx(8.0)


# The source stage has 22 steps, each round 6.
@pytest.mark.parametrize("stops", [[3, 19], [22, 1, 1, 1], [24, 3], [30], [39]])
def test_what_a_selector_has_learned_survives_a_break(
    stops: list[int], unbroken: Path, table: Table, tmp_path: Path
) -> None:
    for stop in stops:
        with pytest.raises(Interrupted):
            run(table, MODFINITY, tmp_path / "broken", checkpoint_every=1, resume=True, display=Interrupting(stop))
    run(table, MODFINITY, tmp_path / "broken", checkpoint_every=1, resume=True)
    assert_same_runs(unbroken, tmp_path / "broken")


def test_a_shared_part_is_in_the_file_once_and_in_all_its_places_afterwards(table: Table, tmp_path: Path) -> None:
    experiment = make_experiment(table, MODFINITY)
    schema, domains = experiment.open()
    run(table, MODFINITY, tmp_path / "run", config=experiment.config(schema, domains))
    with safe_open(tmp_path / "run" / "checkpoints" / "best.safetensors", framework="pt") as file:
        stored = [name for name in file.keys() if name.startswith("method.") and "classes" in name]  # noqa: SIM118
        aliases = [name for name in json.loads(file.metadata()["aliases"]) if "classes" in name]
    assert len(stored) == 1
    assert len(aliases) == 3
    method, _, _ = load_run(tmp_path / "run")
    assert isinstance(method.model.fusion, AffinityFusion)
    assert method.model.fusion.classes is method.parts["classes"]
    assert_same_tensors(dict(method.state_dict()), weights(tmp_path / "run", "best"))


def test_a_selector_that_keeps_nothing(table: Table, tmp_path: Path) -> None:
    """With a source, training goes on with that alone; without, there is nothing to do."""
    both = make_recipe(selector=class_spec(".KeepNothing"), aligners={"spy": class_spec(".Spy")})
    spy = run(table, both, tmp_path / "both").method.aligners["spy"]
    assert isinstance(spy, Spy)
    assert len(spy.source) == 12
    assert not spy.target
    alone = make_recipe(selector=class_spec(".KeepNothing"), stages=[{"name": "second", "epochs": 1, "source": False}])
    with pytest.raises(RunError, match="small: stage 'second' has no source, and its selector keeps no sample"):
        run(table, alone, tmp_path / "alone")


def test_a_kept_target_cycles_beside_the_source(table: Table, tmp_path: Path) -> None:
    recipe = make_recipe(
        model__fusion=class_spec(".AffinityFusion"),
        parts={"classes": class_spec(".ClassEncoder")},
        aligners={"spy": class_spec(".Spy")},
        selector=class_spec(".StudyingSelector"),
        stages=[{"name": "only", "epochs": 1}],
    )
    spy = run(table, recipe, tmp_path / "run").method.aligners["spy"]
    assert isinstance(spy, Spy)
    sizes, kept = [len(ids) for ids in spy.target], {name for ids in spy.target for name in ids}
    # The surer half, and those that are as sure as the last of them.
    assert TARGET // 2 <= len(kept) < TARGET
    one_pass = [4] * (len(kept) // 4) + [len(kept) % 4] * (len(kept) % 4 > 0)
    assert sizes == (one_pass * 6)[:6]


def test_a_balancer_gets_its_group_and_the_representations(table: Table, tmp_path: Path) -> None:
    recipe = make_recipe(
        aligners={
            "classification": class_spec("Supervised"),
            "heads": class_spec(".TwoHeads"),
            "domain": class_spec("DomainAdversarial"),
        },
        balancers={
            "even": {
                "terms": ["heads/source", "domain/*"],
                "balancer": class_spec(".EqualGradients"),
                "weight": 0.5,
            }
        },
        stages=[{"name": "only", "epochs": 2, "updates": [{"terms": ["class*", "heads/source", "domain/*"]}]}],
    )
    run(table, recipe, tmp_path / "run", checkpoint_every=1)
    (row,) = [row["losses"] for row in metrics(tmp_path / "run") if row["kind"] == "step"]
    assert row["total"] == pytest.approx(row["even"] + row["classification/source/joint"], rel=1e-5)
    assert weights(tmp_path / "run")["balancers.even.ratio"] > 0
    with pytest.raises(Interrupted):
        run(table, recipe, tmp_path / "broken", checkpoint_every=1, display=Interrupting(8))
    run(table, recipe, tmp_path / "broken", checkpoint_every=1, resume=True)
    assert_same_runs(tmp_path / "run", tmp_path / "broken")
