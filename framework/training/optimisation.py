"""The optimiser: parameter groups by pattern, and its state as tensors and plain data instead of a pickle."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import attrs
from torch import Tensor, nn
from torch.optim import Optimizer

from ..errors import RecipeError
from ..files.suggestion import suggestion
from ..recipes.class_paths import instantiate_later
from ..recipes.learning_rate import LearningRate
from ..recipes.parsing import parse_attrs
from ..recipes.patterns import matches
from ..recipes.recipe import Training, Update

FACTOR: Final = "lr_factor"
"""Option of a parameter group: what the optimiser's own rate is multiplied by."""

SCHEDULE: Final = "learning_rate"
"""Option of a parameter group: a schedule of its own, in place of the recipe's."""


def make_optimizer(module: nn.Module, training: Training) -> Optimizer:
    """An optimiser over all trainable parameters of a module.

    Args:
        module: whose parameters are trained.
        training: names the optimiser, and options by pattern over parameter names; `lr_factor` multiplies its rate.

    Raises:
        RecipeError: if the optimiser or an option is wrong, or a pattern fits no parameter.
    """
    check_patterns(module, list(training.parameter_groups), "training.parameter_groups")
    members = _group(module, training)
    groups = [{"params": members[pattern], **_own_options(training, pattern)} for pattern in members]
    make = instantiate_later(Optimizer, Iterable[Tensor], training.optimizer, "training.optimizer")
    try:
        optimizer = make(groups)
    except (TypeError, ValueError) as error:
        raise RecipeError(f"training.optimizer: {error}") from error
    for pattern in training.parameter_groups:
        _check_options(_own_options(training, pattern), optimizer.defaults, _key(pattern))
    for pattern, group in zip(members, optimizer.param_groups, strict=True):
        if FACTOR in training.parameter_groups.get(pattern, {}):
            group["lr"] *= _factor(training.parameter_groups[pattern], _key(pattern))
        group["base_lr"] = group["lr"]
    return optimizer


def make_schedules(module: nn.Module, training: Training) -> tuple[LearningRate, ...]:
    """The learning rate's schedule of each parameter group, in the optimiser's order.

    Args:
        module: whose parameters are trained.
        training: has a schedule for all, and some of groups by pattern.

    Raises:
        RecipeError: if a group's schedule is none.
    """
    own = {pattern: options[SCHEDULE] for pattern, options in training.parameter_groups.items() if SCHEDULE in options}
    schedules = {key: parse_attrs(LearningRate, data, f"{_key(key)}.{SCHEDULE}") for key, data in own.items()}
    return tuple(schedules.get(pattern, training.learning_rate) for pattern in _group(module, training))


def _group(module: nn.Module, training: Training) -> dict[str, list[nn.Parameter]]:
    """Trainable parameters by the first pattern that fits; those that none fits, by the empty one."""
    members: dict[str, list[nn.Parameter]] = {}
    for parameter, names in _trainable(module).items():
        fitting = (key for key in training.parameter_groups if any(matches(name, (key,)) for name in names))
        members.setdefault(next(fitting, ""), []).append(parameter)
    return members


def _own_options(training: Training, pattern: str) -> dict[str, Any]:
    """A group's options that are the optimiser's."""
    options = training.parameter_groups.get(pattern, {})
    return {name: value for name, value in options.items() if name not in {FACTOR, SCHEDULE}}


def _factor(options: Mapping[str, Any], key: str) -> float:
    factor = options[FACTOR]
    if isinstance(factor, bool) or not isinstance(factor, float | int) or not factor > 0:
        raise RecipeError(f"{key}.{FACTOR} must be a positive number, but got {factor!r}")
    if "lr" in options:
        raise RecipeError(f"{key} must have lr or {FACTOR}, but has both")
    return float(factor)


def _key(pattern: str) -> str:
    return f"training.parameter_groups.{pattern}"


def check_patterns(module: nn.Module, patterns: Sequence[str], key: str) -> None:
    """Refuse a pattern that fits no trainable parameter: it is most likely misspelt, and would be without effect.

    Args:
        module: whose parameters are trained.
        patterns: over names.
        key: of the recipe, where the patterns stand.

    Raises:
        RecipeError: naming the first such pattern.
    """
    names = [name for found in _trainable(module).values() for name in found]
    for pattern in patterns:
        if not any(matches(name, (pattern,)) for name in names):
            raise RecipeError(f"{key}: no trainable parameter is called {pattern!r}; there are {abridged(names)}")


@attrs.frozen(eq=False)
class BoundUpdate:
    """An update with the parameters that it moves, and those that it leaves alone."""

    update: Update
    moved: tuple[nn.Parameter, ...]
    frozen: tuple[nn.Parameter, ...]


def bind_update(module: nn.Module, update: Update) -> BoundUpdate:
    """Find the trainable parameters that an update moves: it fits them by any of their names."""
    fits = {key: any(matches(name, update.parameters) for name in names) for key, names in _trainable(module).items()}
    return BoundUpdate(update, tuple(key for key in fits if fits[key]), tuple(key for key in fits if not fits[key]))


def _trainable(module: nn.Module) -> dict[nn.Parameter, list[str]]:
    """Trainable parameters and their names, of which those of a part that others share have several."""
    names: dict[nn.Parameter, list[str]] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        if parameter.requires_grad:
            names.setdefault(parameter, []).append(name)
    return names


def abridged(names: Sequence[str]) -> str:
    """The names, or the first and last of many."""
    return ", ".join(names) if len(names) <= 6 else ", ".join([*names[:3], "...", *names[-2:]])


def _check_options(options: Mapping[str, Any], defaults: Mapping[str, Any], key: str) -> None:
    """An optimiser keeps options that it does not know, and numbers that are strings, until something breaks."""
    for name, value in options.items():
        if name not in defaults:
            known = [*defaults, FACTOR, SCHEDULE]
            raise RecipeError(f"{key}: no option {name!r}{suggestion(name, known)}")
        if isinstance(defaults[name], float) and not isinstance(value, float | int):
            raise RecipeError(f"{key}.{name} must be a number, but got {value!r} (YAML wants a point: 1.0e-3)")


def set_learning_rates(optimizer: Optimizer, schedules: Sequence[LearningRate], progress: float) -> None:
    """Set every group's learning rate to its first one times its schedule's factor.

    Args:
        optimizer: made by `make_optimizer`.
        schedules: of its groups, made by `make_schedules`.
        progress: of training, from 0 to 1.
    """
    for group, schedule in zip(optimizer.param_groups, schedules, strict=True):
        group["lr"] = group["base_lr"] * schedule.factor(progress)


def optimizer_state(optimizer: Optimizer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The state as tensors by name, and as plain data."""
    state = optimizer.state_dict()
    tensors: dict[str, Tensor] = {}
    plain: dict[str, dict[str, Any]] = {}
    for index, values in state["state"].items():
        for key, value in values.items():
            if isinstance(value, Tensor):
                tensors[f"{index}.{key}"] = value
            else:
                plain.setdefault(str(index), {})[key] = value
    return tensors, {"state": plain, "groups": state["param_groups"]}


def load_optimizer_state(optimizer: Optimizer, tensors: Mapping[str, Tensor], plain: Mapping[str, Any]) -> None:
    """Put a saved state back."""
    state: dict[int, dict[str, Any]] = {int(index): dict(values) for index, values in plain["state"].items()}
    for name, tensor in tensors.items():
        index, key = name.split(".", 1)
        state.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": plain["groups"]})
