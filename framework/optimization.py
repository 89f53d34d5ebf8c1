"""The optimiser: parameter groups by pattern, and its state as tensors and plain data instead of a pickle."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from .method import matches
from .parsing import instantiate
from .recipe import Training


def make_optimizer(module: nn.Module, training: Training) -> Optimizer:
    """An optimiser over all trainable parameters of a module.

    Args:
        module: whose parameters are trained.
        training: names the optimiser, and options by pattern over parameter names.

    Raises:
        RecipeError: if the optimiser or an option is wrong.
    """
    members: dict[str, list[nn.Parameter]] = {}
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            pattern = next((key for key in training.parameter_groups if matches(name, (key,))), "")
            members.setdefault(pattern, []).append(parameter)
    groups = [
        {"params": parameters, **training.parameter_groups.get(pattern, {})} for pattern, parameters in members.items()
    ]
    make = instantiate(Callable[[Iterable[Tensor]], Optimizer], training.optimizer, "training.optimizer")
    optimizer: Optimizer = make(groups)
    for group in optimizer.param_groups:
        group["base_lr"] = group["lr"]
    return optimizer


def set_learning_rate(optimizer: Optimizer, factor: float) -> None:
    """Set every group's learning rate to its first one times a factor."""
    for group in optimizer.param_groups:
        group["lr"] = group["base_lr"] * factor


def optimizer_state(optimizer: Optimizer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The state as tensors by name, and as plain data."""
    state = optimizer.state_dict()
    tensors: dict[str, Tensor] = {}
    numbers: dict[str, dict[str, Any]] = {}
    for index, values in state["state"].items():
        for key, value in values.items():
            if isinstance(value, Tensor):
                tensors[f"{index}.{key}"] = value
            else:
                numbers.setdefault(str(index), {})[key] = value
    return tensors, {"numbers": numbers, "groups": state["param_groups"]}


def load_optimizer_state(optimizer: Optimizer, tensors: Mapping[str, Tensor], plain: Mapping[str, Any]) -> None:
    """Put a saved state back."""
    state: dict[int, dict[str, Any]] = {int(index): dict(values) for index, values in plain["numbers"].items()}
    for name, tensor in tensors.items():
        index, key = name.split(".", 1)
        state.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": plain["groups"]})


def random_state(generator: torch.Generator) -> dict[str, Tensor]:
    """State of a generator and of torch's own ones."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    devices = {f"cuda.{number}": state for number, state in enumerate(cuda)}
    return {"generator": generator.get_state(), "torch": torch.get_rng_state(), **devices}


def load_random_state(generator: torch.Generator, states: Mapping[str, Tensor]) -> None:
    """Put saved generator states back."""
    generator.set_state(states["generator"])
    torch.set_rng_state(states["torch"])
    if torch.cuda.is_available():
        for number in range(torch.cuda.device_count()):
            if f"cuda.{number}" in states:
                torch.cuda.set_rng_state(states[f"cuda.{number}"], number)
