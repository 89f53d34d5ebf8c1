"""The Builder: a recipe, or parts by hand, and the data's schema -> a Method."""

from collections.abc import Collection, Mapping
from typing import Self, TypeVar

import torch
from torch import nn

from .data import Schema
from .encoders import as_encoder, default_encoder, make_encoder
from .errors import RecipeError
from .interfaces import Aligner, Balancer, Encoder, Fusion, TeacherSelector
from .layout import DomainSide, Layout
from .method import BalancedGroup, Method
from .model import MultimodalModel
from .parsing import import_class, instantiate, suggestion
from .recipe import Recipe
from .selection import check_score

P = TypeVar("P", bound=nn.Module)

TRUSTED: tuple[str, ...] = ("acclimate.", "torch.optim.")
"""What a class_path may begin with in a recipe that comes from strangers."""


class Builder:
    """Assembles a Method, and says clearly what does not fit together.

    Args:
        recipe: the method as data.
        trusted: prefixes that a class_path must have, checked before anything is imported; None allows all, for recipes of one's own.

    Raises:
        RecipeError: if a class_path is not trusted.

    Example:
        >>> from acclimate.framework import Builder, Schema, Task, read_recipe
        >>> from acclimate.framework.data.preprocessing import FeaturesPreprocessing
        >>> schema = Schema({"audio": FeaturesPreprocessing(size=4)}, (Task("label", ("no", "yes")),))
        >>> method = Builder(read_recipe("source-only")).build(schema)
        >>> method.model.modalities
        ('audio',)
    """

    def __init__(self, recipe: Recipe, *, trusted: Collection[str] | None = None) -> None:
        self.recipe = recipe
        self._encoders: dict[str, Encoder] = {}
        self._model: MultimodalModel | None = None
        if trusted is not None:
            for key, spec in recipe.class_specs():
                if not str(spec.get("class_path", "")).startswith(tuple(trusted)):
                    raise RecipeError(
                        f"{recipe.name}: {key}: class_path must begin with one of {', '.join(trusted)}, but got "
                        f"{spec.get('class_path')!r}"
                    )

    def with_encoder(self, modality: str, encoder: nn.Module, out_features: int | None = None) -> Self:
        """Use this module for a modality, ours or any `nn.Module` that maps `(B, ...)` to `(B, out_features)`."""
        self._encoders[modality] = as_encoder(encoder, out_features)
        return self

    def with_model(self, model: MultimodalModel) -> Self:
        """Start from this model, such as a source model that is already trained."""
        self._model = model
        return self

    def build(self, schema: Schema, samples: Mapping[DomainSide, int] | None = None, seed: int = 0) -> Method:
        """Make the Method for data of this schema.

        Args:
            schema: modalities, their preprocessing, and tasks.
            samples: number of training samples, by side.
            seed: of the initial weights; torch's own generator is left as it was.

        Raises:
            RecipeError: naming the part that does not fit, and why.
        """
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return self._build(schema, samples or {})

    def _build(self, schema: Schema, samples: Mapping[DomainSide, int]) -> Method:
        recipe = self.recipe
        model = self._model or self._make_model(schema)
        if model.modalities != schema.modalities or model.tasks != schema.tasks:
            raise RecipeError(
                f"{recipe.name}: the model has modalities {model.modalities} and tasks {model.tasks}, but the data have "
                f"{schema.modalities} and {schema.tasks}"
            )
        method = Method(
            model,
            {name: self._make(Aligner, spec, f"aligners.{name}") for name, spec in recipe.aligners.items()},
            None if recipe.selector is None else self._make(TeacherSelector, recipe.selector, "selector"),
            {
                name: BalancedGroup(
                    group.terms, self._make(Balancer, group.balancer, f"balancers.{name}.balancer"), group.weight
                )
                for name, group in recipe.balancers.items()
            },
            {name: self._make(nn.Module, spec, f"parts.{name}") for name, spec in recipe.parts.items()},
        )
        layout = Layout(schema.modalities, schema.tasks, model.feature_sizes, model.task_feature_sizes, samples)
        try:
            check_score(recipe.selection.score)
            method.bind(layout, fusion=self._model is None)
        except (ValueError, KeyError) as error:
            raise RecipeError(f"{recipe.name}: {error}") from error
        return method

    def _make_model(self, schema: Schema) -> MultimodalModel:
        specs = self.recipe.model.encoders
        kinds = {preprocessing.kind for preprocessing in schema.preprocessing.values()}
        for name in (*specs, *self._encoders):
            if name not in schema.preprocessing and name not in kinds:
                raise RecipeError(
                    f"{self.recipe.name}: an encoder is given for {name!r}, which is neither a modality nor a kind of "
                    f"input here{suggestion(name, [*schema.modalities, *sorted(kinds)])}"
                )
        encoders = {name: self._encoder(name, schema) for name in schema.modalities}
        fusion = self._make(Fusion, self.recipe.model.fusion, "model.fusion")
        return MultimodalModel(encoders, schema.tasks, fusion, self.recipe.model.projection)

    def _encoder(self, modality: str, schema: Schema) -> Encoder:
        if modality in self._encoders:
            return self._encoders[modality]
        preprocessing = schema.preprocessing[modality]
        specs = self.recipe.model.encoders
        name = modality if modality in specs else preprocessing.kind
        if name not in specs:
            return default_encoder(preprocessing)
        key = f"{self.recipe.name}: model.encoders.{name}"
        encoder_class = import_class(Encoder, specs[name], key)
        try:
            return make_encoder(encoder_class, preprocessing, specs[name].get("init_args", {}))
        except (TypeError, ValueError) as error:
            raise RecipeError(f"{key}: {error}") from error

    def _make(self, expected: type[P], spec: Mapping[str, object], key: str) -> P:
        made: P = instantiate(expected, spec, f"{self.recipe.name}: {key}")
        return made
