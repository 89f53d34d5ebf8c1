"""The loop: stages, rounds, epochs, steps. It knows no method: losses come from a Method, what to train on from its selector, when to stop from the recipe."""

import math
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable

import attrs
import torch
from accelerate import Accelerator

from .batch import Batch, Step
from .checkpoint import Checkpoint, load_weights
from .display import Display
from .distributed import average_gradients, gather_side, world
from .errors import RecipeError, RunError
from .interfaces import TeacherSelector
from .method import Losses, Method, matches
from .layout import DomainSide
from .modality_dropout import drop_modalities
from .monitor import Record, measure, survey
from .optimization import (
    load_optimizer_state,
    load_random_state,
    make_optimizer,
    optimizer_state,
    random_state,
    set_learning_rate,
)
from .recipe import Recipe, Stage, Update
from .run import BEST, LAST, RunFolder
from .selection import newest_is_best

CYCLES: Final = 2**20
"""Bound on how often the shorter side starts again within an epoch; keeps the numbers of its epochs apart."""


LOG_EVERY: Final = 10
"""Steps between the rows that metrics.jsonl gets within an epoch."""


@runtime_checkable
class Batches(Protocol):
    """What the loop draws batches from: a `Loader` over a table, or `OwnBatches` around a loader of the user's."""

    batch_size: int

    @property
    def size(self) -> int:
        """Number of samples."""

    def __len__(self) -> int:
        """Number of batches of an epoch over all samples."""

    def epoch(
        self,
        number: int = 0,
        *,
        rows: Sequence[int] | None = None,
        start: int = 0,
        shard: tuple[int, int] = (0, 1),
    ) -> Iterator[Batch]:
        """Batches of an epoch. Their order depends on `number` alone, and torch's own generator is not touched.

        Args:
            number: of the epoch.
            rows: samples to use, by `Batch.index`; None means all.
            start: batches to leave out.
            shard: rank of the process and number of processes; each gets its slice of each batch.
        """


@attrs.frozen(eq=False)
class Domains:
    """What a run trains on and is chosen by.

    Args:
        source: labelled, shuffled.
        validation: labelled, of the source, in order.
        target: unlabelled, shuffled; None without adaptation.
        target_in_order: the same target samples in order, for a selector's study and target-side scores.
    """

    source: Batches
    validation: Batches
    target: Batches | None = None
    target_in_order: Batches | None = None

    @property
    def sizes(self) -> dict[DomainSide, int]:
        """Number of training samples, by side."""
        sizes: dict[DomainSide, int] = {"source": self.source.size}
        return sizes if self.target is None else {**sizes, "target": self.target.size}


@attrs.frozen(eq=False)
class Adapted:
    """What a run leaves.

    Args:
        method: with the weights of the best checkpoint.
        history: what was measured after each epoch.
        best: the record of the best checkpoint.
        seconds: time that training took.
    """

    method: Method
    history: tuple[Record, ...]
    best: Record
    seconds: float


def adapt(
    method: Method,
    recipe: Recipe,
    domains: Domains,
    out: Path,
    *,
    seed: int = 0,
    config: dict[str, Any] | None = None,
    resume: bool = False,
    accelerator: Accelerator | None = None,
    display: Display | None = None,
    checkpoint_every: int | None = None,
) -> Adapted:
    """Train a Method and return it with the weights of its best checkpoint.

    Args:
        method: what to train.
        recipe: stages, optimiser, selection.
        domains: what to train on.
        out: run folder; a run that is there is an error, or is gone on with if `resume`.
        seed: of the order of samples, dropout and all else that is drawn.
        config: further things to write into config.yaml, such as where the data came from.
        resume: go on from the last checkpoint; the end is bit-equal to that of an unbroken run.
        accelerator: device, precision, processes; None means what accelerate finds.
        display: shows progress; None shows nothing.
        checkpoint_every: steps between checkpoints within an epoch; None means at each epoch's end only.

    Raises:
        RunError: if the folder cannot be used, or a loss is not finite.
        RecipeError: if the recipe needs a target and there is none.
    """
    if recipe.uses_target and (domains.target is None or domains.target_in_order is None):
        raise RecipeError(f"{recipe.name} trains on a target, but no target is given")
    settings = {"recipe": recipe.to_config(), "seed": seed, **(config or {})}
    folder = RunFolder.create(out, settings, resume=resume)
    accelerator = accelerator or Accelerator(mixed_precision=recipe.training.precision)
    with torch.random.fork_rng():
        loop = _Loop(method, recipe, domains, folder, accelerator, seed, display or Display(), checkpoint_every)
        return loop.run()


class _Loop:
    """State of a run: all of it is in a checkpoint, so that a killed run goes on to the same weights."""

    def __init__(
        self,
        method: Method,
        recipe: Recipe,
        domains: Domains,
        folder: RunFolder,
        accelerator: Accelerator,
        seed: int,
        display: Display,
        checkpoint_every: int | None,
    ) -> None:
        torch.manual_seed(seed)
        self.method = method.to(accelerator.device)
        self.recipe, self.domains, self.folder, self.accelerator = recipe, domains, folder, accelerator
        self.display, self.checkpoint_every = display, checkpoint_every
        self.optimizer = accelerator.prepare(make_optimizer(self.method, recipe.training))
        self.generator = torch.Generator().manual_seed(seed)
        self.plan = [
            (stage, number, epoch)
            for stage in recipe.stages
            for number in range(stage.rounds)
            for epoch in range(stage.epochs)
        ]
        self.epoch, self.step, self.steps = 0, 0, 0
        self.rows: list[int] | None = None
        self.history: list[Record] = []
        self.best = 0
        self.seconds = 0.0

    def run(self) -> Adapted:
        self._restore()
        started = time.monotonic() - self.seconds
        with self.display.training(self.recipe.name, len(self.plan)):
            while self.epoch < len(self.plan):
                stage, number, epoch = self.plan[self.epoch]
                if epoch == 0 and self.step == 0:
                    self.rows = self._study(stage)
                self._train(stage)
                self.seconds = time.monotonic() - started
                self._finish_epoch(stage, number)
        return self._conclude()

    def _study(self, stage: Stage) -> list[int] | None:
        selector, target = self.method.selector, self.domains.target_in_order
        if target is None or not stage.target or selector is None or type(selector).study is TeacherSelector.study:
            return None
        with torch.no_grad():
            kept = selector.study(survey(self.method.eval(), target, "target", self.accelerator.device))
        return None if kept is None else kept.nonzero().flatten().tolist()

    def _train(self, stage: Stage) -> None:
        self.method.train()
        steps = self._steps(stage)
        movable = [
            {name for name, _ in self.method.named_parameters() if matches(name, update.parameters)}
            for update in stage.updates
        ]
        for source, target in self._pairs(stage):
            progress = min((self.epoch + self.step / steps) / len(self.plan), 1.0)
            set_learning_rate(self.optimizer, self.recipe.training.learning_rate.factor(progress))
            for update, names in zip(stage.updates, movable, strict=True):
                losses = self._update(source, target, progress, update, names)
            self.step += 1
            self.steps += 1
            if self.steps % LOG_EVERY == 0:
                self._log(losses, progress)
            self.display.step(self.epoch + self.step / steps, losses.total)
            if self.checkpoint_every and self.steps % self.checkpoint_every == 0:
                self._save(LAST)

    def _steps(self, stage: Stage) -> int:
        if stage.source:
            return len(self.domains.source)
        target = self._target()
        return max(1, len(target) if self.rows is None else math.ceil(len(self.rows) / target.batch_size))

    def _target(self) -> Batches:
        if self.domains.target is None:
            raise RecipeError(f"{self.recipe.name} trains on a target, but no target is given")
        return self.domains.target

    def _pairs(self, stage: Stage) -> Iterator[tuple[Batch | None, Batch | None]]:
        """Batches of an epoch from the current step on: one pass over the source, or over the kept target."""
        if not stage.source:
            batches = self._target().epoch(self.epoch, rows=self.rows, start=self.step, shard=world())
            yield from ((None, batch) for batch in batches)
            return
        sources = self.domains.source.epoch(self.epoch, start=self.step, shard=world())
        if not stage.target or self.rows == []:
            yield from ((batch, None) for batch in sources)
            return
        yield from zip(sources, self._cycle(self._target()), strict=False)

    def _cycle(self, target: Batches) -> Iterator[Batch]:
        """The target over and over, in a new order each time."""
        length = len(target) if self.rows is None else math.ceil(len(self.rows) / target.batch_size)
        done, start = divmod(self.step, length)
        for cycle in count(done):
            number = self.epoch * CYCLES + cycle
            yield from target.epoch(number, rows=self.rows, start=start if cycle == done else 0, shard=world())

    def _update(
        self, source: Batch | None, target: Batch | None, progress: float, update: Update, names: set[str]
    ) -> Losses:
        sides = {}
        with self.accelerator.autocast():
            if source is not None:
                sides["source"] = gather_side(self.method.observe(self._prepare(source), "source"))
            if target is not None:
                sides["target"] = self.method.teach(
                    gather_side(self.method.observe(self._prepare(target), "target"))
                )
        losses = self.method.losses(Step(**sides, progress=progress, generator=self.generator), update)
        self._check_finite(losses)
        self.optimizer.zero_grad()
        self.accelerator.backward(losses.total)
        for name, parameter in self.method.named_parameters():
            if name not in names:
                parameter.grad = None
        movable = [parameter for name, parameter in self.method.named_parameters() if name in names]
        average_gradients(movable)
        if self.recipe.training.gradient_clip is not None:
            self.accelerator.clip_grad_norm_(movable, self.recipe.training.gradient_clip)
        self.optimizer.step()
        return losses

    def _prepare(self, batch: Batch) -> Batch:
        training = self.recipe.training
        dropped = drop_modalities(batch, training.modality_dropout, training.batch_size, self.generator)
        return dropped.to(self.accelerator.device)

    def _check_finite(self, losses: Losses) -> None:
        if not bool(torch.isfinite(losses.total)):
            values = {name: value for name, value in losses.values().items() if not math.isfinite(value)}
            raise RunError(
                f"{self.recipe.name}: loss is not finite at step {self.steps} of epoch {self.epoch}: {values}; the last "
                f"checkpoint stays in {self.folder.path}"
            )

    def _log(self, losses: Losses, progress: float) -> None:
        if self.accelerator.is_main_process:
            values = losses.values()
            self.folder.log({"kind": "step", "step": self.steps, "progress": progress, "losses": values})
            self.display.scalars(values, self.steps)

    def _finish_epoch(self, stage: Stage, number: int) -> None:
        record = measure(
            self.method.eval(),
            self.domains.validation,
            self.domains.target_in_order,
            self.accelerator.device,
            epoch=self.epoch,
            stage=stage.name,
        )
        self.history.append(record)
        self.epoch, self.step = self.epoch + 1, 0
        if self.accelerator.is_main_process:
            row = record.to_json()
            self.folder.log({"kind": "epoch", "round": number, **row, "seconds": round(self.seconds, 3)})
            self.display.epoch(record)
        if newest_is_best(self.history, self.best, self.recipe.selection):
            self.best = len(self.history) - 1
            self._save(BEST)
        self._save(LAST)

    def _save(self, name: str) -> None:
        if not self.accelerator.is_main_process:
            return
        tensors, plain = optimizer_state(self.optimizer)
        scaler = self.accelerator.scaler
        state = {
            "epoch": self.epoch,
            "step": self.step,
            "steps": self.steps,
            "rows": self.rows,
            "history": [record.to_json() for record in self.history],
            "best": self.best,
            "seconds": self.seconds,
            "optimizer": plain,
            "scaler": None if scaler is None else scaler.state_dict(),
            "metrics": self.folder.metrics_length(),
        }
        weights = {f"method.{key}": value for key, value in self.method.state_dict().items()}
        moments = {f"optimizer.{key}": value for key, value in tensors.items()}
        random = {f"random.{key}": value for key, value in random_state(self.generator).items()}
        self.folder.save(name, Checkpoint(weights | moments | random, state))

    def _restore(self) -> None:
        if not self.folder.has(LAST):
            self.folder.cut_metrics(0)
            return
        checkpoint = self.folder.load(LAST)
        state = checkpoint.state
        load_weights(self.method, checkpoint.under("method."), "last checkpoint")
        load_optimizer_state(self.optimizer, checkpoint.under("optimizer."), state["optimizer"])
        load_random_state(self.generator, checkpoint.under("random."))
        if state["scaler"] is not None and self.accelerator.scaler is not None:
            self.accelerator.scaler.load_state_dict(state["scaler"])
        self.epoch, self.step, self.steps, self.best = state["epoch"], state["step"], state["steps"], state["best"]
        self.rows, self.seconds = state["rows"], state["seconds"]
        self.history = [Record.from_json(record) for record in state["history"]]
        self.folder.cut_metrics(state["metrics"])

    def _conclude(self) -> Adapted:
        load_weights(self.method, self.folder.load(BEST).under("method."), "best checkpoint")
        return Adapted(self.method.eval(), tuple(self.history), self.history[self.best], self.seconds)
