"""Fusion by affinity to the class vectors (MODfinity).

Liu, Lv, Kang, Zhang, Liang, He: MODfinity: Unsupervised Domain Adaptation with Multimodal Information Flow
Intertwining, CVPR 2025,
https://openaccess.thecvf.com/content/CVPR2025/html/Liu_MODfinity_Unsupervised_Domain_Adaptation_with_Multimodal_Information_Flow_Intertwining_CVPR_2025_paper.html;
the authors' code: https://github.com/SCUTliu22/MoDfinity.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ..framework.batch import Outputs
from ..framework.interfaces import Fused, Fusion
from ..framework.layout import DomainSide, Layout, Task
from ..framework.tensors.presence import present_only
from .class_encoder import ClassEncoder, shared_classes


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
