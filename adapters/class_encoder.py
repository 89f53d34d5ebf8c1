"""The class encoder of MODfinity, which makes labels a modality of their own.

Liu, Lv, Kang, Zhang, Liang, He: MODfinity: Unsupervised Domain Adaptation with Multimodal Information Flow
Intertwining, CVPR 2025,
https://openaccess.thecvf.com/content/CVPR2025/html/Liu_MODfinity_Unsupervised_Domain_Adaptation_with_Multimodal_Information_Flow_Intertwining_CVPR_2025_paper.html;
the authors' code: https://github.com/SCUTliu22/MoDfinity.
"""

from collections.abc import Mapping
from typing import Final, cast

from jaxtyping import Float
from torch import Tensor, nn

from ..framework.errors import RecipeError
from ..framework.interfaces import Part
from ..framework.layout import Layout, Task
from ..framework.tensors.named_modules import NamedModules
from .affinity import COSINE, AffinityMeasure, log_affinity

CLASSES: Final = "classes"
"""Name of the part that holds the class encoder."""

INITIAL_SCALE: Final = 0.02
"""Standard deviation of the first class vectors. Affinity does not see how long they are, and Adam moves coordinates by
about its learning rate: short vectors turn fast, those of torch's own initialisation need hundreds of steps."""


class ClassEncoder(Part):
    """Turns one-hot labels into vectors that the features of all modalities are compared with (section 3.3).

    A linear layer per classification task, so one vector per class. Name it `classes` under a recipe's `parts`: the
    metric learning that trains it, the selector and the fusion share it.

    Args:
        affinity: how affinity to the vectors is measured, wherever this class encoder is asked.

    Raises:
        RecipeError: when bound, if the modalities' features differ in size.

    Example:
        >>> import torch
        >>> from acclimate.framework.testing import make_layout
        >>> classes = ClassEncoder()
        >>> classes.bind(make_layout(width=4), {})
        >>> classes.vectors("digit").shape, classes(torch.ones(2, 4), "digit").shape
        (torch.Size([3, 4]), torch.Size([2, 3]))
    """

    def __init__(self, affinity: AffinityMeasure = COSINE) -> None:
        super().__init__()
        self.affinity = affinity
        self.layers = NamedModules()

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
