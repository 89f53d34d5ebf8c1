"""One training step of a recipe's stage, and the source-only steps that it is compared with."""

from collections.abc import Iterator, Sequence
from typing import Final

import attrs
import torch
from acclimate.framework import Batch, Builder, DomainSide, Method, Recipe, RunError, Stage, read_recipe
from acclimate.framework.training.optimisation import bind_update, make_optimizer
from interleaved import Contestant
from torch import Tensor, nn
from torch.optim import Optimizer
from workloads import Workload

SAME_FOR_ALL: Final = {
    "training.optimizer": {"class_path": "torch.optim.Adam", "init_args": {"lr": 1e-3}},
    "training.gradient_clip": 5.0,
    "training.modality_dropout": 0.0,
}
"""Overrides of every recipe: what is compared is what the methods do, not how they are optimised."""

PROGRESS: Final = 0.5
"""Of training, so that no schedule is at zero."""

POOL: Final = 8
"""Target batches that a selector studies before a round."""

SOURCE_ONLY: Final = "source-only"


ROLES: Final = "roles"
"""Name of the part that says which modality is the anchor (A3D2)."""


def open_recipe(name: str, workload: Workload) -> Recipe:
    """One of ours, or a file, with what is the same for all.

    An anchor that would be found over the first steps of training is named: before it is, A3D2 does nothing.
    """
    recipe = read_recipe(name, SAME_FOR_ALL)
    if ROLES not in recipe.parts or recipe.parts[ROLES].init_args.get("anchor") is not None:
        return recipe
    return read_recipe(name, {**SAME_FOR_ALL, f"parts.{ROLES}.init_args.anchor": workload.schema.modalities[0]})


@attrs.frozen(eq=False)
class StageSteps:
    """Steps of one stage of a recipe.

    Args:
        recipe: with what is the same for all.
        stage: of it.
        workload: encoders and data.
    """

    recipe: Recipe
    stage: Stage
    workload: Workload

    @property
    def name(self) -> str:
        """The recipe's, with the stage where there are several."""
        return self.recipe.name if len(self.recipe.stages) == 1 else f"{self.recipe.name}: {self.stage.name}"

    @property
    def sides(self) -> tuple[DomainSide, ...]:
        """Those that the stage forwards."""
        sides: tuple[tuple[DomainSide, bool], ...] = (("source", self.stage.source), ("target", self.stage.target))
        return tuple(side for side, used in sides if used)

    def contestant(self) -> Contestant:
        """The step as the loop makes it: losses, backward pass and optimiser, for every update of the stage."""
        method = build(self.workload, self.recipe)
        source = self.workload.draw(self.workload.batch_size, "source") if self.stage.source else None
        target = _studied_batch(method, self.workload) if self.stage.target else None
        updates = [bind_update(method, update) for update in self.stage.updates]
        optimizer = make_optimizer(method.train(), self.recipe.training)
        generator = torch.Generator().manual_seed(0)

        def run() -> None:
            for bound in updates:
                losses = method.step(source, target, progress=PROGRESS, generator=generator, update=bound.update)
                descend(losses.total, optimizer, bound.moved, bound.frozen)

        return Contestant(self.name, run)


def floor(workload: Workload, forwarded: Sequence[DomainSide], reached: Sequence[DomainSide]) -> Contestant:
    """A source-only step on the batches of some sides.

    Args:
        workload: encoders and data.
        forwarded: sides whose batch passes through the model.
        reached: those of them whose cross-entropy is differentiated. A target gets labels for it, drawn at random:
            its gradient must come from somewhere, and no cheaper loss of the logits is known.
    """
    recipe = open_recipe(SOURCE_ONLY, workload)
    method = build(workload, recipe)
    labels = workload.draw(workload.batch_size, "source").labels
    batches = {side: attrs.evolve(workload.draw(workload.batch_size, side), labels=labels) for side in forwarded}
    optimizer = make_optimizer(method.train(), recipe.training)
    weights = tuple(method.parameters())

    def run() -> None:
        totals = []
        for side, batch in batches.items():
            if side in reached:
                totals.append(method.step(batch, progress=PROGRESS).total)
            else:
                method.look(batch, side)
        descend(torch.stack(totals).sum(), optimizer, weights, ())

    return Contestant(floor_name(forwarded, reached), run)


def floor_name(forwarded: Sequence[DomainSide], reached: Sequence[DomainSide]) -> str:
    """Such as `floor: forward source+target, backward source`."""
    return f"floor: forward {'+'.join(forwarded)}, backward {'+'.join(reached)}"


def build(workload: Workload, recipe: Recipe) -> Method:
    """The Method, with equal weights for all recipes."""
    builder = Builder(recipe)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for modality, encoder in workload.make_encoders().items():
            builder.with_encoder(modality, encoder)
    samples = POOL * workload.batch_size
    return builder.build(workload.schema, {"source": samples, "target": samples})


def descend(total: Tensor, optimizer: Optimizer, moved: Sequence[nn.Parameter], frozen: Sequence[nn.Parameter]) -> None:
    """What the loop does with a loss; raises RunError if it is not finite."""
    if not bool(torch.isfinite(total)):
        raise RunError(f"a loss that is timed must be finite, but is {total.item()}")
    optimizer.zero_grad()
    if total.requires_grad:
        torch.autograd.backward(total)
    for parameter in frozen:
        parameter.grad = None
    nn.utils.clip_grad_norm_(moved, 5.0)
    optimizer.step()


def _studied_batch(method: Method, workload: Workload) -> Batch:
    """A target batch; of the samples that the selector keeps where it studies the target before a round."""
    pool = workload.draw(POOL * workload.batch_size, "target")
    rows = torch.arange(len(pool))
    if method.selector is not None:
        method.eval()
        with torch.no_grad():
            kept = method.selector.study(method.look(batch, "target") for batch in _split(pool, workload.batch_size))
        if kept is not None:
            rows = kept.nonzero().flatten()
    if not len(rows):
        raise RunError("the selector must keep a sample, so that there is a step to time, but keeps none")
    return _take(pool, rows.repeat(-(-workload.batch_size // len(rows)))[: workload.batch_size])


def _split(batch: Batch, size: int) -> Iterator[Batch]:
    for start in range(0, len(batch), size):
        yield _take(batch, torch.arange(start, min(start + size, len(batch))))


def _take(batch: Batch, rows: Tensor) -> Batch:
    return attrs.evolve(
        batch,
        inputs={name: values[rows] for name, values in batch.inputs.items()},
        present=batch.present[rows],
        domain=batch.domain[rows],
        index=batch.index[rows],
        ids=tuple(batch.ids[row] for row in rows.tolist()),
    )
