r"""Fusion by the tensor product of projected modalities (OSAN).

Liu, Qiao, Lu, Yin, Lin, Peng, Ren: OSAN: A One-Stage Alignment Network to Unify Multimodal Alignment and Unsupervised
Domain Adaptation, CVPR 2023, https://doi.org/10.1109/CVPR52729.2023.00346, section 3.1.
"""

from collections.abc import Mapping
from functools import reduce

from jaxtyping import Bool
from torch import Tensor, nn

from ..framework.batch import Outputs
from ..framework.interfaces import Fused, Fusion
from ..framework.layout import DomainSide, Layout
from ..framework.tensors.named_modules import NamedModules
from .tensor_projections import find_projections


class TensorProduct(Fusion):
    r"""The joint feature is the outer product of the projected modality vectors, flattened; one linear head per task.

    Source samples are projected by U, target samples (and those of an artefact) by V, see `TensorProjections`. The
    gradient flows through U and V to the features, not into them. An absent modality's vector is all ones, so the
    product is that of the others.

    Args:
        projections: the name of the shared part.

    Example:
        >>> import torch
        >>> from acclimate.adapters import TensorProjections
        >>> from acclimate.framework.testing import make_layout
        >>> projections, fusion = TensorProjections({"audio": 3, "image": 2}), TensorProduct()
        >>> projections.bind(make_layout(width=4), {})
        >>> fusion.bind(make_layout(width=4), {"projections": projections})
        >>> features = {"audio": torch.ones(5, 4), "image": torch.ones(5, 4)}
        >>> fused = fusion(Outputs(features, {}, {}), torch.ones(5, 2).bool(), "target")
        >>> fused.features.shape, fused.logits["digit"].shape
        (torch.Size([5, 6]), torch.Size([5, 3]))
    """

    def __init__(self, projections: str = "projections") -> None:
        super().__init__()
        self.part = projections
        self.heads = NamedModules()

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take the projections and make a head per task; raises RecipeError where there is no such part."""
        self.projections = find_projections(parts, self.part)
        for task in layout.tasks:
            self.heads[task.name] = nn.Linear(self.projections.joint_size, task.outputs)

    def forward(self, outputs: Outputs, present: Bool[Tensor, "batch modality"], domain_side: DomainSide) -> Fused:
        """Fuse."""
        centred = self.projections.centre(outputs.features, present, domain_side)
        vectors = self.projections.project(centred, present, domain_side).values()
        joint = reduce(lambda product, vector: (product.unsqueeze(2) * vector.unsqueeze(1)).flatten(1), vectors)
        return Fused(features=joint, logits={task: head(joint) for task, head in self.heads.items()})
