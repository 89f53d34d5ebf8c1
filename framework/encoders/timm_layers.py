"""Which layers of a timm model train, and where the model is cut between those and the others."""

from collections.abc import Sequence
from typing import Any

import attrs
import torch
from torch import Tensor, nn


def train_top_layers(model: nn.Module, trainable_layers: int) -> None:
    """Take all but the top layers out of training.

    A layer is what timm's own grouping says: a block of a transformer, a stage of a convolutional network. What has no
    matrix of weights, such as a last normalisation, belongs to the layer before; what stands before the first block is
    the lowest layer.

    Raises:
        ValueError: if timm groups this model's weights not at all, or into fewer layers.
    """
    layers = _layers(model)
    if not 0 <= trainable_layers <= len(layers):
        raise ValueError(
            f"trainable_layers must be from 0 to the {len(layers)} layers that timm tells apart, but got "
            f"{trainable_layers}."
        )
    weights = dict(model.named_parameters())
    for layer in layers[: len(layers) - trainable_layers]:
        for name in layer:
            weights[name].requires_grad = False


def frozen_modules(model: nn.Module) -> list[nn.Module]:
    """The modules that have weights of which none trains, without those inside of others."""
    weights = list(model.parameters())
    if weights and not any(weight.requires_grad for weight in weights):
        return [model]
    return [module for child in model.children() for module in frozen_modules(child)]


def frozen_state(model: nn.Module) -> nn.Module:
    """A module that holds the weights that do not train, and the buffers beside them."""
    state = nn.Module()
    for name, weight in model.named_parameters():
        if not weight.requires_grad:
            state.register_parameter(name.replace(".", "/"), weight)
    frozen = {id(buffer) for module in frozen_modules(model) for buffer in module.buffers()}
    for name, buffer in model.named_buffers():
        if id(buffer) in frozen:
            state.register_buffer(name.replace(".", "/"), buffer)
    return state


@attrs.frozen(eq=False)
class Cut:
    """Where a model falls into a frozen half and a chain of modules that train.

    Args:
        model: the whole model.
        chain: the upper half: each module takes what the one before gives, and nothing else.
        head: whether what timm puts behind the chain, pooling as a rule, belongs to the upper half.
    """

    model: Any
    chain: Sequence[nn.Module]
    head: bool = True

    def below(self, images: Tensor) -> Tensor:
        """What the first module of the chain takes, or the head where the chain is empty."""
        if not self.chain:
            activations: Tensor = self.model.forward_features(images) if self.head else self.model(images)
            return activations
        handle = self.chain[0].register_forward_pre_hook(_stop)
        try:
            self.model.forward_features(images)
        except _ReachedError as reached:
            return reached.activations
        finally:
            handle.remove()
        raise RuntimeError("the model did not come to its cut.")

    def above(self, activations: Tensor) -> Tensor:
        """The model's features from what `below` gives."""
        for module in self.chain:
            activations = module(activations)
        return self.model.forward_head(activations) if self.head else activations


class _ReachedError(Exception):
    def __init__(self, activations: Tensor) -> None:
        super().__init__()
        self.activations = activations


def _stop(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    raise _ReachedError(inputs[0])


@attrs.define(eq=False)
class _Call:
    """One use of a module: what it was given, if a single tensor, and what it made."""

    module: nn.Module
    given: Tensor | None
    made: object = None


def find_cut(model: nn.Module, example: Tensor) -> Cut | None:
    """Cut a model below the first module that trains; None where what follows is no plain chain.

    The model is run once, in evaluation mode, and each module's input compared with the output of the one before.

    Args:
        model: some of its weights frozen.
        example: images.
    """
    modes = {weight.requires_grad for weight in model.parameters()}
    if modes == {False}:
        return Cut(model, (), head=False)
    if modes == {True}:
        return None
    if not (hasattr(model, "forward_features") and hasattr(model, "forward_head")):
        return None
    calls, features = _record(model, example)
    trains = [any(weight.requires_grad for weight in call.module.parameters()) for call in calls]
    upper = calls[trains.index(True) :] if True in trains else []
    following = [*(call.given for call in upper[1:]), features]
    if any(call.given is None or call.made is not given for call, given in zip(upper, following, strict=False)):
        return None
    cut = Cut(model, tuple(call.module for call in upper))
    with torch.no_grad():
        # What is changed in place between two modules remains the same tensor.
        agrees = torch.allclose(cut.above(cut.below(example)), cut.model(example), rtol=1e-4, atol=1e-5)
    return cut if agrees else None


def _record(model: Any, example: Tensor) -> tuple[list[_Call], object]:  # noqa: ANN401 - timm's classes differ
    """The modules that ran one after the other, each as large as can be without both frozen and trainable weights."""
    calls: list[_Call] = []
    inside: list[_Call] = []

    def before(module: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        single = given[0] if len(given) == 1 and not named and isinstance(given[0], torch.Tensor) else None
        call = _Call(module, single)
        if not inside:
            calls.append(call)
        inside.append(call)

    def after(_: nn.Module, __: tuple[Any, ...], made: object) -> None:
        inside.pop().made = made

    handles = []
    for module in _unmixed(model):
        handles += [
            module.register_forward_pre_hook(before, with_kwargs=True),
            module.register_forward_hook(after),
        ]
    try:
        with torch.no_grad():
            features = model.forward_features(example)
    finally:
        for handle in handles:
            handle.remove()
    return calls, features


def _unmixed(model: nn.Module) -> list[nn.Module]:
    """All modules but those that have both frozen and trainable weights."""
    return [module for module in model.modules() if len({weight.requires_grad for weight in module.parameters()}) < 2]


def _layers(model: Any) -> list[list[str]]:  # noqa: ANN401 - timm's classes differ
    """Names of the weights of each layer, from the lowest."""
    from timm.models import group_parameters

    if not hasattr(model, "group_matcher"):
        raise ValueError(f"trainable_layers must be None for {type(model).__name__}, which timm tells no layers of.")
    weights = dict(model.named_parameters())
    layers: list[list[str]] = []
    for _, names in sorted(group_parameters(model, model.group_matcher(coarse=True)).items()):
        if layers and all(weights[name].ndim < 2 for name in names):
            layers[-1] += names
        else:
            layers.append(list(names))
    return layers
