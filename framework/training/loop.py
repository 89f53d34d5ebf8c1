"""The loop: stages, rounds, epochs, steps. It knows no method.

Losses come from a Method, what to train on from its selector, when to stop from the recipe.
"""

import time
from collections.abc import Sequence
from itertools import islice
from typing import Any, Final

import torch
from accelerate import Accelerator

from ..batch import Batch
from ..errors import RecipeError, RunError
from ..gathering import slice_sizes, world
from ..method import Losses, Method
from ..recipes.recipe import Recipe, Stage, Update
from ..runs.checkpoint import load_weights
from ..runs.run_folder import BEST, LAST, RunFolder
from .adapted import Adapted
from .display import Display
from .domains import Domains
from .exchange import average_gradients, on_main, share_buffers
from .finite import infinite_loss, infinite_weight
from .modality_dropout import drop_modalities
from .monitor import record_epoch
from .optimisation import BoundUpdate, bind_update, check_patterns, make_optimizer, make_schedules, set_learning_rates
from .pairs import Pair, Pairs
from .plan import Place, Plan, Round
from .progress import Progress
from .run_options import RunOptions
from .selection import make_validators, newest_is_best
from .state import RunState
from .study import study
from .weight_copies import check_copies, copy_weights

LOG_EVERY: Final = 10
"""Steps between the rows that metrics.jsonl gets within an epoch."""


class Loop:
    """State of a run: all of it is in a checkpoint, so that a killed run goes on to the same weights."""

    def __init__(
        self,
        method: Method,
        recipe: Recipe,
        domains: Domains,
        *,
        folder: RunFolder,
        accelerator: Accelerator,
        options: RunOptions,
    ) -> None:
        torch.manual_seed(options.seed + world()[0])
        self.method = method.to(accelerator.device)
        self.recipe, self.domains, self.folder, self.accelerator = recipe, domains, folder, accelerator
        shown = options.display if accelerator.is_main_process else None
        self.display = Display() if shown is None else shown
        self.checkpoint_every, self.oracle = options.checkpoint_every, options.opened_oracle()
        self.validators = make_validators(recipe.selection, recipe.name)
        for stage in recipe.stages:
            for update in stage.updates:
                check_patterns(method, update.parameters, f"{recipe.name}: stage {stage.name!r}: updates.parameters")
            check_copies(method, stage.copies, f"{recipe.name}: stage {stage.name!r}: copies")
        self.optimizer = accelerator.prepare(make_optimizer(self.method, recipe.training))
        self.schedules = make_schedules(self.method, recipe.training)
        self.generator = torch.Generator().manual_seed(options.seed)
        self.state = RunState(self.method, self.optimizer, self.generator, accelerator)
        self.plan = Plan.of(recipe.stages, lambda stage: len(Pairs(domains, stage, rows=None, epoch=0)))
        self.pause_at = options.pause_at
        self.at = Progress()
        self.started = time.monotonic()

    def run(self) -> Adapted:
        """Go on from the last checkpoint, or begin, and train to the end, or to where the run shall pause."""
        self._restore()
        self.started = time.monotonic() - self.at.seconds
        with self.display.training(self.recipe.name, self.plan.epochs):
            while (place := self.plan.locate(self.at.ends)) is not None and not self._pauses(place):
                if place.passes == 0 and self.at.step == 0:
                    if place.round.number == 0:
                        copy_weights(self.method, place.round.stage.copies)
                    stage = place.round.stage
                    self.at.rows = study(self.method, stage, self.domains, self.accelerator.device, self.recipe.name)
                pace = self._train(place)
                self._finish_epoch(place.round, pace)
        return self._conclude()

    def _pauses(self, place: Place) -> bool:
        done = 0.0 if self.at.step else place.epochs_done(self.at.steps, 0.0)
        # An epoch at least: without one, there is no checkpoint.
        return self.pause_at < 1.0 and self.at.epoch > 0 and done >= self.pause_at * self.plan.epochs

    def _train(self, place: Place) -> float | None:
        """Train to the epoch's end; returns the seconds that a step took, None where none was left."""
        self.method.train()
        began, steps, stage = time.monotonic(), self.at.steps, place.round.stage
        updates = [bind_update(self.method, update) for update in stage.updates]
        pairs = Pairs(self.domains, stage, self.at.rows, self.at.epoch)
        for source, target in islice(pairs.start_at(self.at.step), place.steps_left(steps)):
            progress = self._epochs(place, len(pairs)) / self.plan.epochs
            set_learning_rates(self.optimizer, self.schedules, progress)
            pair = self._prepare(source), self._prepare(target)
            losses = [self._update(pair, progress, update, first=not number) for number, update in enumerate(updates)]
            self.at.step += 1
            self.at.steps += 1
            if self.at.steps % LOG_EVERY == 0:
                self._log(losses, progress)
            self.display.step(self._epochs(place, len(pairs)), losses[-1].total)
            if self.checkpoint_every and self.at.steps % self.checkpoint_every == 0:
                self._check(infinite_weight(self.method))
                self._save(LAST)
        made = self.at.steps - steps
        return (time.monotonic() - began) / made if made else None

    def _epochs(self, place: Place, steps: int) -> float:
        """How many are done, of whose last so many steps are to be made; a loader may have said too few."""
        return place.epochs_done(self.at.steps, min(self.at.step / steps, 1.0))

    def _update(self, pair: Pair, progress: float, bound: BoundUpdate, *, first: bool) -> Losses:
        losses = self._losses(pair, progress, bound.update, first=first)
        self._check(infinite_loss(losses))
        self.optimizer.zero_grad()
        if losses.total.requires_grad:
            self.accelerator.backward(losses.total)
        for parameter in bound.frozen:
            parameter.grad = None
        average_gradients(bound.moved)
        if any(parameter.grad is not None for parameter in bound.moved):
            if self.recipe.training.gradient_clip is not None:
                self.accelerator.clip_grad_norm_(bound.moved, self.recipe.training.gradient_clip)
            self.optimizer.step()
        return losses

    def _losses(self, pair: Pair, progress: float, update: Update, *, first: bool) -> Losses:
        try:
            with self.accelerator.autocast():
                return self.method.step(
                    *pair, progress=progress, generator=self.generator, update=update, observe=first
                )
        except (RecipeError, RunError) as error:
            raise type(error)(f"{self.recipe.name}: {error}") from error

    def _prepare(self, batch: Batch | None) -> Batch | None:
        probability = self.recipe.training.modality_dropout
        there = None if batch is None else batch.to(self.accelerator.device)
        if there is None or probability == 0.0:
            return there
        return drop_modalities(there, probability, self.generator, slice_sizes(there), world()[0])

    def _check(self, fault: str | None) -> None:
        if fault is None:
            return
        raise RunError(
            f"{self.recipe.name}: at step {self.at.steps}, in epoch {self.at.epoch}, {fault}; "
            f"the last checkpoint stays in {self.folder.path}"
        )

    def _log(self, losses: Sequence[Losses], progress: float) -> None:
        if self.accelerator.is_main_process:
            values = {name: value for update in losses for name, value in update.values().items()}
            self.folder.log({"kind": "step", "step": self.at.steps, "progress": progress, "losses": values})
            self.display.scalars(values, self.at.steps)

    def _finish_epoch(self, done: Round, pace: float | None) -> None:
        self._check(infinite_weight(self.method))
        share_buffers(self.method)
        record = record_epoch(
            self.method,
            self.validators,
            self.domains,
            self.accelerator.device,
            epoch=self.at.epoch,
            stage=done.stage,
        )
        self.at.history.append(record)
        self.at.epoch, self.at.step = self.at.epoch + 1, 0
        self.at.ends.append(self.at.steps)
        chosen = newest_is_best(self.at.history, self.at.best, self.recipe.selection)
        if chosen:
            self.at.best = len(self.at.history) - 1
        self.at.seconds = time.monotonic() - self.started
        if self.accelerator.is_main_process:
            times = {"seconds": round(self.at.seconds, 3), "seconds_per_step": pace}
            told = {"round": done.number, **record.to_json(), "steps": self.at.steps, **times}
            self.folder.log({"kind": "epoch", **told, **self._ask_oracle(done.stage)})
            self.display.epoch(record)
        if chosen:
            self._save(BEST)
        self._save(LAST)

    def _ask_oracle(self, stage: Stage) -> dict[str, Any]:
        """What the target's labels say, after all is decided; the time that it takes is no part of the run's."""
        if self.oracle is None:
            return {}
        began = time.monotonic()
        report = self.oracle.report(self.method, self.accelerator.device, taught=stage.target)
        self.started += time.monotonic() - began
        return {"oracle": report}

    def _save(self, name: str) -> None:
        self.at.seconds = time.monotonic() - self.started
        checkpoint = self.state.to_checkpoint(self.at, self.folder.metrics_length())
        if self.accelerator.is_main_process:
            self.folder.save(name, checkpoint)

    def _restore(self) -> None:
        metrics_length = 0
        if self.folder.has(LAST):
            self.at, metrics_length = self.state.restore(self.folder.load(LAST))
        on_main(lambda: self.folder.cut_metrics(metrics_length))

    def _conclude(self) -> Adapted:
        self.accelerator.wait_for_everyone()
        load_weights(self.method, self.folder.load(BEST).under("method."), "best checkpoint")
        history = tuple(self.at.history)
        finished = self.plan.locate(self.at.ends) is None
        return Adapted(self.method.eval(), history, history[self.at.best], self.at.seconds, finished=finished)
