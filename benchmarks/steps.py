"""Time per step of each recipe, relative to a source-only step on the same batches.

    python benchmarks/steps.py --encoders real --threads 1 --out OUT

Writes OUT/steps-<encoders>-<threads>.json and .md, and prints the table. See benchmarks/README.md.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, get_args

import attrs
from acclimate.framework import DomainSide, recipe_names
from interleaved import (
    CLOCKS,
    Ratio,
    describe_machine,
    extra_milliseconds,
    milliseconds,
    race,
    ratio,
    to_markdown,
    use_threads,
)
from training_steps import StageSteps, floor, floor_name, open_recipe
from workloads import Workload, WorkloadName, none, real, wrist

AIMS: Final[Mapping[str, float]] = {"rna-uda": 1.05, "boomda": 1.05, "modfinity": 1.05, "a3d2": 1.15, "osan": 1.15}
"""Largest ratio that we aim at with encoders of real size, by recipe."""

RECIPES: Final = ("source-only", *AIMS)


@attrs.frozen
class Row:
    """Result of one stage.

    Args:
        name: recipe and stage.
        milliseconds: median.
        extra: milliseconds beside the floor of `to_equal_backward`, median.
        to_equal_backward: relative to a floor whose backward pass reaches the same batches.
        to_source_backward: relative to a floor that forwards the same batches, but is differentiated on the source
            only; None where that is the same floor.
        aim: for `to_equal_backward`.
    """

    name: str
    milliseconds: float
    extra: float
    to_equal_backward: Ratio
    to_source_backward: Ratio | None
    aim: float | None

    def cells(self) -> list[str]:
        """For a table."""
        aim = (
            ""
            if self.aim is None
            else f"{self.aim:.2f}: {'met' if self.to_equal_backward.median <= self.aim else 'missed'}"
        )
        source = "" if self.to_source_backward is None else str(self.to_source_backward)
        return [self.name, f"{self.milliseconds:.1f}", f"{self.extra:.1f}", str(self.to_equal_backward), source, aim]


HEADER: Final = (
    "recipe: stage",
    "ms",
    "ms beside the floor",
    "/ floor, both backward (quartiles)",
    "/ floor, source backward",
    "aim",
)


def measure(
    workload: Workload,
    recipes: Sequence[str],
    *,
    rounds: int,
    warmup: int = 1,
    clock: Callable[[], float] = CLOCKS["wall"],
) -> list[Row]:
    """Time all stages of recipes, and their floors, in turns."""
    stages = [
        StageSteps(recipe, stage, workload)
        for name in recipes
        for recipe in [open_recipe(name, workload)]
        for stage in recipe.stages
    ]
    floors = sorted({pair for stage in stages for pair in _floors(stage.sides)})
    contestants = [*(floor(workload, *pair) for pair in floors), *(stage.contestant() for stage in stages)]
    times = race(contestants, rounds=rounds, warmup=warmup, calls=workload.calls, clock=clock)
    floor_rows = [
        Row(name, milliseconds(times[name]), 0.0, Ratio(1.0, 1.0, 1.0), None, None) for name in map(_name, floors)
    ]
    return [*floor_rows, *(_row(stage, times) for stage in stages)]


def _floors(sides: tuple[DomainSide, ...]) -> Iterator[tuple[tuple[DomainSide, ...], tuple[DomainSide, ...]]]:
    yield sides, sides
    yield sides, sides[:1]


def _name(pair: tuple[tuple[DomainSide, ...], tuple[DomainSide, ...]]) -> str:
    return floor_name(*pair)


def _row(stage: StageSteps, times: Mapping[str, Sequence[float]]) -> Row:
    equal, source = (ratio(times, stage.name, _name(pair)) for pair in _floors(stage.sides))
    return Row(
        stage.name,
        milliseconds(times[stage.name]),
        extra_milliseconds(times, stage.name, _name((stage.sides, stage.sides))),
        equal,
        source if len(stage.sides) > 1 else None,
        AIMS.get(stage.recipe.name) if stage.workload.name == "real" else None,
    )


def to_json(rows: Sequence[Row], workload: Workload, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What is written: the machine, the settings, the rows."""
    return {
        "machine": describe_machine(),
        "settings": {"encoders": workload.name, "batch_size": workload.batch_size, **settings},
        "rows": [attrs.asdict(row) for row in rows],
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    options = _parser().parse_args(arguments)
    known = [name for name in options.recipes if name in recipe_names() or name.endswith(".yaml")]
    for name in sorted(set(options.recipes) - set(known)):
        print(f"no recipe is called {name!r}: left out")
    for threads in options.threads:
        use_threads(threads)
        workload = _workload(options.encoders, options.batch_size, options.features)
        rounds = options.rounds or (7 if workload.name == "real" else 40)
        rows = measure(workload, known, rounds=rounds, clock=CLOCKS[options.clock])
        table = to_markdown(HEADER, [row.cells() for row in rows])
        print(f"{workload.name} encoders, batch {workload.batch_size}, {threads} threads, {rounds} rounds\n\n{table}\n")
        if options.out is not None:
            options.out.mkdir(parents=True, exist_ok=True)
            path = options.out / f"steps-{workload.name}-{threads}"
            content = to_json(
                rows,
                workload,
                {
                    "threads": threads,
                    "rounds": rounds,
                    "clock": options.clock,
                    "features": options.features,
                },
            )
            path.with_suffix(".json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
            path.with_suffix(".md").write_text(table + "\n", encoding="utf-8")


def _workload(name: str, batch_size: int | None, features: int) -> Workload:
    if name == "wrist":
        return wrist(batch_size or 64)
    return (real if name == "real" else none)(batch_size or 16, features)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoders", choices=get_args(WorkloadName), default="real")
    parser.add_argument("--recipes", nargs="+", default=list(RECIPES), help="names, or paths of .yaml files")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, help="7 with real encoders, else 40")
    parser.add_argument("--batch-size", type=int, help="samples a side; 64 with wrist's encoders, else 16")
    parser.add_argument("--features", type=int, default=256, help="length of the features; wrist's are 64")
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall", help="cpu for a machine that is not idle")
    parser.add_argument("--out", type=Path, help="folder for JSON and Markdown")
    return parser


if __name__ == "__main__":
    main()
