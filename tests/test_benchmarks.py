"""The pieces of benchmarks/ run, on tiny sizes, without the packages that ours are compared with. Nothing is timed."""

import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import get_args

import feature_table
import figures
import input_pipeline
import losses
import pytest
import spinning
import steps
import torch
from acclimate.exporters.execution import ThreadPool
from acclimate.framework import Batch, DomainSide, Method, MultimodalModel, Outputs, Recipe
from acclimate.framework.method import _classify
from bits import same_bits
from figures import FIGURES, OURS, Figure
from interleaved import Contestant, race, ratio
from peers import LossPeer
from torch import Tensor
from training_steps import SOURCE_ONLY, StageSteps, build, floor, open_recipe
from trunk_cache import PHASES, ROADS, Size, open_epoch, speed_ups, time_roads
from workloads import Workload, none, real, wrist


def test_contestants_take_turns_in_every_round() -> None:
    turns: list[str] = []
    contestants = [Contestant(name, partial(turns.append, name)) for name in "abc"]
    times = race(contestants, rounds=4, warmup=1, calls=2)
    rounds = [turns[start : start + 6] for start in range(0, len(turns), 6)]
    assert len(rounds) == 5
    assert all(sorted(played) == list("aabbcc") for played in rounds)
    assert len({tuple(played) for played in rounds}) > 1
    assert {name: len(seconds) for name, seconds in times.items()} == {"a": 4, "b": 4, "c": 4}


def test_time_is_per_call_and_without_the_warm_up() -> None:
    clock = itertools.count()
    times = race([Contestant("a", lambda: next(clock))], rounds=2, warmup=1, calls=3, clock=lambda: float(next(clock)))
    # The clock ticks in each of three calls, and when the turn ends.
    assert times == {"a": pytest.approx([4 / 3, 4 / 3])}


def test_a_ratio_is_taken_within_rounds() -> None:
    found = ratio({"a": [2.0, 20.0, 6.0], "b": [1.0, 10.0, 2.0]}, "a", "b")
    assert (found.lower, found.median, found.upper) == pytest.approx((2.0, 2.0, 2.5))


@pytest.mark.parametrize(("rounds", "names"), [(0, "ab"), (1, "aa")])
def test_races_that_cannot_be_are_refused(rounds: int, names: str) -> None:
    with pytest.raises(ValueError, match="must"):
        race([Contestant(name, lambda: None) for name in names], rounds=rounds)


TINY = none(batch_size=6, features=8)


def gradient_sides(monkeypatch: pytest.MonkeyPatch, contestant: Callable[[], Contestant]) -> set[tuple[str, str]]:
    """The sides and modalities whose features get a gradient in a step."""
    reached: set[tuple[str, str]] = set()

    def classify(
        model: MultimodalModel, batch: Batch, features: Mapping[str, Tensor], domain_side: DomainSide
    ) -> Outputs:
        outputs = _classify(model, batch, features, domain_side)
        # Which batch it is: a floor lets a target pass for a source.
        drawn_for = "target" if "target" in batch.ids[0] else "source"
        for modality in batch.modalities:
            differentiable = outputs.features[modality]
            if differentiable.requires_grad:
                differentiable.register_hook(lambda _, modality=modality: reached.add((drawn_for, modality)))
        return outputs

    # Both ways to look at a batch end there.
    monkeypatch.setattr("acclimate.framework.method._classify", classify)
    contestant().run()
    return reached


@pytest.mark.parametrize("recipe", [*steps.RECIPES])
def test_a_step_reaches_what_its_stage_forwards(recipe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_recipe(recipe, TINY)
    for stage in opened.stages:
        timed = StageSteps(opened, stage, TINY)
        with monkeypatch.context() as patch:
            reached = gradient_sides(patch, timed.contestant)
        assert reached == {*itertools.product(timed.sides, TINY.schema.modalities)}


def test_a_step_moves_the_encoders(monkeypatch: pytest.MonkeyPatch) -> None:
    methods: list[Method] = []

    def remember(workload: Workload, recipe: Recipe) -> Method:
        methods.append(build(workload, recipe))
        return methods[-1]

    monkeypatch.setattr("training_steps.build", remember)
    opened = open_recipe("rna-uda", TINY)
    contestant = StageSteps(opened, opened.stages[0], TINY).contestant()
    before = [parameter.detach().clone() for parameter in methods[0].model.encoders.parameters()]
    contestant.run()
    after = list(methods[0].model.encoders.parameters())
    assert not any(same_bits(one, other) for one, other in zip(before, after, strict=True))


@pytest.mark.parametrize("reached", [("source",), ("source", "target")])
def test_a_floor_differentiates_what_it_shall_reach(
    reached: tuple[DomainSide, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = gradient_sides(monkeypatch, partial(floor, TINY, ("source", "target"), reached))
    assert found == {*itertools.product(reached, TINY.schema.modalities)}


def test_every_term_of_a3d2_is_timed() -> None:
    opened = open_recipe("a3d2", TINY)
    method = build(TINY, opened).train()
    terms = method.step(TINY.draw(6, "source"), TINY.draw(6, "target"), progress=0.5).terms
    assert {name.partition("/")[0] for name in terms} == {*opened.aligners}


def test_all_recipes_are_optimised_alike() -> None:
    trainings = [open_recipe(name, TINY).training for name in steps.RECIPES]
    assert len({str((training.optimizer, training.gradient_clip)) for training in trainings}) == 1


@pytest.mark.benchmark
def test_steps_writes_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    try:
        arguments = ["--encoders", "none", "--recipes", SOURCE_ONLY, "rna-uda", "nonesuch", "--rounds", "1"]
        steps.main([*arguments, "--batch-size", "4", "--features", "8", "--threads", "1", "--out", str(tmp_path)])
    finally:
        torch.set_num_threads(threads)
    content = json.loads((tmp_path / "steps-none-1.json").read_text(encoding="utf-8"))
    assert [row["name"] for row in content["rows"]][-2:] == [SOURCE_ONLY, "rna-uda"]
    assert content["rows"][-1]["to_source_backward"]["median"] > 0
    assert "load" in content["machine"]
    assert (tmp_path / "steps-none-1.md").read_text(encoding="utf-8") in capsys.readouterr().out


def test_wrist_is_as_its_data_set() -> None:
    workload = wrist(batch_size=3)
    batch = workload.draw(3, "target")
    assert {name: tuple(values.shape) for name, values in batch.inputs.items()} == {
        "accelerometer": (3, 3, 100),
        "gyroscope": (3, 3, 100),
    }
    assert batch.labels is None


def test_real_encoders_take_their_batches() -> None:
    pytest.importorskip("transformers")
    workload = real(batch_size=2, features=16)
    method = build(workload, open_recipe(SOURCE_ONLY, workload))
    outputs = method.look(workload.draw(2, "source"), "source").outputs
    assert {name: tuple(values.shape) for name, values in outputs.features.items() if name != "joint"} == {
        "audio": (2, 16),
        "image": (2, 16),
        "text": (2, 16),
    }


def tiny() -> list[Figure]:
    return [
        *figures.coral(sizes=(6,), width=4),
        *figures.mmd(sizes=(6,), width=4),
        *figures.pareto(sizes=(3,), matrices=2),
        *figures.transport(sizes=(5,), batch=6),
    ]


@pytest.mark.benchmark
def test_figures_run_with_whatever_peers_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("skada", "skada.deep", "pytorch_adapt", "pytorch_adapt.layers", "torchjd", "torchjd.aggregation"):
        monkeypatch.setitem(sys.modules, package, None)
    rows = losses.measure(tiny(), rounds=1, warmup=0)
    ours = [row for row in rows if row.name == OURS]
    assert len(ours) == 6
    assert all(row.milliseconds is not None for row in ours)
    missing = [row for row in rows if row.milliseconds is None]
    assert {row.figure for row in missing} == {"CORAL", "MK-MMD", "Pareto weights"}
    assert all("ModuleNotFoundError" in row.note for row in missing)


def test_peers_that_are_here_agree() -> None:
    notes = [note for figure in tiny() for note in figure.notes.values()]
    assert not [note for note in notes if "DISAGREES" in note]


def test_a_disagreement_is_seen() -> None:
    def squares(source: Tensor, target: Tensor) -> Tensor:
        return (source.mean() - target.mean()).square()

    pair = (torch.tensor([[1.0, 2.0]], requires_grad=True), torch.tensor([[0.0, 0.5]], requires_grad=True))
    peer = LossPeer("off", lambda: squares, lambda loss: lambda source, target: 1.001 * loss(source, target))
    figure = figures._losses("off", "", squares, [peer], [pair])  # noqa: SLF001
    assert figure.notes["off"].startswith("DISAGREES by 1.0e-03")


def test_every_figure_has_ours_first() -> None:
    assert {*FIGURES} == {"coral", "mmd", "pareto", "transport", "transport-cvxpy"}
    assert {figure.contestants[0].name for figure in tiny()} == {OURS}


# Python 3.12 warns of workers that are forked beside threads, which torch has.
@pytest.mark.benchmark
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_the_input_pipeline_is_timed_in_all_ways(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sizes = ["--rows", "20", "--batch", "10", "--seconds", "0.1", "--side", "24", "--model-side", "16"]
    input_pipeline.main([*sizes, "--workers", "0", "1", "--rounds", "1", "--out", str(tmp_path)])
    found = json.loads((tmp_path / "input-pipeline.json").read_text())
    names = ["decoded in this process", "decoded in 1 worker", "all samples cached", input_pipeline.FLOOR]
    assert [row["name"] for row in found["rows"]] == names
    assert all(row["milliseconds"] > 0 < row["own_milliseconds"] for row in found["rows"])
    assert capsys.readouterr().out == (tmp_path / "input-pipeline.md").read_text()


# As above.
@pytest.mark.benchmark
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_rows_of_arrays_are_timed_in_all_ways(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sizes = ["--rows", "40", "--batch", "10", "--steps", "2", "--rounds", "1"]
    feature_table.main([*sizes, "--out", str(tmp_path)])
    found = json.loads((tmp_path / "feature-table.json").read_text())
    names = ["rows one by one", "gathered", "gathered in a worker", feature_table.FLOOR]
    assert [row["name"] for row in found["rows"]] == names
    assert all(row["milliseconds"] > 0 for row in found["rows"])
    assert (tmp_path / "feature-table.md").read_text() in capsys.readouterr().out


@pytest.mark.benchmark
@pytest.mark.parametrize("model", ["bert", "wavlm"])
def test_roads_with_and_without_a_trunk_cache_are_timed(model: str, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    size = Size(width=16, layers=2, trainable=1, steps=800 if model == "wavlm" else 5, rows=3, evaluated=2)
    epoch = open_epoch(model, size, tmp_path)
    times = time_roads(epoch, rounds=2, clock=itertools.count().__next__)
    assert {name: len(seconds) for name, seconds in times.items()} == dict.fromkeys(
        (f"{road} {phase}" for road in ROADS for phase in PHASES), 2
    )
    assert [phase for phase, *_ in speed_ups(times)] == list(PHASES)
    entries = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(entries) == 2 * size.rows + size.evaluated


@pytest.mark.benchmark
@pytest.mark.processes
def test_pools_of_threads_are_compared_with_branches(tmp_path: Path) -> None:
    # In a process of its own: once there is a shared pool, no session can be opened that has its own.
    sizes = ["--subject", "tiny", "--threads", "1", "--batches", "1", "--rounds", "1", "--rest", "0"]
    command = [sys.executable, spinning.__file__, *sizes, "--out", str(tmp_path)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = json.loads((tmp_path / "spinning-1.json").read_text())["rows"]
    assert {row["present"] for row in rows} == {"face+voice", "face", "voice"}
    assert [row["name"] for row in rows[:5]] == ["branch", *get_args(ThreadPool)]
    assert all(row["milliseconds"] > 0 < row["to_branch"]["median"] for row in rows)
    assert (tmp_path / "spinning-1.md").read_text() in printed
