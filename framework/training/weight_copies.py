"""Weights that one stage hands to the next, such as those of a source encoder to a target encoder (ADDA)."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ..errors import RecipeError
from ..recipes.patterns import rename
from ..recipes.recipe import Copy
from .optimisation import abridged


def copy_weights(module: nn.Module, copies: Sequence[Copy]) -> None:
    """Write weights over others, one copy after the other; see `check_copies` for what must hold."""
    state = module.state_dict()
    with torch.no_grad():
        for copy in copies:
            for name, to in _pairs(state, copy):
                state[to].copy_(state[name])


def check_copies(module: nn.Module, copies: Sequence[Copy], key: str) -> None:
    """Refuse what cannot be copied.

    Args:
        module: whose parameters and buffers these are.
        copies: patterns over their names.
        key: of the recipe, where they stand.

    Raises:
        RecipeError: if a pattern fits nothing, names something that is not there, or shapes differ.
    """
    state = module.state_dict()
    for copy in copies:
        try:
            pairs = _pairs(state, copy)
        except ValueError as error:
            raise RecipeError(f"{key}: {error}") from error
        if not pairs:
            raise RecipeError(f"{key}: no weight is called {copy.weights!r}; there are {abridged(list(state))}")
        for name, to in pairs:
            if to not in state:
                raise RecipeError(f"{key}: {name} is copied to {to!r}, which is not there")
            if state[to].shape != state[name].shape:
                shapes = f"{tuple(state[name].shape)} but {to} of {tuple(state[to].shape)}"
                raise RecipeError(f"{key}: {name} is of shape {shapes}")


def _pairs(state: Mapping[str, Tensor], copy: Copy) -> list[tuple[str, str]]:
    renamed = ((name, rename(name, copy.weights, copy.to)) for name in state)
    return [(name, to) for name, to in renamed if to is not None]
