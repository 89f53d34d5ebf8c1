"""The figures of the record: what is measured, on which sizes."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import attrs
import feature_table
import numpy as np
from acclimate.exporters import Session
from acclimate.framework import ExportError
from inference_artefacts import Artefacts, Key
from inference_candidates import Candidate, Eager, InSession
from inference_model import SUBJECTS
from inference_report import spread
from interleaved import CLOCKS, Contestant, Ratio, race, ratio
from steps import measure
from workloads import wrist

Figures: TypeAlias = Mapping[str, Ratio | str]
"""By what they are of: ratios to what the name says, or seconds where it says so; a text says why there is none."""

CHECKPOINT: Final = Path(__file__).parents[1] / "zoo/checkpoints/rna-uda.wrist"


@attrs.frozen
class Scale:
    """How much is measured.

    Args:
        recipes: whose steps are timed.
        rounds: of each race.
        rows: of the table of features.
        batch_size: of its steps.
        subject: the model whose artefacts are run.
        batch: rows that they are given.
        artefacts: folder to keep exports in, for the next run.
    """

    recipes: Sequence[str] = ("rna-uda", "boomda", "modfinity", "a3d2", "osan")
    rounds: int = 9
    rows: int = 10_000
    batch_size: int = 256
    subject: str = "real"
    batch: int = 8
    artefacts: Path | None = None

    @classmethod
    def small(cls) -> "Scale":
        """To try it."""
        return cls(recipes=("rna-uda",), rounds=1, rows=64, batch_size=8, subject="tiny", batch=2)


def steps(scale: Scale, _: Path) -> Figures:
    """A step of each recipe with the small encoders of `wrist`, beside the floor that differentiates as much."""
    rows = measure(wrist(), scale.recipes, rounds=scale.rounds, clock=CLOCKS["cpu"])
    return {f"{row.name} / floor": row.to_equal_backward for row in rows if not row.name.startswith("floor")}


def table(scale: Scale, folder: Path) -> Figures:
    """A step on rows of arrays, beside one whose batch is there."""
    rows = feature_table.write_data(folder, scale.rows)
    found = feature_table.measure(rows, batch_size=scale.batch_size, steps=4, rounds=scale.rounds)
    return {f"{row.name} / {feature_table.FLOOR}": row.to_floor for row in found if row.name != feature_table.FLOOR}


def grid_cell(scale: Scale, folder: Path) -> Figures:
    """Processor time of one further cell of `compare` with next to no training."""
    data = _write_grid_data(folder)
    found = []
    for number in range(min(scale.rounds, 3)):
        one, three = (_compare(data, folder / f"{number}-{seeds}", seeds) for seeds in (1, 3))
        found.append((three - one) / 2)
    return {"a further cell of 1 epoch on 32 rows, s": spread(found)}


def forms(scale: Scale, folder: Path) -> Figures:
    """Artefacts of each form, precision and runtime, beside `branch` in float32, and that beside torch."""
    artefacts = Artefacts(scale.artefacts or folder / "artefacts", SUBJECTS[scale.subject](), threads=1)
    rows = artefacts.subject.draw(scale.batch)
    base, torch = "branch", "torch"
    candidates: list[Candidate] = [Eager(torch, artefacts.model()), InSession(base, artefacts.open(Key("branch")))]
    found: dict[str, Ratio | str] = {}
    others = {
        "mask": Key("mask"),
        "split": Key("split"),
        "branch, float16": Key("branch", "float16"),
        "branch, int8": Key("branch", "int8"),
    }
    for name, key in others.items():
        candidates.append(InSession(name, artefacts.open(key)))
    for provider in ("openvino", "openvino-bfloat16"):
        try:
            session = Session(artefacts.get(Key("branch")).folder, provider=provider, threads=1)
            candidates.append(InSession(f"branch, {provider}", session))
        except ExportError as error:
            found[f"branch, {provider} / {base}"] = f"not measured: {error}"
    runs = {candidate.name: candidate.open(rows) for candidate in candidates}
    contestants = [Contestant(name, run, run) for name, run in runs.items()]
    times = race(contestants, rounds=scale.rounds, clock=CLOCKS["cpu"])
    measured = {f"{name} / {base}": ratio(times, name, base) for name in runs if name not in {base, torch}}
    return {f"{base} / {torch}": ratio(times, base, torch), **measured, **found}


def start(scale: Scale, folder: Path) -> Figures:
    """Processor time of `acclimate predict` on one file, beside the imports of numpy and ONNX Runtime alone."""
    file = folder / "a.npy"
    np.save(file, np.zeros((100, 3), np.float32))
    commands = {
        "predict": ["-m", "acclimate", "predict", str(CHECKPOINT), "--accelerometer", str(file)],
        "imports": ["-c", "import numpy, onnxruntime"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(scale.rounds + 1):
        for name, command in commands.items():
            seconds = _run(command)
            if number:  # The first reads files into the system's memory.
                times[name].append(seconds)
    return {
        "predict / imports of numpy and onnxruntime": ratio(times, "predict", "imports"),
        "predict, s": spread(times["predict"]),
    }


def _write_grid_data(folder: Path) -> Path:
    rows = 64
    np.savez(folder / "grid.npz", a=np.random.default_rng(0).normal(size=(rows, 8)).astype(np.float32))
    lines = ["id,domain,split,label,a"]
    for row in range(rows):
        side, split = ("here", "there")[row % 2], ("train", "train", "val", "test")[row // 2 % 4]
        lines.append(f"{row},{side},{split},{row // 8 % 2},grid.npz:a[{row}]")
    path = folder / "grid.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _compare(data: Path, out: Path, seeds: int) -> float:
    options = ["--recipes", "source-only", "--shift", "here:there", "--seeds", str(seeds), "--device", "cpu"]
    return _run(
        ["-m", "acclimate", "compare", "--data", str(data), "--out", str(out), "--set", "stages.0.epochs=1", *options]
    )


def _run(command: Sequence[str]) -> float:
    """Processor time of Python with these arguments, its own processes included."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    before = os.times()
    subprocess.run([sys.executable, "-P", *command], check=True, capture_output=True, env=environment)  # noqa: S603
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system
