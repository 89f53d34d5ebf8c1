r"""The projections U and V of OSAN's tensor-based alignment (TAL), which follow running covariances.

Liu, Qiao, Lu, Yin, Lin, Peng, Ren: OSAN: A One-Stage Alignment Network to Unify Multimodal Alignment and Unsupervised
Domain Adaptation, CVPR 2023, https://doi.org/10.1109/CVPR52729.2023.00346, section 3.1. The
authors have published no code.

A sample is the outer product of its modalities' centred feature vectors. Each side has a linear map per modality, U
and V; they are found by maximising the correlation of paired source and target tensors, one modality at a time
(`canonical_correlation.py`).
"""

import math
from collections.abc import Mapping
from typing import Final, cast, get_args

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ..framework.arguments import check_not_negative, check_one_of, check_positive, check_within
from ..framework.batch import Side
from ..framework.errors import RecipeError
from ..framework.interfaces import Part
from ..framework.layout import DomainSide, Layout
from ..framework.tensors.named_modules import NamedModules
from .tensor_mode import Solver, TensorMode

LARGEST_PRODUCT: Final = 512
"""Length that the joint feature does not exceed where no sizes are given."""


class TensorProjections(Part):
    r"""U and V of every modality: constants for the gradient, followed from step to step.

    A shared part: `TensorProduct` projects with it, `TensorAlignment` updates it. It keeps moving averages of each
    side's means and of C_xx, C_xy and C_yy; each update takes in one pair of batches, and goes once through all
    modalities.

    Decided here, as the paper leaves it open:

    - Each modality's vector is centred by its side's running mean. To centre the tensor instead would give up rank one.
    - An absent modality's projected vector is all ones, the neutral element of the product.
    - C_xx is divided by the sum of its weights, C_yy too, and C_xy by the root of both: correlations are within [0, 1],
      and sizes that differ do not make the scale of the modalities drift.
    - The ridge is relative to the mean variance of the features.

    Args:
        sizes: the length of each modality's projected vector, for all modalities; None makes them equal, as long as
            can be with a product of at most 512 (the paper: 384 x 2 x 2 and 56 x 14).
        momentum: the momentum of the moving covariances; early steps are averaged evenly.
        mean_momentum: the momentum of the moving means, which a few batches tell well, and which move as the features
            learn.
        ridge: what is added to the diagonals of the covariances, times their mean variance.
        solver: "sweep" improves U and V by one iteration from where they are; "closed_form" decomposes the covariances
            anew and turns the result towards the last one.
        inertia: how much the iteration keeps of the step before, see `improve`.

    Raises:
        ValueError: if an argument breaks its rule.

    Example:
        >>> from acclimate.framework.testing import make_layout, make_step
        >>> projections, side = TensorProjections({"audio": 3, "image": 2}), make_step(rows=8).source
        >>> projections.bind(make_layout(), {})
        >>> centred = projections.centre(side.outputs.features, side.batch.present, "source")
        >>> vectors = projections.project(centred, side.batch.present, "source")
        >>> projections.joint_size, vectors["audio"].shape, vectors["image"].shape
        (6, torch.Size([8, 3]), torch.Size([8, 2]))
    """

    steps: Tensor

    def __init__(
        self,
        sizes: Mapping[str, int] | None = None,
        *,
        momentum: float = 0.99,
        mean_momentum: float = 0.9,
        ridge: float = 1e-3,
        solver: Solver = "sweep",
        inertia: float = 1.0,
    ) -> None:
        super().__init__()
        for name, size in (sizes or {}).items():
            if size < 1:
                raise ValueError(f"sizes must be positive, but got {size} for {name!r}.")
        check_within("[0, 1)", momentum=momentum, mean_momentum=mean_momentum)
        check_one_of(get_args(Solver), solver=solver)
        check_positive(ridge=ridge)
        check_not_negative(inertia=inertia)
        self.sizes = None if sizes is None else dict(sizes)
        self.momentum = momentum
        self.mean_momentum = mean_momentum
        self.ridge = ridge
        self.solver: Solver = solver
        self.inertia = inertia
        self.modes = NamedModules()
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Make U = V; raises RecipeError where sizes do not fit the modalities."""
        widths = layout.feature_sizes
        if self.sizes is not None and self.sizes.keys() != set(layout.modalities):
            raise RecipeError(f"sizes must name the modalities {layout.modalities}, but got {tuple(self.sizes)}.")
        for name in layout.modalities:
            size = min(_default_size(len(layout.modalities)), widths[name]) if self.sizes is None else self.sizes[name]
            if size > widths[name]:
                raise RecipeError(
                    f"sizes must not exceed those of the features, but got {size} for {name!r} of {widths[name]}."
                )
            self.modes[name] = TensorMode(widths[name], size)

    @property
    def joint_size(self) -> int:
        """Length of the joint feature."""
        return math.prod(self.mode(name).source.shape[1] for name in self.modes)

    def mode(self, modality: str) -> TensorMode:
        """What belongs to one modality."""
        return cast("TensorMode", self.modes[modality])

    def centre(
        self,
        features: Mapping[str, Float[Tensor, "batch _"]],
        present: Bool[Tensor, "batch modality"],
        domain_side: DomainSide,
    ) -> dict[str, Float[Tensor, "batch _"]]:
        """Each modality's centred features, 0 where it is absent."""
        return {
            name: self.mode(name).centre(features[name], present[:, column], domain_side)
            for column, name in enumerate(self.modes)
        }

    def project(
        self,
        centred: Mapping[str, Float[Tensor, "batch _"]],
        present: Bool[Tensor, "batch modality"],
        domain_side: DomainSide,
    ) -> dict[str, Float[Tensor, "batch _"]]:
        """Each modality's projected vector, ones where it is absent."""
        return {
            name: torch.where(present[:, [column]], self.mode(name).project(centred[name], domain_side), 1.0)
            for column, name in enumerate(self.modes)
        }

    @torch.no_grad()
    def update(self, source: Side, target: Side, pairs: Float[Tensor, "source target"], progress: float = 0.0) -> None:
        """Take in one pair of batches: one sweep over the modalities, each with the newest U and V of the others.

        Args:
            source: the source, with the features of its modalities.
            target: the target, likewise.
            pairs: how much each source sample counts for each target sample, see `pair_sides`.
            progress: how far training is; U and V come to rest towards its end.
        """
        steps = int(self.steps)
        mean_rate = max(1.0 - self.mean_momentum, 1.0 / (steps + 1))
        # The start counts as one batch.
        rate = max(1.0 - self.momentum, 1.0 / (steps + 2)) * self._mobility(progress)
        sides: tuple[tuple[DomainSide, Side], ...] = (("source", source), ("target", target))
        centred: list[dict[str, Tensor]] = []
        for domain_side, side in sides:
            features = {name: side.outputs.features[name].to(self.mode(name).cxx) for name in self.modes}
            for column, (name, values) in enumerate(features.items()):
                self.mode(name).follow_mean(values, side.batch.present[:, column], domain_side, mean_rate)
            centred.append(self.centre(features, side.batch.present, domain_side))
        presents = source.batch.present, target.batch.present
        for column, name in enumerate(self.modes):
            projected = [
                self.project(values, present, domain_side)
                for values, present, (domain_side, _) in zip(centred, presents, sides, strict=True)
            ]
            others = [[values for key, values in side.items() if key != name] for side in projected]
            both = presents[0][:, [column]] & presents[1][:, column]
            mode = self.mode(name)
            mode.follow_covariances([values[name] for values in centred], others, pairs * both, rate)
            mode.solve(self.solver, self.ridge, self.inertia / self._mobility(progress))
        self.steps += 1

    def _mobility(self, progress: float) -> float:
        """From 1 to almost 0: a head whose learning rate falls could not follow U and V to the end."""
        return max((1.0 + math.cos(math.pi * progress)) / 2.0, 1e-4)

    def correlation(self, modality: str) -> float:
        """Mean of the correlations along the projected directions, from 0 to 1."""
        return self.mode(modality).correlation


def _default_size(modalities: int) -> int:
    """The largest length whose power is at most `LARGEST_PRODUCT`."""
    size = 1
    while (size + 1) ** modalities <= LARGEST_PRODUCT:
        size += 1
    return size


def find_projections(parts: Mapping[str, nn.Module], name: str) -> TensorProjections:
    """The shared part of that name; raises RecipeError where there is none, or it is another."""
    part = parts.get(name)
    if isinstance(part, TensorProjections):
        return part
    raise RecipeError(f"parts must hold a TensorProjections named {name!r}, but got {type(part).__name__}.")
