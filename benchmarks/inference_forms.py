"""The forms of an artefact against torch, and torch's own ways to run a model faster; all modalities present."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, get_args

import attrs
import torch
from acclimate.exporters.artefact import Form
from inference_artefacts import Artefacts, Key
from inference_candidates import Candidate, Compiled, Eager, InSession
from inference_race import Pace, Row, run_race
from inference_report import Aim, Figure
from interleaved import ratio

FORMS: Final[tuple[Form, ...]] = get_args(Form)

EAGER: Final = "torch eager, no_grad"
TUNED: Final = "torch inference_mode, channels_last"

SPEED_UPS: Final[Mapping[int, float]] = MappingProxyType({1: 2.1, 8: 1.7, 64: 2.2})
"""How many times as fast as torch eager the best form shall be, by batch size."""

LARGEST_SPLIT: Final = 1.25
"""How many times as long as branch split may take."""

LARGEST_NEIGHBOUR: Final = 1.05
"""How many times as long torch may take beside sessions as alone: else the race would not be fair."""

HEADER: Final = ("batch", "candidate", "ms (quartiles)", f"times as fast as {EAGER}")


def forms(artefacts: Artefacts, batches: Sequence[int], rounds: int | None) -> Figure:
    """Time the three forms in float32, torch eager, and torch at its best without compiling."""
    model, subject = artefacts.model(), artefacts.subject
    sessions = open_sessions(artefacts)
    candidates = [Eager(EAGER, model), Eager(TUNED, model, torch.inference_mode, channels_last=True), *sessions]
    found: list[Row] = []
    aims: list[Aim] = []
    for batch in batches:
        timed = run_race(candidates, subject.draw(batch), "all", Pace.of(batch, rounds))
        found += timed.rows.values()
        best = max((timed.rows[form] for form in FORMS), key=lambda row: row.times_as_fast.median)
        if batch in SPEED_UPS:
            name = f"best form ({best.name}), times as fast as {EAGER}, batch {batch}"
            aims.append(Aim(name, best.times_as_fast.median, SPEED_UPS[batch], "at least"))
        slower = ratio(timed.times, "split", "branch").median
        aims.append(Aim(f"split / branch, batch {batch}", slower, LARGEST_SPLIT, "at most"))
    return _figure(found, aims)


def torch_ways(artefacts: Artefacts, batches: Sequence[int], rounds: int | None, *, compiled: bool) -> Figure:
    """Time torch's own ways to run a model faster, and see whether sessions slow down what comes after them."""
    model, subject = artefacts.model(), artefacts.subject
    candidates: list[Candidate] = [
        Eager(EAGER, model),
        Eager("torch inference_mode", model, torch.inference_mode),
        Eager(TUNED, model, torch.inference_mode, channels_last=True),
    ]
    alone = {
        batch: run_race(candidates[:1], subject.draw(batch), "all", Pace.of(batch, rounds)).rows[EAGER]
        for batch in batches
    }
    if compiled:
        candidates.append(Compiled("torch.compile", model))
        candidates.append(Compiled("torch.compile, freezing, channels_last", model, freezing=True))
    candidates += open_sessions(artefacts, ["branch"])
    found: list[Row] = []
    aims: list[Aim] = []
    for batch in batches:
        timed = run_race(candidates, subject.draw(batch), "all", Pace.of(batch, rounds))
        found += timed.rows.values()
        beside = timed.rows[EAGER].milliseconds.median / alone[batch].milliseconds.median
        name = f"{EAGER}, in turns with sessions / before any was opened, batch {batch}"
        aims.append(Aim(name, beside, LARGEST_NEIGHBOUR, "at most"))
    return _figure(found, aims)


def open_sessions(artefacts: Artefacts, forms: Sequence[Form] = FORMS) -> list[InSession]:
    """Artefacts in float32, ready to run."""
    return [InSession(form, artefacts.open(Key(form))) for form in forms]


def _figure(rows: Sequence[Row], aims: Sequence[Aim]) -> Figure:
    cells = [[str(row.batch), row.name, str(row.milliseconds), str(row.times_as_fast)] for row in rows]
    return Figure(HEADER, cells, [attrs.asdict(row) for row in rows], aims)
