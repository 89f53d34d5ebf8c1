"""A few steps of a method, by one process on whole batches or by several on slices, with all that they leave."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeAlias
from unittest.mock import patch

import attrs
import numpy as np
import torch
import torch.distributed as dist
from acclimate.framework import Batch, Builder, Losses, Method, Recipe, Schema, Task, read_recipe
from acclimate.framework.consensus.consensus_file import Consensus
from acclimate.framework.data.preprocessing import FeaturesPreprocessing
from acclimate.framework.gathering import world
from acclimate.framework.layout import DomainSide
from acclimate.framework.recipes.recipe import Stage, Update
from acclimate.framework.recipes.recipe_files import recipe_names
from acclimate.framework.training import exchange as distributed
from acclimate.framework.training.exchange import average_gradients, share_buffers
from acclimate.framework.training.optimisation import bind_update
from safetensors.torch import save_file
from torch import Tensor, nn

from .small import class_spec, make_recipe, mlp

Traces: TypeAlias = dict[str, Tensor]
"""Losses, gradients and buffers as `<step>:<kind>:<name>`."""

SIZES: Final = {"audio": 4, "text": 5, "video": 3}
TASK: Final = Task("label", ("cut", "stir", "wash"))
ROWS: Final[Mapping[DomainSide, int]] = {"source": 14, "target": 13}
STEPS: Final = 3
MUTE: Final = 4
"""The first rows of a batch lack audio: with slices of 3 or 4 rows, one process has none at all."""

SLICES: Final[Mapping[int, Mapping[DomainSide, tuple[tuple[int, ...], ...]]]] = {
    2: {"source": ((7, 7), (4, 10), (14, 0)), "target": ((7, 6), (4, 9), (0, 13))},
    3: {"source": ((5, 5, 4), (3, 1, 10), (0, 6, 8)), "target": ((5, 4, 4), (4, 8, 1), (6, 0, 7))},
}
"""Rows of each process, by number of processes, side and step: even, uneven, and one that is empty."""

SMALL: Final = {"model.encoders": {"features": mlp()}}
"""Encoders without dropout and batch statistics."""


@attrs.frozen
class Case:
    """A recipe, and the precision in which it is tried.

    float64 shows any difference that is not rounding; float32, as in use, that rounding stays harmless.
    """

    recipe: Recipe
    dtype: torch.dtype = torch.float64


def _ours() -> Iterator[tuple[str, Case]]:
    for name in recipe_names():
        recipe = read_recipe(name, SMALL)
        yield name, Case(recipe)
        # A name without a hyphen is a method's own; its variants have one.
        if name in {"rna-uda", "mmd"} or "-" not in name:
            yield f"{name} in float32", Case(recipe, torch.float32)


def _own() -> Iterator[tuple[str, Case]]:
    """Parts that no recipe of ours has, or not so."""
    lessons = {"heads": ["joint", "modalities"], "pseudo_heads": ["joint", "modalities"], "label_smoothing": 0.1}
    everything = {
        "classification": class_spec("Supervised", **lessons),
        "rna": class_spec("RelativeNormAlignment"),
        "domain": class_spec("DomainAdversarial", hidden=4),
        "bottleneck": class_spec("InformationBottleneck"),
        "information": class_spec("InformationMaximisation"),
    }
    small: dict[str, Any] = {"aligners": everything, "selector": class_spec("FusedArgmax", threshold=0.4)}
    yield "lessons", Case(make_recipe(**small))
    yield "lessons in float32", Case(make_recipe(**small), torch.float32)
    yield "concatenation", Case(make_recipe(model__fusion=class_spec("Concatenation", hidden=6), **small))
    yield "unit-norm", Case(make_recipe(model__unit_norm=True, **small))
    yield "projection", Case(make_recipe(model__projection=4, **small))
    balancer = {"terms": ["domain/*", "bottleneck/*"], "balancer": class_spec(".EqualGradients")}
    yield "balanced", Case(make_recipe(balancers={"even": balancer}, **small))
    updates = [{"parameters": ["model.*"]}, {"terms": ["domain/*"], "parameters": ["aligners.*"]}]
    yield "updates", Case(make_recipe(stages=[{"name": "both", "epochs": 1, "updates": updates}], **small))


CASES: Final[Mapping[str, Case]] = dict([*_ours(), *_own()])
"""Every recipe of ours, and some parts beside."""


def make_batch(side: DomainSide, number: int, dtype: torch.dtype) -> Batch:
    """A whole batch, whose samples lack modalities here and there; the target has no labels."""
    rows, generator = ROWS[side], np.random.default_rng([number, side == "target"])
    present = generator.random((rows, len(SIZES))) < 0.8
    present[:MUTE, 0] = False
    present[:, 1] |= ~present.any(axis=1)
    labels = generator.integers(len(TASK.classes or ()), size=rows)
    inputs = {}
    for name, size in SIZES.items():
        centres = np.random.default_rng(size).normal(size=(3, size))
        inputs[name] = centres[labels] + (side == "target") + generator.normal(size=(rows, size))
    return Batch(
        inputs={name: torch.from_numpy(values).to(dtype) for name, values in inputs.items()},
        present=torch.from_numpy(present),
        domain=torch.full((rows,), int(side == "target")),
        index=torch.from_numpy(generator.permutation(rows)),
        ids=tuple(f"{side}{row}" for row in range(rows)),
        labels={TASK.name: torch.from_numpy(labels)} if side == "source" else None,
    )


def take_rows(batch: Batch, rows: slice) -> Batch:
    """Some rows of a batch."""
    return Batch(
        inputs={name: values[rows] for name, values in batch.inputs.items()},
        present=batch.present[rows],
        domain=batch.domain[rows],
        index=batch.index[rows],
        ids=batch.ids[rows],
        labels=None if batch.labels is None else {name: values[rows] for name, values in batch.labels.items()},
    )


def own_batch(side: DomainSide, number: int, dtype: torch.dtype) -> Batch:
    """This process's slice of a batch."""
    whole, (rank, processes) = make_batch(side, number, dtype), world()
    if processes == 1:
        return whole
    sizes = SLICES[processes][side][number]
    assert sum(sizes) == len(whole)
    start = sum(sizes[:rank])
    return take_rows(whole, slice(start, start + sizes[rank]))


def with_consensus(recipe: Recipe, folder: Path) -> Recipe:
    """A student's recipe with something to learn: a consensus of most rows of the target."""
    if recipe.selector is None or not recipe.selector.class_path.endswith(".ConsensusTeacher"):
        return recipe
    ids = [f"target{row}" for row in range(1, ROWS["target"])]
    likely = np.random.default_rng(5).dirichlet([0.1] * len(TASK.classes or ()), len(ids))
    path = folder / "consensus.npz"
    Consensus(ids, {TASK.name: TASK.classes or ()}, {TASK.name: likely}).write(path)
    arguments = {**recipe.selector.init_args, "consensus": str(path)}
    return attrs.evolve(recipe, selector=attrs.evolve(recipe.selector, init_args=arguments))


@attrs.define
class Walk:
    """Takes the steps of a recipe's stages as the loop does, and notes what they leave."""

    recipe: Recipe
    dtype: torch.dtype
    traces: Traces = attrs.field(factory=dict)

    def run(self) -> Traces:
        """A few steps in each stage."""
        preprocessing = {name: FeaturesPreprocessing([0.0] * size, [1.0] * size) for name, size in SIZES.items()}
        with TemporaryDirectory() as folder:
            recipe = with_consensus(self.recipe, Path(folder))
            method = Builder(recipe).build(Schema(preprocessing, (TASK,)), ROWS).to(self.dtype)
        for module in method.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0  # Each process draws its own, also behind the gathering.
        # As in the loop: torch's own generator differs between processes, that of a step does not.
        torch.manual_seed(world()[0])
        generator = torch.Generator().manual_seed(1)
        for stage in self.recipe.stages:
            self._study(method, stage)
            method.train()
            for number in range(STEPS):
                for index, update in enumerate(stage.updates):
                    name = f"{stage.name}/{number}/{index}"
                    self._step(method, self._losses(method, stage, update, number, generator), update, name)
        return self.traces

    def _study(self, method: Method, stage: Stage) -> None:
        if stage.target and method.selector is not None:
            with torch.no_grad():
                kept = method.selector.study([method.eval().look(make_batch("target", 0, self.dtype), "target")])
            share_buffers(method)
            if kept is not None:
                self.traces[f"{stage.name}:kept:rows"] = kept

    def _losses(self, method: Method, stage: Stage, update: Update, number: int, generator: torch.Generator) -> Losses:
        return method.step(
            own_batch("source", number, self.dtype) if stage.source else None,
            own_batch("target", number, self.dtype) if stage.target else None,
            progress=(1 + number) / STEPS,
            generator=generator,
            update=update,
        )

    def _step(self, method: Method, losses: Losses, update: Update, name: str) -> None:
        bound = bind_update(method, update)
        method.zero_grad()
        losses.total.backward()
        for parameter in bound.frozen:
            parameter.grad = None
        average_gradients(bound.moved)
        self._note(method, losses, name)
        torch.optim.SGD(bound.moved, lr=0.05).step()

    def _note(self, method: Method, losses: Losses, step: str) -> None:
        terms = {name: term.value for name, term in losses.terms.items()}
        found = {
            **{f"loss:{name}": value for name, value in {"total": losses.total, **losses.balanced, **terms}.items()},
            **{f"gradient:{name}": value.grad for name, value in method.named_parameters() if value.grad is not None},
            **{f"buffer:{name}": value for name, value in method.named_buffers()},
        }
        self.traces |= {f"{step}:{name}": value.detach().clone() for name, value in found.items()}


def walk_all() -> Traces:
    """All cases one after the other; names begin with the case's."""
    return {
        f"{case}/{name}": value
        for case in CASES
        for name, value in Walk(CASES[case].recipe, CASES[case].dtype).run().items()
    }


def walk_together(rank: int, processes: int, folder: Path) -> None:
    """One of several processes; leaves its traces in a file."""
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo",
        init_method=f"file://{folder / 'meeting'}",
        rank=rank,
        world_size=processes,
        timeout=timedelta(seconds=60),
    )
    # So that gradients travel in several pieces.
    with patch.object(distributed, "BUCKET", 300):
        traces = walk_all()
    save_file(traces, folder / f"{rank}.safetensors")
    dist.destroy_process_group()
