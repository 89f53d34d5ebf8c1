"""Boomda: pseudo-labels by vote, and a Pareto balance of the alignment of all modalities.

Sun, Zhang, Hong, Zhu, Gao: Boomda: Balanced Multi-objective Optimization for Multimodal Domain Adaptation, AAAI 2026,
https://arxiv.org/abs/2511.08152. The code that the paper names cannot be had. Its information bottleneck (eq. 5) is in
`information_bottleneck.py`, its correlation alignment (eq. 10) in `coral.py`, the weights (P3, P4) in `pareto.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias, get_args

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from ..framework.arguments import check_one_of
from ..framework.batch import JOINT_TEACHER, Lesson, Side, Step
from ..framework.errors import RecipeError
from ..framework.interfaces import TeacherSelector
from ..framework.layout import JOINT, Layout, Task
from .gradient_balance import GradientBalance
from .pareto import ClosedFormWeighting, ParetoWeighting, active_terms, interaction
from .weighting import PSDMatrix, Weights

Solution: TypeAlias = Literal["closed_form", "qp"]

MEMORY: Final = 0.99
"""How much a step counts in what is measured, as a share of the step after it."""


def count_votes(
    logits: Float[Tensor, "heads batch classes"], counted: Bool[Tensor, "heads batch"] | None = None
) -> Int64[Tensor, "batch classes"]:
    """Votes for each class, one per head that counts: eq. 6. Of equal logits the first class gets the vote.

    Example:
        >>> count_votes(torch.tensor([[[1.0, 2.0]], [[0.0, 3.0]], [[5.0, 5.0]]])).tolist()
        [[1, 2]]
    """
    votes = nn.functional.one_hot(logits.argmax(dim=2), logits.shape[2])
    return (votes if counted is None else votes * counted.unsqueeze(2)).sum(dim=0)


def elect(votes: Int64[Tensor, "batch classes"], least: int) -> tuple[Int64[Tensor, " batch"], Bool[Tensor, " batch"]]:
    """Pseudo-labels by most votes (eq. 8), and which of them have `least` votes (eq. 7).

    Of equal votes the first class wins; no label that is kept is won so, if `least` is more than half of the voters.

    Example:
        >>> labels, keep = elect(torch.tensor([[1, 3], [2, 2]]), least=3)
        >>> labels.tolist(), keep.tolist()
        ([1, 0], [True, False])
    """
    most, labels = votes.max(dim=1)
    return labels, most >= least


def default_least_votes(modalities: int) -> int:
    """M_v: 3 as printed, but no more than there are heads (one per modality and the joint one), and a majority of them.

    Example:
        >>> [default_least_votes(modalities) for modalities in (1, 2, 3, 4, 5)]
        [2, 3, 3, 3, 4]
    """
    voters = modalities + 1
    return min(voters, max(3, voters // 2 + 1))


class MajorityVote(TeacherSelector):
    """All modalities' heads and the joint one vote, every step; labels with enough votes are kept (eq. 6 to 8).

    The head of an absent modality does not vote, and the number of votes that are needed stays the same: a sample that
    lacks modalities must win a larger share of the votes that are left, and is not kept where these are too few.
    Confidence is the share of all heads that voted for the label. Numbers cannot be voted on: in a regression task no
    sample is kept.

    Args:
        least: how many votes a label needs, M_v; more than half of the heads, so that no label is kept by a tie. None
            is 3 as in the paper (all heads of two modalities, and three of four of three), see `default_least_votes`.

    Raises:
        RecipeError: when bound, if `least` is not more than half of the heads, or more than all.

    Example:
        >>> from acclimate.framework.testing import make_layout, make_step
        >>> selector = MajorityVote()
        >>> selector.bind(make_layout(), {})
        >>> lesson = selector(make_step().target)["digit"]
        >>> bool((lesson.keep == (lesson.confidence > 0.99)).all())  # of two modalities and the joint head, all
        True
    """

    layout: Layout

    def __init__(self, least: int | None = None) -> None:
        super().__init__()
        self.least = least

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take the tasks and modalities."""
        voters = len(layout.modalities) + 1
        if self.least is not None and not voters / 2 < self.least <= voters:
            raise RecipeError(
                f"least must be more than half of the {voters} heads and not more than all, but got {self.least}."
            )
        self.layout = layout

    @torch.no_grad()
    def forward(self, side: Side) -> dict[str, Lesson]:
        """A lesson per task."""
        return {task.name: self._lesson(side, task) for task in self.layout.tasks}

    def _lesson(self, side: Side, task: Task) -> Lesson:
        heads = (*self.layout.modalities, JOINT)
        logits = torch.stack([side.outputs.logits[task.name][head] for head in heads])
        if task.is_regression:
            labels, confidence = logits[-1, :, 0].clone(), logits.new_zeros(len(side.batch))
            keep = torch.zeros_like(confidence, dtype=torch.bool)
        else:
            everywhere = torch.ones_like(side.batch.present[:, :1])
            votes = count_votes(logits, torch.cat([side.batch.present, everywhere], dim=1).T)
            labels, keep = elect(votes, self.least or default_least_votes(len(self.layout.modalities)))
            confidence = votes.amax(dim=1).to(logits.dtype) / len(heads)
        teacher = torch.full_like(labels, JOINT_TEACHER, dtype=torch.int64)
        return Lesson(labels=labels, teacher=teacher, confidence=confidence, keep=keep)


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
        self.interactions += interaction(active_terms(gram))
        self.steps += 1

    def measure(self, step: Step) -> dict[str, float]:
        """Mean gamma of each modality's and the joint terms (figure 3b) and mean r (figure 3a), of the last steps."""
        if not self.steps:
            return {}
        gammas, ratio = self.gammas / self.steps, self.interactions / self.steps
        numbers = {f"balance/{subject}": gamma for subject, gamma in zip(self.subjects, gammas.tolist(), strict=True)}
        return numbers | {"interaction": ratio.item()}
