"""Recipes: a method as data, which names classes by import path. Imports neither these nor torch."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

import attrs
from attrs.validators import ge, gt, le, min_len, optional

from ..errors import RecipeError
from ..files.shown_value import shown
from ..layout import DomainSide
from .class_spec import ClassSpec, is_import_path
from .learning_rate import LearningRate
from .parsing import parse_attrs
from .plain_data import NEWER, to_plain
from .selection import Selection

SCHEMA_VERSION: Final = 1


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
    """A stretch of training, as long as `epochs` or `steps` say.

    Args:
        name: appears in the log.
        epochs: passes per round over the source; over the kept target where there is no source.
        rounds: how often the selector studies the whole target and training goes on.
        source: whether the labelled source is used.
        target: whether the unlabelled target is used.
        updates: optimiser steps made on each pair of batches, in order.
        copies: weights that are written over others when the stage begins; the optimiser's state of these stays.
        steps: per round, in place of `epochs`: passes begin as needed, and the last one ends early.
    """

    name: str
    epochs: int | None = attrs.field(default=None, validator=optional(ge(1)), metadata=NEWER)
    rounds: int = attrs.field(default=1, validator=ge(1))
    source: bool = True
    target: bool = True
    updates: tuple[Update, ...] = attrs.field(default=(Update(),), validator=min_len(1))
    copies: tuple[Copy, ...] = attrs.field(default=(), metadata=NEWER)
    steps: int | None = attrs.field(default=None, validator=optional(ge(1)), metadata=NEWER)

    def __attrs_post_init__(self) -> None:
        if (self.epochs is None) == (self.steps is None):
            both = "neither" if self.epochs is None else "both"
            raise ValueError(f"stage {self.name!r} must have epochs or steps, but has {both}.")
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
        maps: groups of input maps that are searched where the run searches maps at all, each a `MapGroup`; those that
            fit the data where none is named.
    """

    preprocessing: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    maps: tuple[ClassSpec, ...] = attrs.field(default=(), metadata=NEWER)


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
        parameter_groups: options of the optimiser, by pattern over parameter names; the first match wins. Beside these,
            `lr_factor` multiplies the optimiser's own rate, and `learning_rate` is a schedule of the group's own.
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
    learning_rate: LearningRate = attrs.field(factory=LearningRate)
    parameter_groups: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    gradient_clip: float | None = attrs.field(default=None, validator=optional(gt(0.0)))
    augment: dict[str, tuple[str, ...]] = attrs.field(factory=dict, metadata=NEWER)
    views: dict[str, View] = attrs.field(factory=dict, metadata=NEWER)
    modality_dropout: float = attrs.field(default=0.0, validator=[ge(0.0), le(1.0)])
    precision: Literal["no", "fp16", "bf16"] = "no"
    validation: float = attrs.field(default=0.15, validator=[gt(0.0), le(0.5)])

    @property
    def augmented(self) -> frozenset[str]:
        """Modalities whose inputs are others in each epoch."""
        return frozenset(self.augment).union(*(view.augment for view in self.views.values()))


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
    data: Data = attrs.field(factory=Data, metadata=NEWER)

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
        yield from ((f"selection: {name}", spec) for name, spec in self.selection.own.items())
        yield from ((f"data.maps.{at}", spec) for at, spec in enumerate(self.data.maps))

    def to_config(self) -> dict[str, Any]:
        """The recipe as plain data: every default is written out, but those of `NEWER` fields."""
        return to_plain(self)


def parse_recipe(data: object, name: str = "recipe") -> Recipe:
    """Turn plain data into a Recipe; `name` stands in front of error messages.

    Raises:
        RecipeError: if a key or value is wrong; the message names it.
    """
    version = data.get("schema", SCHEMA_VERSION) if isinstance(data, Mapping) else SCHEMA_VERSION
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise RecipeError(f"{name}: schema must be {SCHEMA_VERSION}, but got {shown(version)}")
    recipe = parse_attrs(Recipe, data, name)
    for key, spec in recipe.class_specs():
        if not is_import_path(spec.class_path):
            raise RecipeError(f"{name}: {key}: class_path must be an import path, but got {shown(spec.class_path)}")
    return recipe
