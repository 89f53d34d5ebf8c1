"""Parts made afresh and bound to a layout, as the Builder binds them."""

import copy
import zlib
from collections.abc import Callable, Mapping
from typing import TypeAlias, TypeVar

import torch
from torch import nn

from ..batch import Step
from ..interfaces import Part
from ..layout import Layout

P = TypeVar("P", bound=Part)
M = TypeVar("M", bound=nn.Module)

Made: TypeAlias = M | Callable[[], M]
"""A module that nobody has bound, or what makes one, such as its class."""

Parts: TypeAlias = Mapping[str, Made[nn.Module]]
"""Modules that parts share, by the name that they look for."""


def make(made: Made[M]) -> M:
    """A module of its own: a copy, or a new one."""
    return copy.deepcopy(made) if isinstance(made, nn.Module) else made()


def name_of(made: Made[M]) -> str:
    """What a module is called in sentences: its class."""
    return type(make(made)).__name__


def bind(made: Made[P], layout: Layout, parts: Parts, dtype: torch.dtype, *, redraw: bool = True) -> P:
    """A part of its own, bound after the modules that it shares, with the same weights at each call.

    Args:
        made: the part.
        layout: what it is bound to.
        parts: modules that it shares.
        dtype: of its weights.
        redraw: whether its weights are drawn anew between -.5 and .5, so that none is zero and hides others from the
            gradient; by name, so that a task's weights do not depend on what other tasks there are.
    """
    with torch.random.fork_rng():
        torch.manual_seed(0)
        part, shared = make(made), {name: make(module) for name, module in parts.items()}
        for module in shared.values():
            if isinstance(module, Part):
                module.bind(layout, shared)
        part.bind(layout, shared)
        for name, weight in part.named_parameters() if redraw else ():
            torch.manual_seed(zlib.crc32(name.encode()))
            nn.init.uniform_(weight, -0.5, 0.5)
    for module in shared.values():
        module.to(dtype)
    return part.to(dtype)


@torch.no_grad()
def let_observe(part: Part, step: Step) -> None:
    """Let a part, and those that it has taken, see a step of training, shared ones first."""
    for module in reversed([*part.modules()]):
        if isinstance(module, Part):
            module.observe(step)
