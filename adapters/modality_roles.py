"""Which modality is the anchor, that moved least between the domains, and which are drifts.

Sun, Zhang, Hong, Zhu, Zeng: Adversarial Alignment with Anchor Dragging Drift (A3D2): Multimodal Domain Adaptation with
Partially Shifted Modalities, ACL 2025, https://aclanthology.org/2025.acl-long.967/.
"""

import math
from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from ..framework.arguments import check_positive
from ..framework.batch import Side, Step
from ..framework.errors import RecipeError
from ..framework.interfaces import Part
from ..framework.layout import Layout, Task
from ..framework.measures.separability import Scatter, scatter, separability
from ..framework.tensors.named_modules import NamedModules
from .class_distances import domain_distance
from .terms import term_name, usable_labels


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
        anchor: the name of the anchor; None finds it.
        steps: after how many steps of training it is found.

    Raises:
        ValueError: if an argument breaks its rule.
        RecipeError: when bound, if there is no such modality.

    Example:
        >>> from acclimate.framework.testing import make_layout, make_step
        >>> roles = ModalityRoles(steps=2)
        >>> roles.bind(make_layout(3), {})
        >>> for seed in range(2):
        ...     roles.observe(make_step(3, seed=seed))
        >>> roles.anchor in {"audio", "image", "text"}, len(roles.drifts)
        (True, 2)
    """

    layout: Layout
    seen: Tensor
    chosen: Tensor
    shifts: Tensor

    def __init__(self, anchor: str | None = None, steps: int = 20) -> None:
        super().__init__()
        check_positive(steps=steps)
        self.steps = steps
        self._named = anchor
        self._known = anchor
        self.scatters = NamedModules()
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
