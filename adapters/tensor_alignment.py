r"""Tensor-based alignment (TAL) of OSAN: what lets the projections follow each step.

Liu, Qiao, Lu, Yin, Lin, Peng, Ren: OSAN: A One-Stage Alignment Network to Unify Multimodal Alignment and Unsupervised
Domain Adaptation, CVPR 2023, https://doi.org/10.1109/CVPR52729.2023.00346, section 3.1.
"""

from collections.abc import Mapping

from torch import nn

from ..framework.batch import Step, Term
from ..framework.interfaces import Aligner
from ..framework.layout import Layout
from .pairing import Pairing, check_pairing, pair_sides
from .tensor_projections import find_projections


class TensorAlignment(Aligner):
    """Lets the projections follow each training step's two batches; a loss it has none, as OSAN's eq. 5 has none.

    Args:
        pairing: which source samples a target sample is paired with, see `pair_sides`. The paper's is "random"; "class"
            found most that is shared in our measurements, see docs/osan.md.
        projections: the name of the shared part.

    Raises:
        ValueError: if an argument breaks its rule.

    Example:
        >>> from acclimate.adapters import TensorProjections
        >>> from acclimate.framework.testing import make_layout, make_step
        >>> projections, aligner = TensorProjections({"audio": 2, "image": 2}), TensorAlignment()
        >>> projections.bind(make_layout(), {})
        >>> aligner.bind(make_layout(), {"projections": projections})
        >>> before = projections.mode("audio").source.clone()
        >>> aligner.observe(make_step())
        >>> bool((projections.mode("audio").source == before).all())
        False
    """

    layout: Layout

    def __init__(self, pairing: Pairing = "class", *, projections: str = "projections") -> None:
        super().__init__()
        check_pairing(pairing)
        self.pairing: Pairing = pairing
        self.part = projections

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take the projections; raises RecipeError where there is no such part."""
        self.layout = layout
        self.projections = find_projections(parts, self.part)

    def observe(self, step: Step) -> None:
        """A step with both sides moves U and V."""
        if step.source is not None and step.target is not None:
            pairs = pair_sides(self.pairing, step, self.layout)
            self.projections.update(step.source, step.target, pairs, step.progress)

    def forward(self, step: Step) -> dict[str, Term]:
        """No terms."""
        return {}

    def measure(self, step: Step) -> dict[str, float]:
        """Mean correlation of source and target along the projected directions, by modality."""
        return {f"correlation/{name}": self.projections.correlation(name) for name in self.layout.modalities}
