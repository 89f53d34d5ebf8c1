"""The Pareto balance of competing alignments, with a record of it (Boomda).

Sun, Zhang, Hong, Zhu, Gao: Boomda: Balanced Multi-objective Optimization for Multimodal Domain Adaptation, AAAI 2026,
https://arxiv.org/abs/2511.08152, section 3. The code that the paper names cannot be had. The weights themselves are
in `pareto.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias, get_args

import torch
from torch import Tensor, nn

from ..framework.arguments import check_one_of
from ..framework.batch import Step
from ..framework.layout import JOINT, Layout
from .gradient_balance import GradientBalance
from .pareto import ClosedFormWeighting, ParetoWeighting, interaction
from .weighting import PSDMatrix, Weights

Solution: TypeAlias = Literal["closed_form", "qp"]

MEMORY: Final = 0.99
"""How much a step counts in what is measured, as a share of the step after it."""


class ParetoBalance(GradientBalance):
    """Weighs competing terms so that their weighted sum descends for all of them: multiple gradient descent (MGDA).

    The weights gamma are not below 0, and of sum 1. A term with a small gradient gets a large weight, but one whose
    gradient is exactly 0 takes no part: it has nothing to say in this step (its modality is absent, or the batch too
    small). If none has a gradient, all weigh the same.

    `measure` gives means over about the last 100 steps of training, to which a step 100 steps ago counts a third of the
    newest: `balance/<modality>` and `balance/joint`, the gamma of terms whose name ends so, and `interaction`, the r of
    figure 3.

    Args:
        solution: "closed_form" is `ClosedFormWeighting`, which leaves out the inner products of different gradients
            (P4, eq. 13), "qp" is `ParetoWeighting`, which does not (P3). The paper names both, and not the one that its
            tables show.

    Raises:
        ValueError: if `solution` is neither.

    Example:
        >>> from acclimate.framework import Term
        >>> from acclimate.framework.testing import make_layout, make_step
        >>> features = torch.tensor([[5.0, 10.0]], requires_grad=True)
        >>> terms = {"coral/audio": Term(features[0, 0]), "coral/image": Term(2 * features[0, 1])}
        >>> balance = ParetoBalance()
        >>> balance.bind(make_layout(), {})
        >>> round(balance(terms, {("source", "audio"): features}).item(), 3)  # 0.8 * 5 + 0.2 * 20
        8.0
        >>> {name: round(value, 3) for name, value in balance.measure(make_step()).items()}
        {'balance/audio': 0.8, 'balance/image': 0.2, 'balance/joint': 0.0, 'interaction': 0.0}
    """

    gammas: Tensor
    interactions: Tensor
    steps: Tensor

    def __init__(self, solution: Solution = "closed_form") -> None:
        check_one_of(get_args(Solution), solution=solution)
        super().__init__(ClosedFormWeighting() if solution == "closed_form" else ParetoWeighting())
        self.subjects: tuple[str, ...] = ()
        self.register_buffer("gammas", torch.zeros(0))
        self.register_buffer("interactions", torch.zeros(()))
        self.register_buffer("steps", torch.zeros(()))

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Make room for the weights of modalities and of the joint features."""
        self.subjects = (*layout.modalities, JOINT)
        self.gammas = self.gammas.new_zeros(len(self.subjects))

    @torch.no_grad()
    def record(self, names: Sequence[str], gram: PSDMatrix, weights: Weights) -> None:
        """Add the weights of modalities and joint features, and how much the terms that have a gradient interact."""
        for number in (self.gammas, self.interactions, self.steps):
            number.mul_(MEMORY)
        for name, gamma in zip(names, weights, strict=True):
            subject = name.rpartition("/")[2]
            if subject in self.subjects:
                self.gammas[self.subjects.index(subject)] += gamma
        self.interactions += interaction(gram)
        self.steps += 1

    def measure(self, step: Step) -> dict[str, float]:
        """Mean gamma of each modality's and the joint terms (figure 3b) and mean r (figure 3a), of the last steps."""
        if not self.steps:
            return {}
        gammas, ratio = self.gammas / self.steps, self.interactions / self.steps
        numbers = {f"balance/{subject}": gamma for subject, gamma in zip(self.subjects, gammas.tolist(), strict=True)}
        return numbers | {"interaction": ratio.item()}
