"""Two processes do what one does: batch-wide losses, shared buffers, empty slices, missing modalities."""

import json
import socket
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import torch
from acclimate.framework import Batch, Recipe
from acclimate.framework.data import read_table
from acclimate.framework.gathering import alone, among_processes, slice_sizes, world
from acclimate.framework.intermediate import Encoded
from acclimate.framework.training.exchange import average_gradients, on_main, share, share_buffers
from safetensors.torch import load_file
from torch import nn
from uses.steps_table import write_steps

from .children import Place, adapt_together, train_twice
from .small import (
    assert_same_runs,
    assert_same_tensors,
    class_spec,
    make_recipe,
    metrics,
    mlp,
    run,
    weights,
    write_table,
)

Together: TypeAlias = Callable[..., list[str]]

SGD = {"class_path": "torch.optim.SGD", "init_args": {"lr": 0.01}}
WHOLE_BATCH = {
    "classification": class_spec("Supervised"),
    "rna": class_spec("RelativeNormAlignment"),
    "domain": class_spec("DomainAdversarial", hidden=4),
    "information": class_spec("InformationMaximisation"),
}
RNA = make_recipe(
    aligners=WHOLE_BATCH, selector=class_spec("FusedArgmax"), training__optimizer=SGD, training__modality_dropout=0.3
)


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table whose last batches, of the source and of the target, have one row: one of two slices is empty."""
    return write_table(tmp_path_factory.mktemp("uneven"), source=13, target=9)


Start: TypeAlias = Callable[..., None]


@pytest.fixture
def start(processes: ForkServerContext) -> Start:
    """Runs a function in several processes, each of which is given its place first, and waits for all."""

    def run_all(target: Callable[..., None], world_size: int, *arguments: object) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        places = [Place(rank, world_size, port) for rank in range(world_size)]
        children = [processes.Process(target=target, args=(place, *arguments)) for place in places]
        for child in children:
            child.start()
        for child in children:
            child.join(60)
            if child.is_alive():
                child.kill()
        assert [child.exitcode for child in children] == [0] * world_size

    return run_all


@pytest.fixture
def together(start: Start, uneven: Path) -> Together:
    """Adapts in two processes, and gives what each raised."""

    def adapt_all(out: Path, recipe: Recipe, world_size: int = 2, **options: Any) -> list[str]:  # noqa: ANN401
        start(adapt_together, world_size, uneven, out, recipe, options)
        return [(out.parent / f"{out.name}-{rank}.txt").read_text() for rank in range(world_size)]

    return adapt_all


@pytest.mark.parametrize("world_size", [1, 2, 3])
def test_a_loop_of_ones_own_has_the_losses_of_ours_to_the_bit(start: Start, world_size: int, tmp_path: Path) -> None:
    """The last batches have one row, so that some processes have none; each draws a dropout of its own."""
    recipe = make_recipe(
        model__encoders={"features": mlp(dropout=0.3)},
        aligners=WHOLE_BATCH,
        selector=class_spec("FusedArgmax"),
        stages=[{"name": "only", "epochs": 1}],
    )
    (tmp_path / "table").mkdir()
    table = write_table(tmp_path / "table", source=13, target=13)
    start(train_twice, world_size, table, recipe, tmp_path / "run")
    ours = [row["losses"] for row in metrics(tmp_path / "run") if row["kind"] == "step"]
    assert ours == json.loads((tmp_path / "run" / "by_hand.json").read_text())
    assert len(ours) == 4
    assert len({losses["total"] for losses in ours}) == 4


def assert_close(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> None:
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert (second[name] - value).abs().max() < 1e-6, name


def test_views_are_gathered_as_batches_are(together: Together, uneven: Path, tmp_path: Path) -> None:
    fix_match = {"class_path": "uses.fix_match.FixMatch", "init_args": {"threshold": 0.3}}
    noise = {"side": "target", "augment": {"audio": ["gaussian_noise(std=0.5)"]}}
    recipe = make_recipe(
        aligners={"classification": class_spec("Supervised"), "fix_match": fix_match},
        training__optimizer=SGD,
        training__modality_dropout=0.3,
        training__views={"strong": noise, "weak": {"side": "target"}},
    )
    run(read_table(uneven), recipe, tmp_path / "one")
    assert together(tmp_path / "two", recipe) == ["None", "None"]
    assert_close(weights(tmp_path / "one"), weights(tmp_path / "two"))


def test_steps_in_time_are_gathered_as_features_are(start: Start, tmp_path: Path) -> None:
    """Slices have rows of other lengths, lack a modality, or are empty."""
    (tmp_path / "table").mkdir()
    table = write_steps(tmp_path / "table", source=13, target=9)
    path = "uses.cross_modal_attention"
    recipe = make_recipe(
        model__fusion={"class_path": f"{path}.CrossModalAttention"},
        model__encoders={"sequence": {"class_path": f"{path}.StepEncoder"}},
        data={"preprocessing": {"audio": {"kind": "sequence"}, "video": {"kind": "sequence"}}},
        training__optimizer=SGD,
        training__modality_dropout=0.3,
    )
    run(read_table(table), recipe, tmp_path / "one")
    start(adapt_together, 2, table, tmp_path / "two", recipe, {})
    assert_close(weights(tmp_path / "one"), weights(tmp_path / "two"))


def test_two_processes_end_with_the_weights_of_one(together: Together, uneven: Path, tmp_path: Path) -> None:
    """RNA, DANN and information maximisation: each is a function of the whole batch, and of who has which modality."""
    run(read_table(uneven), RNA, tmp_path / "one")
    assert together(tmp_path / "two", RNA) == ["None", "None"]
    assert_close(weights(tmp_path / "one"), weights(tmp_path / "two"))
    ranks = [load_file(tmp_path / f"two-{rank}.safetensors") for rank in range(2)]
    assert_same_tensors(*ranks)
    one, two = metrics(tmp_path / "one"), metrics(tmp_path / "two")
    assert [row["kind"] for row in one] == [row["kind"] for row in two]
    for before, after in zip(one, two, strict=True):
        assert before.get("losses", {}) == pytest.approx(after.get("losses", {}), abs=1e-5)
        assert before.get("target", {}) == pytest.approx(after.get("target", {}), abs=1e-5)


def test_a_mean_teacher_sees_the_inputs_of_all(together: Together, uneven: Path, tmp_path: Path) -> None:
    """It runs on slices, as the model does, and its bank is filled in all processes alike."""
    teacher = {"class_path": "uses.mean_teacher.MeanTeacher", "init_args": {"momentum": 0.5}}
    recipe = make_recipe(aligners={**WHOLE_BATCH, "teacher": teacher}, training__optimizer=SGD)
    run(read_table(uneven), recipe, tmp_path / "one")
    assert together(tmp_path / "two", recipe) == ["None", "None"]
    assert_close(weights(tmp_path / "one"), weights(tmp_path / "two"))
    assert_same_tensors(*(load_file(tmp_path / f"two-{rank}.safetensors") for rank in range(2)))


def test_fusions_with_memory_balancers_and_rounds_of_study_too(
    together: Together, uneven: Path, tmp_path: Path
) -> None:
    """A Balancer differentiates by the representations; a selector's study must agree in all processes."""
    recipe = make_recipe(
        model__fusion=class_spec(".AffinityFusion"),
        parts={"classes": class_spec(".ClassEncoder")},
        aligners={"pull": class_spec(".PullToClasses"), **WHOLE_BATCH},
        balancers={"even": {"terms": ["information/*", "class*"], "balancer": class_spec(".EqualGradients")}},
        selector=class_spec(".StudyingSelector"),
        stages=[
            {"name": "source", "epochs": 1, "target": False},
            {"name": "both", "epochs": 1, "updates": [{"parameters": ["model.*"]}, {"parameters": ["parts.*"]}]},
            {"name": "rounds", "epochs": 1, "rounds": 2, "source": False},
        ],
        training__optimizer=SGD,
        training__gradient_clip=0.5,
    )
    run(read_table(uneven), recipe, tmp_path / "one")
    assert together(tmp_path / "two", recipe) == ["None", "None"]
    assert_close(weights(tmp_path / "one"), weights(tmp_path / "two"))


def test_a_broken_run_of_two_goes_on_to_the_same_bits(together: Together, tmp_path: Path) -> None:
    """With dropout, of which each process draws its own, and with running statistics, which are the main one's."""
    recipe = make_recipe(
        model__encoders={"features": class_spec(".NoisyEncoder")},
        aligners=WHOLE_BATCH,
        selector=class_spec("FusedArgmax"),
        training__modality_dropout=0.3,
    )
    assert together(tmp_path / "whole", recipe, checkpoint_every=2) == ["None", "None"]
    broken = together(tmp_path / "broken", recipe, checkpoint_every=2, stop_after=5)
    assert [message.partition(":")[0] for message in broken] == ["Interrupted", "Interrupted"]
    assert together(tmp_path / "broken", recipe, checkpoint_every=2, resume=True) == ["None", "None"]
    assert_same_runs(tmp_path / "whole", tmp_path / "broken")


def test_all_processes_say_what_is_wrong(together: Together, uneven: Path, tmp_path: Path) -> None:
    run(read_table(uneven), RNA, tmp_path / "run")
    messages = together(tmp_path / "run", RNA)
    assert all("already holds a run" in message for message in messages)


def test_one_process_is_the_world() -> None:
    assert world() == (0, 1)
    batch = Batch(
        {"audio": torch.zeros(3, 1)},
        torch.ones(3, 1, dtype=torch.bool),
        domain=torch.zeros(3, dtype=torch.int64),
        index=torch.arange(3),
        ids=("a", "b", "c"),
    )
    assert slice_sizes(batch) == [3]
    encoded = {"audio": Encoded(torch.zeros(3, 1))}
    for gather in (alone, among_processes):
        assert gather(batch, encoded) == (batch, encoded)
    module = nn.BatchNorm1d(2)
    before = module.running_mean
    share_buffers(module)
    assert module.running_mean is before
    assert share(batch.present) is batch.present
    parameter = nn.Parameter(torch.ones(1))
    average_gradients([parameter])
    assert parameter.grad is None
    done: list[int] = []
    on_main(lambda: done.append(1))
    assert done == [1]
