"""What it takes to start: import, session, first run, files and memory, each in a fresh process."""

import json
import random
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs
from inference_artefacts import Artefacts, Key
from inference_forms import FORMS
from inference_precisions import PRECISIONS, Missing
from inference_report import Aim, Figure, spread
from interleaved import Ratio

LONGEST_START: Final = 0.5
"""Seconds that a session may take to start, without the import of its libraries."""

ROUNDS, WARMUP = 5, 1
CHILD: Final = Path(__file__).with_name("inference_child.py")
TORCH: Final = "torch"


@attrs.frozen
class Start:
    """Result of one candidate.

    Args:
        name: form and precision, or torch.
        size: of its files in bytes.
        values: seconds and bytes, as `inference_child.py` names them.
    """

    name: str
    size: int
    values: Mapping[str, Ratio]

    @property
    def seconds(self) -> list[str]:
        """What is shown of them: the first runs, since the second ones are timed elsewhere."""
        return [name for name in self.values if "memory" not in name and "second" not in name]

    @property
    def memory(self) -> list[str]:
        """All of them."""
        return [name for name in self.values if "memory" in name]

    @property
    def header(self) -> list[str]:
        """Of the table."""
        return [
            "candidate",
            "file, MB",
            *(f"{name}, s" for name in self.seconds),
            *(f"{name}, MB" for name in self.memory),
        ]

    def cells(self) -> list[str]:
        """For a table."""
        seconds = [f"{self.values[name].median:.3f}" for name in self.seconds]
        memory = [f"{self.values[name].median / 1e6:.0f}" for name in self.memory]
        return [self.name, f"{self.size / 1e6:.1f}", *seconds, *memory]


def start(artefacts: Artefacts, batches: Sequence[int], rounds: int | None) -> Figure:
    """Every form in every precision, and the model in torch, each started anew in every round, in turns.

    Args:
        artefacts: of the model.
        batches: the smallest and the largest are run.
        rounds: that are counted; `WARMUP` before them reads the files into the system's memory.
    """
    made, unmade = artefacts.collect([Key(form, precision) for precision in PRECISIONS for form in FORMS])
    weights = artefacts.weights()
    tail = ["--threads", str(artefacts.threads), "--batches", *map(str, sorted({min(batches), max(batches)}))]
    commands = {f"{key.form}, {key.precision}": ["session", str(one.folder), *tail] for key, one in made.items()}
    commands[TORCH] = ["torch", str(weights), "--subject", artefacts.subject.name, *tail]
    sizes = {f"{key.form}, {key.precision}": one.size for key, one in made.items()}
    sizes[TORCH] = weights.stat().st_size
    runs = _start_in_turns(commands, rounds or ROUNDS)
    found = [
        Start(name, sizes[name], {value: spread([run[value] for run in own]) for value in own[0]})
        for name, own in runs.items()
    ]
    missing = [Missing(key, reason) for key, reason in unmade.items()]
    width = len(found[0].header)
    gaps = [[f"{one.key.form}, {one.key.precision}", f"missing: {one.reason}", *[""] * (width - 2)] for one in missing]
    return Figure(
        found[0].header,
        [*(one.cells() for one in found), *gaps],
        [*map(attrs.asdict, found), *map(attrs.asdict, missing)],
        [
            Aim(f"start of {one.name}, seconds", one.values["start"].median, LONGEST_START, "at most")
            for one in found
            if one.name != TORCH
        ],
    )


def _start_in_turns(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, list[dict[str, float]]]:
    found: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    order, shuffled = list(commands), random.Random(0)  # noqa: S311 - no secret
    for number in range(-WARMUP, rounds):
        shuffled.shuffle(order)
        for name in order:
            command = [sys.executable, str(CHILD), *commands[name]]
            text = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own
            if number >= 0:
                found[name].append(json.loads(text.splitlines()[-1]))
    return found
