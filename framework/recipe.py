"""Recipes: a method as data. YAML that names classes by import path; read here, turned into objects by the Builder. Imports no torch."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import attrs
import yaml
from attrs.validators import ge, gt, le

from .errors import RecipeError
from .parsing import parse_attrs

SCHEMA_VERSION: Final = 1

ClassSpec: TypeAlias = dict[str, Any]
"""`{"class_path": "package.module.Class", "init_args": {...}}`."""


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
class Stage:
    """A stretch of training.

    Args:
        name: appears in the log.
        epochs: passes per round over the source; over the kept target where there is no source.
        rounds: how often the selector studies the whole target and training goes on.
        source: whether the labelled source is used.
        target: whether the unlabelled target is used.
        updates: optimiser steps made on each pair of batches, in order.
    """

    name: str
    epochs: int = attrs.field(validator=ge(1))
    rounds: int = attrs.field(default=1, validator=ge(1))
    source: bool = True
    target: bool = True
    updates: tuple[Update, ...] = (Update(),)

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
        encoders: by modality, or by kind of input (`audio`, `image`, `signal`, `features`); the kind's default where neither is named.
    """

    fusion: ClassSpec
    projection: int | None = attrs.field(default=None, validator=attrs.validators.optional(ge(1)))
    encoders: dict[str, ClassSpec] = attrs.field(factory=dict)


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
class Training:
    """How the loop trains.

    Args:
        optimizer: a torch optimiser.
        batch_size: samples of each side a step, over all processes.
        learning_rate: schedule of the factor on the optimiser's rates.
        parameter_groups: options of the optimiser, by pattern over parameter names; the first match wins.
        gradient_clip: largest norm of the gradient of an update; None does not clip.
        modality_dropout: probability that a modality is dropped from a training sample; one always stays.
        precision: of the forward pass.
        validation: share of the source's training rows kept for validation where the table has no such split.
    """

    optimizer: ClassSpec = attrs.field(
        factory=lambda: {"class_path": "torch.optim.Adam", "init_args": {"lr": 1e-3}}
    )
    batch_size: int = attrs.field(default=32, validator=ge(1))
    learning_rate: LearningRate = LearningRate()
    parameter_groups: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    gradient_clip: float | None = attrs.field(default=None, validator=attrs.validators.optional(gt(0.0)))
    modality_dropout: float = attrs.field(default=0.0, validator=[ge(0.0), le(1.0)])
    precision: Literal["no", "fp16", "bf16"] = "no"
    validation: float = attrs.field(default=0.15, validator=[gt(0.0), le(0.5)])


@attrs.frozen
class Selection:
    """How the best checkpoint is chosen, without target labels.

    Args:
        score: name of a target-side score of `acclimate.framework.selection`, or `source_accuracy`.
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
    """

    schema: Literal[1]
    name: str
    description: str = ""
    model: Model
    aligners: dict[str, ClassSpec]
    parts: dict[str, ClassSpec] = attrs.field(factory=dict)
    selector: ClassSpec | None = None
    balancers: dict[str, Group] = attrs.field(factory=dict)
    stages: tuple[Stage, ...]
    training: Training = attrs.field(factory=Training)
    selection: Selection = attrs.field(factory=Selection)

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
        """The recipe as plain data, every default written out."""
        return attrs.asdict(self)


def read_recipe(name_or_path: str | Path, overrides: Mapping[str, object] | None = None) -> Recipe:
    """Read a recipe file, or one of ours by name.

    Args:
        name_or_path: path of a YAML file, or the name of a file of `acclimate/adapters/recipes`.
        overrides: values by dotted key, such as `{"training.batch_size": 64}`.

    Raises:
        RecipeError: if the file cannot be read, or a key or value is wrong; the message names it.
    """
    data = _load(name_or_path)
    for key, value in (overrides or {}).items():
        _override(data, key, value)
    return parse_recipe(data, str(name_or_path))


def parse_recipe(data: Mapping[str, Any], name: str = "recipe") -> Recipe:
    """Turn plain data into a Recipe; `name` stands in front of error messages."""
    version = data.get("schema")
    if version != SCHEMA_VERSION:
        raise RecipeError(f"{name}: schema must be {SCHEMA_VERSION}, but got {version!r}")
    return parse_attrs(Recipe, data, name)


def recipe_names() -> list[str]:
    """Names of the recipes that come with acclimate."""
    folder = resources.files("acclimate.adapters") / "recipes"
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def _load(name_or_path: str | Path) -> dict[str, Any]:
    path = Path(name_or_path)
    if path.suffix in {".yaml", ".yml"}:
        if not path.is_file():
            raise RecipeError(f"no recipe at {path}")
        text = path.read_text(encoding="utf-8")
    elif str(name_or_path) in recipe_names():
        text = (resources.files("acclimate.adapters") / "recipes" / f"{name_or_path}.yaml").read_text(encoding="utf-8")
    else:
        near = get_close_matches(str(name_or_path), recipe_names(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(recipe_names())}, or give a .yaml file"
        raise RecipeError(f"no recipe is called {str(name_or_path)!r}: {hint}")
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RecipeError(f"{name_or_path}: not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict):
        raise RecipeError(f"{name_or_path}: a recipe must be a mapping of keys, but got {type(data).__name__}")
    parent = data.pop("extends", None)
    if parent is None:
        return data
    beside = path.parent / str(parent)
    return _merge(_load(beside if path.suffix and beside.is_file() else parent), data)


def _merge(base: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Lay changes over a recipe, key by key; null takes a key away, a class or list is replaced whole."""
    merged = dict(base)
    for key, value in changes.items():
        before = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(before, dict) and "class_path" not in value:
            merged[key] = _merge(before, value)
        else:
            merged[key] = value
    return merged


def _override(data: dict[str, Any], key: str, value: object) -> None:
    *parents, last = key.split(".")
    node: Any = data
    for parent in parents:
        if isinstance(node, list) and parent.isdigit() and int(parent) < len(node):
            node = node[int(parent)]
        elif isinstance(node, dict):
            node = node.setdefault(parent, {})
        else:
            raise RecipeError(f"no key {key!r} in the recipe: {parent!r} holds no further keys")
    if not isinstance(node, dict):
        raise RecipeError(f"no key {key!r} in the recipe: its parent holds no keys")
    node[last] = value
