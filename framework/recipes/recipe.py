"""Recipes: a method as data, which names classes by import path. Imports neither these nor torch."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

import attrs
from attrs.validators import ge, gt, le, min_len, optional

from ..errors import RecipeError
from ..layout import DomainSide
from .parsing import parse_attrs

SCHEMA_VERSION: Final = 1


@attrs.frozen
class ClassSpec:
    """A class to make an object of.

    Args:
        class_path: its import path, `package.module.Class`.
        init_args: arguments of its constructor.
    """

    class_path: str
    init_args: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen
class Update:
    """One optimiser step: which terms it minimises, and which parameters it moves.

    Args:
        terms: patterns over term names, such as `coral/*`.
        parameters: patterns over the Method's parameter names, such as `model.encoders.*`.
    """

    terms: tuple[str, ...] = ("*",)
    parameters: tuple[str, ...] = ("*",)


@attrs.frozen
class Copy:
    """Weights that are written over others, of the same shapes.

    Args:
        weights: pattern over the Method's parameters and buffers, such as `model.encoders.audio.source.*`.
        to: their names with others in place; each `*` stands for what it stands for in `weights`.
    """

    weights: str
    to: str


@attrs.frozen
class Stage:
    """A stretch of training.

    Args:
        name: appears in the log.
        epochs: passes per round over the source; over the kept target where there is no source.
        rounds: how often the selector studies the whole target and training goes on.
        source: whether the labelled source is used.
        target: whether the unlabelled target is used.
        updates: optimiser steps made on each pair of batches, in order.
        copies: weights that are written over others when the stage begins; the optimiser's state of these stays.
    """

    name: str
    epochs: int = attrs.field(validator=ge(1))
    rounds: int = attrs.field(default=1, validator=ge(1))
    source: bool = True
    target: bool = True
    updates: tuple[Update, ...] = attrs.field(default=(Update(),), validator=min_len(1))
    copies: tuple[Copy, ...] = ()

    def __attrs_post_init__(self) -> None:
        if not (self.source or self.target):
            raise ValueError(f"stage {self.name!r} must use the source, the target or both, but uses neither.")


@attrs.frozen
class Group:
    """Terms that compete, and the Balancer that joins them.

    Args:
        terms: patterns over term names.
        balancer: the class that joins them.
        weight: what the balanced scalar is multiplied by.
    """

    terms: tuple[str, ...]
    balancer: ClassSpec
    weight: float = 1.0


@attrs.frozen
class Model:
    """What the model is made of, beside the data.

    Args:
        fusion: the Fusion.
        projection: common size of the features of each task, see `MultimodalModel`.
        unit_norm: whether features are scaled to norm 1, see `MultimodalModel`.
        encoders: by modality, or by kind of input (such as `audio` or `signal`); the kind's default where neither is
            named.
    """

    fusion: ClassSpec
    projection: int | None = attrs.field(default=None, validator=optional(ge(1)))
    unit_norm: bool = False
    encoders: dict[str, ClassSpec] = attrs.field(factory=dict)


@attrs.frozen
class Data:
    """How the data are prepared, where that is not to be inferred.

    Args:
        preprocessing: fields of the preprocessing that are known, by modality, or by kind of input where that does not
            stand for itself; see `Schema.fit`. Paths are relative to the current folder.
    """

    preprocessing: dict[str, dict[str, Any]] = attrs.field(factory=dict)


@attrs.frozen
class LearningRate:
    """Factor on the optimiser's learning rate, as a function of progress.

    Args:
        decay: "constant", "cosine" (to 0 at the end) or "step".
        warmup: share of training over which the factor rises from 0.
        milestones: progress at which a step decay multiplies by `gamma`.
        gamma: see `milestones`.

    Example:
        >>> LearningRate("step", milestones=(0.5,), gamma=0.1).factor(0.6)
        0.1
    """

    decay: Literal["constant", "cosine", "step"] = "constant"
    warmup: float = attrs.field(default=0.0, validator=[ge(0.0), le(1.0)])
    milestones: tuple[float, ...] = ()
    gamma: float = attrs.field(default=0.1, validator=gt(0.0))

    def factor(self, progress: float) -> float:
        """The factor at a progress from 0 to 1."""
        from math import cos, pi

        rise = min(1.0, progress / self.warmup) if self.warmup > 0 else 1.0
        if self.decay == "cosine":
            return rise * 0.5 * (1 + cos(pi * progress))
        if self.decay == "step":
            return rise * self.gamma ** sum(progress >= milestone for milestone in self.milestones)
        return rise


@attrs.frozen
class View:
    """Further inputs of a side's training batches, for losses that compare what the model says of several.

    Args:
        side: whose samples.
        augment: corruptions by modality, as in `Training.augment`, in place of that one: a view begins with what stands
            in the table.
    """

    side: DomainSide
    augment: dict[str, tuple[str, ...]] = attrs.field(factory=dict)


@attrs.frozen
class Training:
    """How the loop trains.

    Args:
        optimizer: a torch optimiser.
        batch_size: samples of each side a step, over all processes.
        learning_rate: schedule of the factor on the optimiser's rates.
        parameter_groups: options of the optimiser, by pattern over parameter names; the first match wins.
        gradient_clip: largest norm of the gradient of an update; None does not clip.
        augment: corruptions of training batches by modality, such as `gaussian_noise(std=0.3)`, drawn anew in each
            epoch; see `Augmentation`.
        views: further inputs of training batches, by the name that `Step.views` gives them, drawn anew in each epoch.
        modality_dropout: probability that a modality is dropped from a training sample; one always stays.
        precision: of the forward pass.
        validation: share of the source's training rows kept for validation where the table has no such split.
    """

    optimizer: ClassSpec = attrs.field(factory=lambda: ClassSpec("torch.optim.Adam", {"lr": 1e-3}))
    batch_size: int = attrs.field(default=32, validator=ge(1))
    learning_rate: LearningRate = LearningRate()
    parameter_groups: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    gradient_clip: float | None = attrs.field(default=None, validator=optional(gt(0.0)))
    augment: dict[str, tuple[str, ...]] = attrs.field(factory=dict)
    views: dict[str, View] = attrs.field(factory=dict)
    modality_dropout: float = attrs.field(default=0.0, validator=[ge(0.0), le(1.0)])
    precision: Literal["no", "fp16", "bf16"] = "no"
    validation: float = attrs.field(default=0.15, validator=[gt(0.0), le(0.5)])

    @property
    def augmented(self) -> frozenset[str]:
        """Modalities whose inputs are others in each epoch."""
        return frozenset(self.augment).union(*(view.augment for view in self.views.values()))


@attrs.frozen
class Selection:
    """How the best checkpoint is chosen, without target labels.

    Args:
        score: name of a target-side score of `acclimate.framework.training.selection`, or `source_accuracy`.
        tolerance: how far below the best source accuracy a checkpoint may lie.
    """

    score: str = "source_accuracy"
    tolerance: float = attrs.field(default=0.05, validator=[ge(0.0), le(1.0)])


@attrs.frozen(kw_only=True)
class Recipe:
    """A method as data.

    Args:
        schema: version of this format.
        name: of the method, as it appears in results.
        description: what it is, with the paper.
        model: what the model is made of.
        aligners: losses, by name; a term is called `<aligner>/<term>`.
        parts: modules that several parts share, by name.
        selector: who teaches on the target.
        balancers: groups of competing terms, by name; all others are summed with their weights.
        stages: stretches of training.
        training: how the loop trains.
        selection: how the best checkpoint is chosen.
        data: how the data are prepared.
    """

    schema: Literal[1]
    name: str
    description: str = ""
    model: Model
    aligners: dict[str, ClassSpec]
    parts: dict[str, ClassSpec] = attrs.field(factory=dict)
    selector: ClassSpec | None = None
    balancers: dict[str, Group] = attrs.field(factory=dict)
    stages: tuple[Stage, ...] = attrs.field(validator=min_len(1))
    training: Training = attrs.field(factory=Training)
    selection: Selection = attrs.field(factory=Selection)
    data: Data = attrs.field(factory=Data)

    @property
    def uses_target(self) -> bool:
        """Whether any stage looks at the target."""
        return any(stage.target for stage in self.stages)

    def class_specs(self) -> Iterator[tuple[str, ClassSpec]]:
        """Every class that the recipe names, with the key that names it."""
        yield "model.fusion", self.model.fusion
        yield from ((f"model.encoders.{name}", spec) for name, spec in self.model.encoders.items())
        yield from ((f"aligners.{name}", spec) for name, spec in self.aligners.items())
        yield from ((f"parts.{name}", spec) for name, spec in self.parts.items())
        yield from ((f"balancers.{name}.balancer", group.balancer) for name, group in self.balancers.items())
        if self.selector is not None:
            yield "selector", self.selector
        yield "training.optimizer", self.training.optimizer

    def to_config(self) -> dict[str, Any]:
        """The recipe as plain data, every default written out but for those of keys that few recipes have."""
        config = attrs.asdict(self)
        # Runs and grids that were started before there were these keys can be gone on with.
        if not self.data.preprocessing:
            del config["data"]
        for key in ("augment", "views"):
            if not config["training"][key]:
                del config["training"][key]
        for stage in config["stages"]:
            if not stage["copies"]:
                del stage["copies"]
        return config


def parse_recipe(data: object, name: str = "recipe") -> Recipe:
    """Turn plain data into a Recipe; `name` stands in front of error messages.

    Raises:
        RecipeError: if a key or value is wrong; the message names it.
    """
    version = data.get("schema", SCHEMA_VERSION) if isinstance(data, Mapping) else SCHEMA_VERSION
    if version != SCHEMA_VERSION:
        raise RecipeError(f"{name}: schema must be {SCHEMA_VERSION}, but got {version!r}")
    return parse_attrs(Recipe, data, name)
