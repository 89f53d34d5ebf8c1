"""The schedule of a learning rate."""

import math
from typing import Literal

import attrs
from attrs.validators import ge, gt, le, lt

from .plain_data import NEWER


@attrs.frozen
class LearningRate:
    """Factor on the optimiser's learning rate, as a function of progress p from 0 to 1.

    `inverse` is the annealing of Ganin et al., "Domain-adversarial training of neural networks" (JMLR 2016, section
    5.2.2, https://arxiv.org/abs/1505.07818), with the alpha and beta given there as defaults.

    Args:
        decay: "constant"; "cosine", to 0 at the end; "step"; "inverse", (1 + alpha p)^-beta; or "linear", to 0 at the
            end.
        warmup: share of training over which the factor rises from 0.
        milestones: progress at which a step decay multiplies by `gamma`.
        gamma: see `milestones`.
        alpha: of an inverse decay.
        beta: of an inverse decay.
        flat: progress from which on a linear decay falls; before, it stays at 1.

    Example:
        >>> LearningRate("step", milestones=(0.5,), gamma=0.1).factor(0.6)
        0.1
        >>> round(LearningRate("inverse").factor(0.5), 4)
        0.2608
        >>> LearningRate("linear", flat=0.5).factor(0.75)
        0.5
    """

    decay: Literal["constant", "cosine", "step", "inverse", "linear"] = "constant"
    warmup: float = attrs.field(default=0.0, validator=[ge(0.0), le(1.0)])
    milestones: tuple[float, ...] = ()
    gamma: float = attrs.field(default=0.1, validator=gt(0.0))
    alpha: float = attrs.field(default=10.0, validator=ge(0.0), metadata=NEWER)
    beta: float = attrs.field(default=0.75, validator=ge(0.0), metadata=NEWER)
    flat: float = attrs.field(default=0.0, validator=[ge(0.0), lt(1.0)], metadata=NEWER)

    def __attrs_post_init__(self) -> None:
        fields = attrs.fields_dict(type(self))
        for name, decay in (("alpha", "inverse"), ("beta", "inverse"), ("flat", "linear")):
            if self.decay != decay and getattr(self, name) != fields[name].default:
                raise ValueError(f"{name} is for the decay {decay!r}, but the decay is {self.decay!r}.")

    def factor(self, progress: float) -> float:
        """The factor at a progress from 0 to 1."""
        rise = min(1.0, progress / self.warmup) if self.warmup > 0 else 1.0
        if self.decay == "cosine":
            return rise * 0.5 * (1 + math.cos(math.pi * progress))
        if self.decay == "step":
            return rise * self.gamma ** sum(progress >= milestone for milestone in self.milestones)
        if self.decay == "inverse":
            return rise * math.pow(1 + self.alpha * progress, -self.beta)
        if self.decay == "linear":
            return rise * min(1.0, (1 - progress) / (1 - self.flat))
        return rise
