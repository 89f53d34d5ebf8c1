"""Affinity of features to classes: the measure, the class encoder, and fusion by it (MODfinity).

Liu, Lv, Kang, Zhang, Liang, He: MODfinity: Unsupervised Domain Adaptation with Multimodal Information Flow
Intertwining, CVPR 2025,
https://openaccess.thecvf.com/content/CVPR2025/html/Liu_MODfinity_Unsupervised_Domain_Adaptation_with_Multimodal_Information_Flow_Intertwining_CVPR_2025_paper.html;
the authors' code: https://github.com/SCUTliu22/MoDfinity.
"""

from collections.abc import Mapping
from typing import Final, cast

import attrs
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ..framework.arguments import check_positive
from ..framework.batch import Outputs
from ..framework.errors import RecipeError
from ..framework.interfaces import Fused, Fusion, Part
from ..framework.layout import DomainSide, Layout, Task
from ..framework.tensors.presence import present_only
from ..framework.tensors.unit_norm import to_unit_norm

CLASSES: Final = "classes"
"""Name of the part that holds the class encoder."""

INITIAL_SCALE: Final = 0.02
"""Standard deviation of the first class vectors. Affinity does not see how long they are, and Adam moves coordinates by
about its learning rate: short vectors turn fast, those of torch's own initialisation need hundreds of steps."""


@attrs.frozen
class AffinityMeasure:
    r"""How affinity :math:`\phi(F, L) = e^{F \cdot L / \tau}` is measured.

    Args:
        tau: the temperature, which is 0.05 in the authors' code; the paper prints none.
        normalise: whether both sides are scaled to norm 1, as in the authors' code. The paper prints the plain product,
            but with it the modality of the longest features would always seem the surest.

    Raises:
        ValueError: if `tau` is not positive.

    Example:
        >>> printed = AffinityMeasure(tau=1.0, normalise=False)
        >>> log_affinity(torch.tensor([[3.0, 4.0]]), torch.tensor([[2.0, 0.0]]), printed).item()
        6.0
    """

    tau: float = attrs.field(default=0.05)
    normalise: bool = attrs.field(default=True)

    def __attrs_post_init__(self) -> None:
        check_positive(tau=self.tau)


COSINE: Final = AffinityMeasure()


def log_affinity(
    features: Float[Tensor, "rows width"], others: Float[Tensor, "columns width"], measure: AffinityMeasure = COSINE
) -> Float[Tensor, "rows columns"]:
    r""":math:`\log \phi(F_i, L_j)` of every pair (eq. 1): phi itself overflows where products are large.

    Example:
        >>> log_affinity(torch.tensor([[3.0, 4.0]]), torch.tensor([[2.0, 0.0], [0.0, 1.0]]), AffinityMeasure(tau=0.1))
        tensor([[6., 8.]])
    """
    if measure.normalise:
        features, others = to_unit_norm(features), to_unit_norm(others)
    return features @ others.T / measure.tau


class ClassEncoder(Part):
    """Turns one-hot labels into vectors that the features of all modalities are compared with (section 3.3).

    A linear layer per classification task, so one vector per class. Name it `classes` under a recipe's `parts`: the
    metric learning that trains it, the selector and the fusion share it.

    Args:
        affinity: how affinity to the vectors is measured, wherever this class encoder is asked.

    Raises:
        RecipeError: when bound, if the modalities' features differ in size.

    Example:
        >>> from acclimate.framework.testing import make_layout
        >>> classes = ClassEncoder()
        >>> classes.bind(make_layout(width=4), {})
        >>> classes.vectors("digit").shape, classes(torch.ones(2, 4), "digit").shape
        (torch.Size([3, 4]), torch.Size([2, 3]))
    """

    def __init__(self, affinity: AffinityMeasure = COSINE) -> None:
        super().__init__()
        self.affinity = affinity
        self.layers = nn.ModuleDict()

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Make a layer per classification task, as wide as the features that the task's heads see."""
        check_sizes(layout)
        width = next(iter(layout.task_feature_sizes.values()))
        for task in classification_tasks(layout):
            layer = self.layers[task.name] = nn.Linear(task.outputs, width)
            nn.init.normal_(layer.weight, std=INITIAL_SCALE)
            nn.init.zeros_(layer.bias)

    def vectors(self, task: str) -> Float[Tensor, "classes width"]:
        """The vector of each class."""
        layer = cast("nn.Linear", self.layers[task])
        # What the layer makes of the identity matrix, whose rows are the one-hot labels.
        return layer.weight.T + layer.bias

    def forward(self, features: Float[Tensor, "batch width"], task: str) -> Float[Tensor, "batch classes"]:
        """Log-affinity of each sample to each class."""
        return log_affinity(features, self.vectors(task), self.affinity)


def shared_classes(parts: Mapping[str, nn.Module]) -> ClassEncoder:
    """The class encoder among the parts that a recipe shares.

    Raises:
        RecipeError: if there is none.
    """
    found = parts.get(CLASSES)
    if isinstance(found, ClassEncoder):
        return found
    raise RecipeError(f"parts must hold a ClassEncoder named {CLASSES!r}, but got {found!r}.")


def check_sizes(layout: Layout) -> None:
    """Refuse modalities whose features cannot be compared.

    Raises:
        RecipeError: if their sizes differ.
    """
    sizes = layout.task_feature_sizes
    if len(set(sizes.values())) > 1:
        raise RecipeError(f"affinity compares features of one size, but got {dict(sizes)}; set model.projection.")


def classification_tasks(layout: Layout) -> list[Task]:
    """The tasks that have classes."""
    return [task for task in layout.tasks if not task.is_regression]


def log_mean_probability(
    log_probabilities: Float[Tensor, "modality batch classes"], present: Bool[Tensor, "batch modality"]
) -> Float[Tensor, "batch classes"]:
    """Logarithm of the mean probability over the modalities that are present; finite where the others are not.

    Example:
        >>> log_probabilities = torch.tensor([[[0.5, 0.5]], [[0.25, 0.75]]]).log()
        >>> log_mean_probability(log_probabilities, torch.tensor([[True, True]])).exp()
        tensor([[0.3750, 0.6250]])
    """
    there = present.T.unsqueeze(2)
    lowest = torch.finfo(log_probabilities.dtype).min
    count = present.sum(dim=1, keepdim=True).clamp(min=1)
    total = torch.where(there, log_probabilities, lowest).logsumexp(dim=0)
    return total - count.to(total.dtype).log()


class Affinity(Fusion):
    """Classifies by affinity to the class vectors: softmax over classes for each modality, mean over modalities.

    The paper reports a fusion but states no rule: the mean is our reading. The joint logits are the logarithm of that
    mean, so their softmax is the mean itself. The joint features are those of all modalities, in alphabetical order,
    zero where absent. A regression task's joint value is the mean of the modalities' values.

    Raises:
        RecipeError: when bound, if the recipe shares no class encoder.

    Example:
        >>> from acclimate.framework.testing import make_layout
        >>> classes, fusion, layout = ClassEncoder(), Affinity(), make_layout(width=4)
        >>> classes.bind(layout, {})
        >>> fusion.bind(layout, {"classes": classes})
        >>> features = {"audio": torch.ones(2, 4), "image": -torch.ones(2, 4)}
        >>> fused = fusion(Outputs(features, {}, {"digit": features}), torch.ones(2, 2).bool(), "target")
        >>> fused.features.shape, fused.logits["digit"].shape
        (torch.Size([2, 8]), torch.Size([2, 3]))
    """

    layout: Layout
    classes: ClassEncoder

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take the class encoder."""
        self.layout = layout
        self.classes = shared_classes(parts)

    def forward(self, outputs: Outputs, present: Bool[Tensor, "batch modality"], domain_side: DomainSide) -> Fused:
        """Fuse; the domain side makes no difference."""
        return Fused(
            features=torch.cat(present_only(outputs.features, present), dim=1),
            logits={
                task.name: self._values(outputs, present, task)
                if task.is_regression
                else self._log_probabilities(outputs, present, task)
                for task in self.layout.tasks
            },
        )

    def _log_probabilities(
        self, outputs: Outputs, present: Bool[Tensor, "batch modality"], task: Task
    ) -> Float[Tensor, "batch classes"]:
        features = present_only(outputs.task_features[task.name], present)
        by_modality = [self.classes(values, task.name).log_softmax(dim=1) for values in features]
        return log_mean_probability(torch.stack(by_modality), present)

    def _values(
        self, outputs: Outputs, present: Bool[Tensor, "batch modality"], task: Task
    ) -> Float[Tensor, "batch 1"]:
        values = torch.stack(present_only(outputs.logits[task.name], present)).sum(dim=0)
        return values / present.sum(dim=1, keepdim=True).clamp(min=1)
