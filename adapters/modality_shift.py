"""How far each modality moved between the domains, and which moved least: the anchor of A3D2 (ACL 2025)."""

import math
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias, cast

import attrs
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from ..framework.batch import Side, Step
from ..framework.errors import RecipeError
from ..framework.interfaces import Part
from ..framework.layout import Layout, Task
from .terms import keep_present, term_name, usable_labels

Classes: TypeAlias = Literal["shared", "all"]

RIDGE: Final = 0.01
"""Of the linear function that tells the domains apart, in units of the features' mean variance."""


@attrs.frozen(eq=False)
class Scatter:
    """Sums over rows of both domains, centred by their mean; those of several batches can be added.

    Args:
        features: `(d, d)`, of products of coordinates.
        domain: `(d,)`, of products of coordinates and the domain label (source 0, target 1).
        total: of squares of the domain label.
        freedom: number of rows, minus one per batch for its mean.
    """

    features: Float[Tensor, "width width"]
    domain: Float[Tensor, " width"]
    total: Float[Tensor, ""]
    freedom: Float[Tensor, ""]


def scatter(
    source: Float[Tensor, "source width"],
    target: Float[Tensor, "target width"],
    source_rows: Bool[Tensor, " source"] | None = None,
    target_rows: Bool[Tensor, " target"] | None = None,
) -> Scatter:
    """The scatter of one batch, over the rows that count; zero where either side has none."""
    sides = ((source, source_rows), (target, target_rows))
    masks = [torch.ones_like(values[:, 0], dtype=torch.bool) if rows is None else rows for values, rows in sides]
    counted = torch.cat(masks) & masks[0].any() & masks[1].any()
    number = counted.sum().clamp(min=1)
    values = keep_present(torch.cat([source, target]), counted)
    labels = torch.cat([source.new_zeros(len(source)), source.new_ones(len(target))])
    labels = torch.where(counted, labels - torch.where(counted, labels, 0.0).sum() / number, 0.0)
    values = keep_present(values - values.sum(dim=0) / number, counted)
    freedom = (counted.sum() - 1).clamp(min=0).to(values.dtype)
    return Scatter(values.T @ values, labels @ values, labels.square().sum(), freedom)


def separability(sums: Scatter, ridge: float = RIDGE) -> Float[Tensor, ""]:
    r"""The share of the domain label's variance that a linear function of the features explains.

    :math:`(R^2 - f/n) / (1 - f/n)` with :math:`R^2 = b^T (A + \lambda I)^{-1} b / c` of ridge regression, n the
    degrees of freedom that the rows leave and :math:`f = tr A (A + \lambda I)^{-1}` those that the features use: what
    they would explain by chance is taken away. About 0 where the domains cannot be told apart (below it by chance), 1
    where they can be without error. Like the proxy A-distance it does not depend on the features' scale, so modalities
    can be compared; unlike it, it needs no training and no labels.

    Args:
        sums: A, b, c and n.
        ridge: lambda, in units of the mean of A's diagonal.

    Returns:
        NaN where either side has no row.

    Example:
        >>> apart = scatter(torch.tensor([[0.0], [0.1]]), torch.tensor([[1.0], [0.9]]))
        >>> round(separability(apart).item(), 2)
        0.97
    """
    features, domain = sums.features.double(), sums.domain.double()
    strength = ridge * features.trace() / len(domain)
    values, vectors = torch.linalg.eigh(features)
    values = values.clamp(min=0.0)
    # Features that are all equal have no scatter; any positive number stands for it below.
    damped = values + torch.where(strength > 0, strength, 1.0)
    explained = ((vectors.T @ domain).square() / damped).sum() / sums.total
    by_chance = (values / damped).sum() / sums.freedom
    share: Tensor = (explained - by_chance) / (1 - by_chance)
    return share.to(sums.features.dtype)


def modality_shifts(
    source: Mapping[str, Float[Tensor, "_ ..."]], target: Mapping[str, Float[Tensor, "_ ..."]]
) -> dict[str, float]:
    """How far each modality moved, from features of samples of both domains: see `separability`; least first.

    Features should come from an encoder, which may be untrained: raw signals can move without their mean. The
    modality that stands first is the one to name as anchor.

    Args:
        source: `(N, ...)` by modality, of samples that have it.
        target: by the same names.

    Example:
        >>> generator = torch.Generator().manual_seed(0)
        >>> source, target = ({m: torch.randn(50, 4, generator=generator) for m in ("a", "b")} for _ in range(2))
        >>> target["a"] += 1.0
        >>> list(modality_shifts(source, target))
        ['b', 'a']
    """
    shifts = {
        name: separability(scatter(values.flatten(1), target[name].flatten(1))).item()
        for name, values in source.items()
    }
    return dict(sorted(shifts.items(), key=lambda item: item[1]))


def class_distances(
    source: Float[Tensor, "source width"],
    target: Float[Tensor, "target width"],
    source_labels: Int64[Tensor, " source"],
    target_labels: Int64[Tensor, " target"],
    classes: int,
) -> tuple[Float[Tensor, " classes"], Bool[Tensor, " classes"]]:
    r""":math:`\|\bar z^s_c - \bar z^t_c\|_2` of each class, and whether both sides have it; 0 where they do not.

    A row with another label, such as -1, belongs to no class.
    """
    (source_means, in_source), (target_means, in_target) = (
        _class_means(values, labels, classes) for values, labels in ((source, source_labels), (target, target_labels))
    )
    shared = in_source & in_target
    return torch.linalg.vector_norm(keep_present(source_means - target_means, shared), dim=1), shared


def domain_distance(
    source: Float[Tensor, "source width"],
    target: Float[Tensor, "target width"],
    source_labels: Int64[Tensor, " source"],
    target_labels: Int64[Tensor, " target"],
    classes: int,
    *,
    over: Classes = "shared",
) -> Float[Tensor, ""]:
    r""":math:`D_m = \frac1C \sum_c \|\bar z^s_{m,c} - \bar z^t_{m,c}\|_2` (A3D2, section 4.2, figure 4).

    Args:
        source: representations.
        target: representations.
        source_labels: class indices.
        target_labels: class indices or pseudo-labels.
        classes: number of classes C.
        over: the paper has all classes on both sides. Where some are absent from either, "shared" divides by the number
            of those that are not, "all" by C.

    Example:
        >>> source, target = torch.tensor([[0.0], [1.0]]), torch.tensor([[2.0], [1.0]])
        >>> domain_distance(source, target, torch.tensor([0, 1]), torch.tensor([0, 1]), 2).item()
        1.0
    """
    distances, shared = class_distances(source, target, source_labels, target_labels, classes)
    return distances.sum() / (shared.sum().clamp(min=1) if over == "shared" else classes)


def _class_means(
    values: Float[Tensor, "batch width"], labels: Int64[Tensor, " batch"], classes: int
) -> tuple[Float[Tensor, "classes width"], Bool[Tensor, " classes"]]:
    members = (labels == torch.arange(classes, device=labels.device).unsqueeze(1)).to(values.dtype)
    count = members.sum(dim=1)
    return members @ keep_present(values, members.any(dim=0)) / count.clamp(min=1).unsqueeze(1), count > 0


class _ScatterBuffers(nn.Module):
    """The scatter of all batches so far."""

    features: Tensor
    domain: Tensor
    total: Tensor
    freedom: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("features", torch.zeros(width, width))
        self.register_buffer("domain", torch.zeros(width))
        self.register_buffer("total", torch.zeros(()))
        self.register_buffer("freedom", torch.zeros(()))

    @property
    def sums(self) -> Scatter:
        return Scatter(self.features, self.domain, self.total, self.freedom)

    def add(self, more: Scatter) -> None:
        self.features += more.features
        self.domain += more.domain
        self.total += more.total
        self.freedom += more.freedom


class ModalityRoles(Part):
    """Says which modality is the anchor; the others are drifts. Shared by all parts of a method that must agree.

    Without a name, the anchor is the modality that moved least: over the first steps of training the features of both
    domains are collected, each step's centred by its own mean, since training moves them too; then the modality whose
    features tell the domains apart least (`separability`) is the anchor for good, the first in the alphabet among
    equals. No labels are looked at. Until then there are neither anchor nor drifts. A modality that either side lacks
    cannot be the anchor.

    Args:
        anchor: name of the modality; None finds it.
        steps: of training before it is found.

    Raises:
        ValueError: if an argument breaks its rule.
        RecipeError: when bound, if there is no such modality.
    """

    layout: Layout
    seen: Tensor
    chosen: Tensor
    shifts: Tensor

    def __init__(self, anchor: str | None = None, steps: int = 20) -> None:
        super().__init__()
        if steps < 1:
            raise ValueError(f"steps must be positive, but got {steps}.")
        self.steps = steps
        self._named = anchor
        self._known = anchor
        self.scatters = nn.ModuleDict()
        # torch says no types of this method.
        cast("Any", self).register_load_state_dict_post_hook(_forget)

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Make the buffers, where the anchor is to be found."""
        if self._named is not None and self._named not in layout.modalities:
            raise RecipeError(f"anchor must be one of {', '.join(layout.modalities)}, but got {self._named!r}.")
        self.layout = layout
        if self._named is None:
            self.scatters.update({name: _ScatterBuffers(layout.feature_sizes[name]) for name in layout.modalities})
            self.register_buffer("seen", torch.zeros((), dtype=torch.int64))
            self.register_buffer("chosen", torch.tensor(-1))
            self.register_buffer("shifts", torch.zeros(len(layout.modalities)))

    @property
    def anchor(self) -> str | None:
        """Name of the anchor; None while it is not known."""
        if self._known is None and int(self.chosen) >= 0:
            self._known = self.layout.modalities[int(self.chosen)]
        return self._known

    @property
    def drifts(self) -> tuple[str, ...]:
        """Names of the drifts; none while they are not known."""
        return () if self.anchor is None else tuple(name for name in self.layout.modalities if name != self.anchor)

    @torch.no_grad()
    def observe(self, step: Step) -> None:
        """Collect features of both sides, until the anchor is found."""
        if self.anchor is not None or step.source is None or step.target is None:
            return
        for name, found in self._scatters(step.source, step.target).items():
            cast("_ScatterBuffers", self.scatters[name]).add(found)
        self.seen += 1
        if int(self.seen) >= self.steps:
            self._choose()

    def _choose(self) -> None:
        shifts = torch.stack(
            [separability(cast("_ScatterBuffers", buffers).sums) for buffers in self.scatters.values()]
        )
        if not bool(shifts.isnan().all()):
            self.shifts.copy_(shifts)
            self.chosen.copy_(shifts.nan_to_num(nan=torch.inf).argmin())

    def _scatters(self, source: Side, target: Side) -> dict[str, Scatter]:
        return {
            name: scatter(
                source.outputs.features[name],
                target.outputs.features[name],
                source.batch.has(name),
                target.batch.has(name),
            )
            for name in self.layout.modalities
        }

    def measure(self, step: Step) -> dict[str, float]:
        """By modality: whether it is the anchor, its shift when that was found, and shift and D_m now.

        D_m is taken on the heads' features, with the source's labels and the joint head's pseudo-labels.
        """
        numbers: dict[str, float] = {}
        if self.anchor is not None:
            numbers |= {f"anchor/{name}": float(name == self.anchor) for name in self.layout.modalities}
            if self._named is None:
                found = zip(self.layout.modalities, self.shifts.tolist(), strict=True)
                numbers |= {f"first_shift/{name}": shift for name, shift in found}
        if step.source is not None and step.target is not None:
            for name, sums in self._scatters(step.source, step.target).items():
                numbers[f"shift/{name}"] = separability(sums).item()
            for task in self.layout.tasks:
                numbers |= self._distances(step.source, step.target, task)
        return {name: value for name, value in numbers.items() if not math.isnan(value)}

    def _distances(self, source: Side, target: Side, task: Task) -> dict[str, float]:
        labels = usable_labels("source", source, task)
        if labels is None:
            return {}
        pseudo_labels = target.outputs.joint_logits(task.name).argmax(dim=1)
        return {
            term_name(f"domain_distance/{name}", task, self.layout): domain_distance(
                source.outputs.task_features[task.name][name],
                target.outputs.task_features[task.name][name],
                labels.masked_fill(~source.batch.has(name), -1),
                pseudo_labels.masked_fill(~target.batch.has(name), -1),
                task.outputs,
            ).item()
            for name in self.layout.modalities
        }


def roles_among(parts: Mapping[str, nn.Module]) -> ModalityRoles:
    """The shared part `roles`.

    Raises:
        RecipeError: if there is none, or it is something else.
    """
    roles = parts.get("roles")
    if not isinstance(roles, ModalityRoles):
        raise RecipeError(
            "anchor and drifts are said by a shared part `roles` of class acclimate.adapters.ModalityRoles, "
            f"but the parts are {sorted(parts)}"
        )
    return roles


def _forget(roles: nn.Module, _keys: Any) -> None:  # noqa: ANN401 - torch's own type is private
    """An anchor that was found is in a buffer, which has just been loaded."""
    known = cast("ModalityRoles", roles)
    known._known = known._named  # noqa: SLF001 - the class's own hook
