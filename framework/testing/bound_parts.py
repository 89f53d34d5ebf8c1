"""Parts made afresh and bound to a layout, as the Builder binds them."""

import copy
import zlib
from collections.abc import Callable, Mapping
from typing import Generic, TypeAlias, TypeVar, cast

import attrs
import torch
from torch import nn

from ..batch import Step
from ..interfaces import Fusion, Part
from ..layout import Layout
from ..method import MODEL
from ..tensors.seeded import seeded
from .tiny_model import make_model

P = TypeVar("P", bound=Part)
M = TypeVar("M", bound=nn.Module)

Made: TypeAlias = M | Callable[[], M]
"""A module that nobody has bound, or what makes one, such as its class."""

Parts: TypeAlias = Mapping[str, Made[nn.Module]]
"""Modules that parts share, by the name that they look for."""


def make(made: Made[M]) -> M:
    """A module of its own: a copy, or a new one."""
    return copy.deepcopy(cast("M", made)) if isinstance(made, nn.Module) else made()


def name_of(made: Made[M]) -> str:
    """What a module is called in sentences: its class."""
    return type(make(made)).__name__


@attrs.frozen(eq=False)
class Bound(Generic[P]):
    """A part that has been bound, and the Parts among the modules that it shares.

    Args:
        part: the part itself.
        shared: the others, bound before it.
    """

    part: P
    shared: tuple[Part, ...]

    @torch.no_grad()
    def observe(self, step: Step) -> None:
        """Let them see a step of training, as a Method does: shared ones first."""
        parts: tuple[Part, ...] = (*self.shared, self.part)
        for part in parts:
            part.observe(step)


def bind(made: Made[P], layout: Layout, parts: Parts, dtype: torch.dtype, *, redraw: bool = True) -> Bound[P]:
    """A part of its own, bound after the modules that it shares, with the same weights at each call.

    Args:
        made: the part.
        layout: what it is bound to.
        parts: modules that it shares; a part other than a Fusion finds a small model among them too, as in a Method.
        dtype: of its weights.
        redraw: whether its weights are drawn anew between -.5 and .5, so that none is zero and hides others from the
            gradient; by name, so that a task's weights do not depend on what other tasks there are.
    """
    with seeded(0):
        part, shared = make(made), {name: make(module) for name, module in parts.items()}
        for module in shared.values():
            if isinstance(module, Part):
                module.bind(layout, shared)
        part.bind(layout, shared if isinstance(part, Fusion) else {**shared, MODEL: make_model(layout)})
        for name, weight in part.named_parameters() if redraw else ():
            own = torch.Generator(weight.device).manual_seed(zlib.crc32(name.encode()))
            nn.init.uniform_(weight, -0.5, 0.5, own)
    for module in shared.values():
        module.to(dtype)
    return Bound(part.to(dtype), tuple(module for module in shared.values() if isinstance(module, Part)))
