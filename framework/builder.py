"""The Builder: a recipe, or parts by hand, and the data's schema -> a Method."""

from collections.abc import Callable, Collection, Mapping
from typing import Self, TypeVar, cast

import numpy as np
import torch
from torch import nn

from .batch import EncoderInput
from .data.preprocessing import Preprocessing
from .data.schema import Schema
from .encoders import as_encoder, default_encoder, make_encoder
from .errors import RecipeError
from .files.suggestion import suggestion
from .interfaces import Aligner, Balancer, Encoder, Fusion, TeacherSelector
from .intermediate import Encoded, Intermediate, to_encoded
from .layout import DomainSide, Layout, RowShape
from .method import BalancedGroup, Method
from .model import MultimodalModel
from .recipes.class_paths import check_trusted, import_class, instantiate
from .recipes.class_spec import ClassSpec
from .recipes.recipe import Recipe
from .tensors.evaluation_mode import evaluation_mode

T = TypeVar("T")


class Builder:
    """Assembles a Method, and says clearly what does not fit together.

    Args:
        recipe: the method as data.
        trusted: prefixes that every class_path must have, checked before anything is imported, such as
            `class_paths.TRUSTED`; None allows all, for recipes of one's own.

    Raises:
        RecipeError: if a class_path is not trusted.

    Example:
        >>> from acclimate.framework import Builder, Schema, Task, read_recipe
        >>> from acclimate.framework.data.preprocessing import FeaturesPreprocessing
        >>> preprocessing = FeaturesPreprocessing(mean=[0.0, 0.0], std=[1.0, 1.0])
        >>> schema = Schema({"audio": preprocessing}, (Task("label", ("no", "yes")),))
        >>> method = Builder(read_recipe("source-only")).build(schema)
        >>> method.model.modalities
        ('audio',)
    """

    def __init__(self, recipe: Recipe, *, trusted: Collection[str] | None = None) -> None:
        self.recipe = recipe
        self._encoders: dict[str, tuple[nn.Module, int | None]] = {}
        self._parts: dict[str, nn.Module] = {}
        self._model: MultimodalModel | None = None
        if trusted is not None:
            for key, spec in recipe.class_specs():
                check_trusted(spec, trusted, f"{recipe.name}: {key}")

    def with_encoder(self, modality: str, encoder: nn.Module, out_features: int | None = None) -> Self:
        """Use this module for a modality, ours or any `nn.Module` that maps `(B, ...)` to `(B, out_features)`.

        Args:
            modality: its name.
            encoder: the module itself, not a copy.
            out_features: length of the vectors; None asks the module, and runs it once where it does not say.
        """
        self._encoders[modality] = (encoder, out_features)
        return self

    def with_model(self, model: MultimodalModel) -> Self:
        """Start from this model, such as a source model that is already trained: its weights stay as they are."""
        self._model = model
        return self

    def with_part(self, name: str, part: nn.Module) -> Self:
        """Use this module for a shared part of the recipe: the one that a model given by `with_model` holds already."""
        self._parts[name] = part
        return self

    def build(self, schema: Schema, samples: Mapping[DomainSide, int] | None = None, seed: int = 0) -> Method:
        """Make the Method for data of this schema.

        Args:
            schema: modalities, their preprocessing, and tasks.
            samples: number of training samples, by side.
            seed: of the initial weights; torch's own generator is left as it was.

        Raises:
            RecipeError: naming the part that does not fit, and why. What else a part's `bind` raises comes as it is.
        """
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            try:
                method = self._assemble(schema)
            except RecipeError:
                raise
            except (ValueError, KeyError) as error:
                # torch's of a name that a module cannot have; its own text is the message in quotes.
                raise RecipeError(f"{self.recipe.name}: {error.args[0]}") from error
            self._bind(method, schema, samples or {})
            return method

    def _assemble(self, schema: Schema) -> Method:
        recipe = self.recipe
        model = self._make_model(schema) if self._model is None else self._check_model(self._model, schema)
        return Method(
            model,
            {name: self._make(Aligner, spec, f"aligners.{name}") for name, spec in recipe.aligners.items()},
            None if recipe.selector is None else self._make(TeacherSelector, recipe.selector, "selector"),
            {
                name: BalancedGroup(
                    group.terms, self._make(Balancer, group.balancer, f"balancers.{name}.balancer"), group.weight
                )
                for name, group in recipe.balancers.items()
            },
            self._make_parts(),
        )

    def _bind(self, method: Method, schema: Schema, samples: Mapping[DomainSide, int]) -> None:
        model = method.model
        layout = Layout(
            schema.modalities,
            schema.tasks,
            model.feature_sizes,
            model.task_feature_sizes,
            samples,
            intermediate_shapes=model.intermediate_shapes,
        )
        try:
            method.bind(layout, fusion=self._model is None)
        except RecipeError as error:
            raise RecipeError(f"{self.recipe.name}: {error}") from error

    def _make_parts(self) -> dict[str, nn.Module]:
        specs = self.recipe.parts
        for name in self._parts:
            if name not in specs:
                raise ValueError(
                    f"a part {name!r} is given, which the recipe does not have{suggestion(name, [*specs])}"
                )
        missing = [] if self._model is None else [name for name in specs if name not in self._parts]
        if missing:
            raise ValueError(f"the model may share the part {missing[0]!r}: give it as well, by with_part")
        made = {name: self._make(nn.Module, specs[name], f"parts.{name}") for name in specs if name not in self._parts}
        return made | self._parts

    def _check_model(self, model: MultimodalModel, schema: Schema) -> MultimodalModel:
        if model.modalities != schema.modalities or model.tasks != schema.tasks:
            raise ValueError(
                f"the model has modalities {model.modalities} and tasks {model.tasks}, but the data have "
                f"{schema.modalities} and {schema.tasks}"
            )
        if model.input_maps != dict(schema.maps):
            raise ValueError("the model and the schema must have the same input maps, but have others")
        if self._encoders:
            raise ValueError(f"a model is given, so no encoder can be, but got one for {next(iter(self._encoders))!r}")
        for name, encoder in model.encoders.items():
            _try(cast("Encoder", encoder), schema.preprocessing[name], f"the model's encoder of {name!r}")
        return model

    def _make_model(self, schema: Schema) -> MultimodalModel:
        kinds = {preprocessing.kind for preprocessing in schema.preprocessing.values()}
        for name, known in (
            *((name, [*schema.modalities, *sorted(kinds)]) for name in self.recipe.model.encoders),
            *((name, [*schema.modalities]) for name in self._encoders),
        ):
            if name not in known:
                raise ValueError(
                    f"an encoder is given for {name!r}, which is neither a modality nor a kind of input here"
                    f"{suggestion(name, known)}"
                )
        encoders = {name: self._make_encoder(name, schema.preprocessing[name]) for name in schema.modalities}
        fusion = self._make(Fusion, self.recipe.model.fusion, "model.fusion")
        model = self.recipe.model
        return MultimodalModel(
            encoders, schema.tasks, fusion, model.projection, unit_norm=model.unit_norm, input_maps=schema.maps
        )

    def _make_encoder(self, modality: str, preprocessing: Preprocessing) -> Encoder:
        specs = self.recipe.model.encoders
        name = modality if modality in specs else preprocessing.kind
        if modality in self._encoders:
            return _wrap(*self._encoders[modality], preprocessing, f"the encoder given for {modality!r}")
        if name not in specs:
            return default_encoder(preprocessing)
        key = f"{self.recipe.name}: model.encoders.{name}"
        encoder_class = import_class(specs[name], key)
        if not issubclass(encoder_class, Encoder):
            raise RecipeError(f"{key}: {specs[name].class_path} must be an Encoder, but is none")
        try:
            encoder = make_encoder(encoder_class, preprocessing, specs[name].init_args)
        except (TypeError, ValueError) as error:
            raise RecipeError(f"{key}: {error}") from error
        _try(encoder, preprocessing, f"model.encoders.{name}")
        return encoder

    def _make(self, expected: Callable[..., T], spec: ClassSpec, key: str) -> T:
        return instantiate(expected, spec, f"{self.recipe.name}: {key}")


def _wrap(module: nn.Module, size: int | None, preprocessing: Preprocessing, name: str) -> Encoder:
    if isinstance(module, Encoder):
        _try(module, preprocessing, name)
    try:
        return as_encoder(module, size, torch.from_numpy(np.zeros((2, *preprocessing.shape), preprocessing.dtype)))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _try(encoder: Encoder, preprocessing: Preprocessing, name: str) -> None:
    """Run an encoder once, as it would be in use, so that sizes that do not fit are found now and not in training."""
    device = next((weight.device for weight in encoder.parameters()), None)
    inputs = torch.from_numpy(np.zeros((2, *preprocessing.shape), preprocessing.dtype)).to(device)
    try:
        with evaluation_mode(encoder), torch.no_grad():
            encoded = to_encoded(encoder(EncoderInput(inputs)))
    except (AssertionError, IndexError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(
            f"{name} does not take inputs of shape {tuple(inputs.shape)}, which the data have: {_first_line(error)}"
        ) from error
    _check_intermediate(encoder, encoded, name)


def _check_intermediate(encoder: Encoder, encoded: Encoded, name: str) -> None:
    announced = dict(encoder.intermediate_shapes)
    found = {key: _row_shape(made) for key, made in encoded.intermediate.items()}
    if found != announced:
        raise ValueError(f"{name} must hand on what its intermediate_shapes announce, {announced}, but did {found}")


def _row_shape(made: Intermediate) -> RowShape:
    shape = tuple(made.values.shape[1:])
    return shape if made.lengths is None else (None, *shape[1:])


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
