"""What child processes do: whole runs over a table, some of which end themselves with SIGKILL."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
import torch
from accelerate import Accelerator
from acclimate.framework import (
    Batch,
    Batches,
    Domains,
    Method,
    Recipe,
    RecipeError,
    RunError,
    adapt,
    adapt_table,
    average_gradients,
)
from acclimate.framework.data import read_table
from acclimate.framework.runs import checkpoint
from acclimate.framework.runs.run_folder import RunFolder
from acclimate.framework.training import loop
from acclimate.framework.training.display import Display
from acclimate.framework.training.pairs import CYCLES
from acclimate.framework.training.run_options import RunOptions
from safetensors.torch import save_file

from .small import Interrupted, class_spec, make_experiment, make_recipe, mlp, prepare

KILLED = make_recipe(
    model__encoders={"audio": mlp(dropout=0.3), "video": class_spec(".NoisyEncoder")},
    aligners={
        "classification": class_spec("Supervised"),
        "rna": class_spec("RelativeNormAlignment"),
        "domain": class_spec("DomainAdversarial", hidden=4),
        "information": class_spec("InformationMaximisation"),
    },
    selector=class_spec("FusedArgmax"),
    stages=[{"name": "only", "epochs": 2}],
    training__modality_dropout=0.2,
    training__gradient_clip=1.0,
    training__learning_rate={"decay": "cosine"},
    selection={"score": "modality_agreement", "tolerance": 1.0},
)


@attrs.frozen
class Trap:
    """Where a process kills itself: at the n-th time that something happens."""

    event: str
    count: int


class _Armed:
    """Counts events, and springs."""

    def __init__(self, trap: Trap | None) -> None:
        self._trap = trap
        self._seen: dict[str, int] = {}

    def __call__(self, event: str) -> bool:
        """Whether to die now."""
        self._seen[event] = self._seen.get(event, 0) + 1
        return self._trap == Trap(event, self._seen[event])


class _Stepping(Display):
    def __init__(self, armed: _Armed) -> None:
        self._armed = armed

    def step(self, epochs: float, loss: torch.Tensor) -> None:
        """Count."""
        if self._armed("step"):
            die()


def die() -> None:
    """What `kill -9` does: no handler, no `finally`, nothing flushed."""
    os.kill(os.getpid(), signal.SIGKILL)


def adapt_and_die(table: Path, out: Path, trap: Trap | None) -> None:
    """Adapt as a user would, resuming what is there, until the trap springs."""
    torch.set_num_threads(1)
    armed = _Armed(trap)
    experiment = make_experiment(read_table(table), KILLED)
    with pytest.MonkeyPatch.context() as patch:
        _set_traps(armed, patch)
        adapt_table(experiment, out, RunOptions(resume=True, checkpoint_every=2, display=_Stepping(armed)))


def _set_traps(armed: _Armed, patch: pytest.MonkeyPatch) -> None:
    """Let everything that a killed run can leave half done be the last thing that it does."""
    rename, log = Path.replace, RunFolder.log

    def rename_or_die(path: Path, target: Path) -> Path:
        if armed("before a rename"):
            die()
        renamed = rename(path, target)
        if armed("after a rename"):
            die()
        return renamed

    def save_or_die(tensors: dict[str, torch.Tensor], path: Path, metadata: dict[str, str]) -> None:
        save_file(tensors, path, metadata)
        if armed("half a checkpoint"):
            os.truncate(path, path.stat().st_size // 2)
            die()

    def log_or_die(folder: RunFolder, row: dict[str, Any]) -> None:
        log(folder, row)
        if armed("half a row"):
            metrics = folder.path / "metrics.jsonl"
            os.truncate(metrics, metrics.stat().st_size - 7)
            die()

    patch.setattr(Path, "replace", rename_or_die)
    patch.setattr(checkpoint, "save_file", save_or_die)
    patch.setattr(RunFolder, "log", log_or_die)


@attrs.frozen
class Place:
    """Where a process stands among several."""

    rank: int
    world_size: int
    port: int


@attrs.define
class Ending:
    """Batches that end a run in the middle, in all of its processes."""

    batches: Batches
    left: int

    @property
    def size(self) -> int:
        """As the others."""
        return self.batches.size

    @property
    def batch_size(self) -> int:
        """As the others."""
        return self.batches.batch_size

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Batch]:
        return iter(self.batches)

    def epoch(self, number: int = 0, **options: Any) -> Iterator[Batch]:  # noqa: ANN401
        """As the others, until the end."""
        for batch in self.batches.epoch(number, **options):
            self.left -= 1
            if self.left < 0:
                raise Interrupted
            yield batch


def meet(place: Place) -> Accelerator:
    """Join the other processes, as those do that accelerate's launcher starts."""
    torch.set_num_threads(1)
    os.environ |= {
        "RANK": str(place.rank),
        "LOCAL_RANK": str(place.rank),
        "WORLD_SIZE": str(place.world_size),
        "LOCAL_WORLD_SIZE": str(place.world_size),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(place.port),
        "ACCELERATE_USE_CPU": "true",
    }
    accelerator = Accelerator(cpu=True)
    assert accelerator.num_processes == place.world_size
    return accelerator


def adapt_together(place: Place, table: Path, out: Path, recipe: Recipe, options: dict[str, Any]) -> None:
    """One of several processes that adapt together."""
    accelerator = meet(place)
    method, domains = prepare(table, recipe)
    domains = attrs.evolve(domains, source=Ending(domains.source, options.pop("stop_after", 1000)))
    failure = None
    try:
        adapted = adapt(method, recipe, domains, out, RunOptions(accelerator=accelerator, **options))
    except (RunError, RecipeError, Interrupted) as error:
        failure = f"{type(error).__name__}: {error}"
    else:
        weights = {name: value.clone() for name, value in adapted.method.state_dict().items()}
        save_file(weights, out.parent / f"{out.name}-{place.rank}.safetensors")
    (out.parent / f"{out.name}-{place.rank}.txt").write_text(str(failure))
    torch.distributed.destroy_process_group()


def train_twice(place: Place, table: Path, recipe: Recipe, out: Path) -> None:
    """One of several processes that train by our loop and by one of the user's own, from the same start."""
    accelerator = meet(place)
    by_hand = own_loop(*prepare(table, recipe), place)
    method, domains = prepare(table, recipe)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "LOG_EVERY", 1)
        adapt(method, recipe, domains, out, RunOptions(accelerator=accelerator))
    if place.rank == 0:
        (out / "by_hand.json").write_text(json.dumps(by_hand))
    torch.distributed.destroy_process_group()


def own_loop(method: Method, domains: Domains, place: Place) -> list[dict[str, float]]:
    """As a user would write it: an epoch of pairs, where the target has no fewer batches than the source."""
    assert domains.target is not None
    torch.manual_seed(place.rank)
    optimizer, generator = torch.optim.Adam(method.parameters(), lr=0.01), torch.Generator().manual_seed(0)
    shard, steps, logged = (place.rank, place.world_size), len(domains.source), []
    batches = zip(domains.source.epoch(0, shard=shard), domains.target.epoch(CYCLES, shard=shard), strict=True)
    for step, (source, target) in enumerate(batches):
        losses = method.train().step(source, target, progress=step / steps, generator=generator)
        optimizer.zero_grad()
        torch.autograd.backward(losses.total)
        average_gradients(method.parameters())
        optimizer.step()
        logged.append(losses.values())
    return logged
