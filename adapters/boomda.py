"""Boomda: pseudo-labels by vote, and a Pareto balance of the alignment of all modalities.

Sun, Zhang, Hong, Zhu, Gao: Boomda: Balanced Multi-objective Optimization for Multimodal Domain Adaptation, AAAI 2026.
Its information bottleneck (eq. 5) is in information_bottleneck.py, its correlation alignment (eq. 10) in coral.py.
"""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from numpy.typing import NDArray
from torch import Tensor, nn

from ..framework.batch import JOINT_TEACHER, Lesson, Representation, Side, Step, Term
from ..framework.interfaces import Balancer, TeacherSelector
from ..framework.layout import JOINT, Layout, Task
from .arguments import check_one_of
from .gram import gram_matrix

Solution: TypeAlias = Literal["closed_form", "qp"]

SMALLEST: Final = 1e-12
"""A squared gradient norm counts as at least this share of the mean of all, so that its inverse is finite."""


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
        least: votes that a label needs, M_v; more than half of the heads, so that no label is kept by a tie. None is 3
            as in the paper (all heads of two modalities, and three of four of three), see `default_least_votes`.

    Raises:
        ValueError: when bound, if `least` is not more than half of the heads, or more than all.
    """

    layout: Layout

    def __init__(self, least: int | None = None) -> None:
        super().__init__()
        self.least = least

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take the tasks and modalities."""
        voters = len(layout.modalities) + 1
        if self.least is not None and not voters / 2 < self.least <= voters:
            raise ValueError(
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


def closed_form_weights(squared_norms: Float[Tensor, " terms"]) -> Float[Tensor, " terms"]:
    r""":math:`\gamma_m = Q_{mm}^{-1} / \sum_k Q_{kk}^{-1}` (eq. 13): optimal if gradients were at right angles (P4).

    Example:
        >>> closed_form_weights(torch.tensor([1.0, 4.0])).tolist()
        [0.800000011920929, 0.20000000298023224]
    """
    mean = squared_norms.mean()
    relative = squared_norms / torch.where(mean > 0, mean, 1.0)
    inverse = 1 / relative.clamp(min=SMALLEST)
    return inverse / inverse.sum()


def pareto_weights(gram: Float[Tensor, "terms terms"]) -> Float[Tensor, " terms"]:
    r"""The exact solution of P3: :math:`\min \gamma^T Q \gamma`, :math:`\gamma \ge 0`, :math:`\sum_m \gamma_m = 1`.

    Lengths of gradients may differ by any factor up to 10^6. Among several optima (equal gradients) it is the one that
    spreads the weight. Computed on the CPU in float64.

    Example:
        >>> pareto_weights(torch.tensor([[1.0, 0.0], [0.0, 3.0]])).tolist()
        [0.75, 0.25]
        >>> pareto_weights(torch.tensor([[1.0, 2.0], [2.0, 9.0]])).tolist()
        [1.0, 0.0]
    """
    matrix = gram.detach().cpu().double().numpy()
    squared = matrix.diagonal()
    floor = SMALLEST * squared.mean()
    lengths = np.sqrt(np.maximum(squared, floor if floor > 0 else 1.0))
    cosines = (matrix + matrix.T) / (2 * np.outer(lengths, lengths))
    # Rounding may have left the matrix indefinite. This much on its diagonal makes the optimum unique.
    ridge = max(1e-10, 10 * torch.finfo(gram.dtype).eps)
    np.fill_diagonal(cosines, 1.0 + ridge)
    shares = _complementary(cosines, lengths.min() / lengths) / lengths
    return torch.from_numpy(shares / shares.sum()).to(gram)


def _complementary(matrix: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where y >= 0 and matrix @ y >= right, with one of both equal in each place.

    That is the minimum of y' matrix y / 2 - right' y over y >= 0, which lies in the direction of the minimum of
    y' matrix y over right' y = 1. By the active set of Lawson and Hanson; the matrix is positive definite.
    """
    solution = np.zeros_like(right)
    free = np.zeros(len(right), dtype=bool)
    for _ in range(10 * len(right)):
        missing = np.where(free, 0.0, 1.0 - matrix @ solution / right)
        if missing.max() <= 1e-12:
            break
        free[missing.argmax()] = True
        solution, free = _restrict(matrix, right, solution, free)
    return solution


def _restrict(
    matrix: NDArray[np.float64], right: NDArray[np.float64], solution: NDArray[np.float64], free: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Move to the optimum over the free places, fixing at 0 those that would fall below."""
    while True:
        optimum = np.zeros_like(right)
        optimum[free] = np.linalg.solve(matrix[np.ix_(free, free)], right[free])
        falling = free & (optimum <= 0)
        if not falling.any():
            return optimum, free
        way = np.where(falling, solution - optimum, 1.0)
        steps = np.where(falling, solution / np.where(way > 0, way, 1.0), np.inf)
        first = steps.argmin()
        solution = solution + steps[first] * (optimum - solution)
        solution[first], free[first] = 0.0, False


def interaction(gram: Float[Tensor, "terms terms"]) -> Float[Tensor, ""]:
    r""":math:`r = \max_{i \ne j} |Q_{ij}| / \min_i Q_{ii}` (figure 3a): 0 where the closed form is the optimum.

    Example:
        >>> interaction(torch.tensor([[2.0, -1.0], [-1.0, 4.0]])).item()
        0.5
    """
    beside = gram - gram.diagonal().diag()
    return beside.abs().max() / gram.diagonal().min()


class ParetoBalance(Balancer):
    """Weighs competing terms so that their weighted sum descends for all of them: multiple gradient descent (MGDA).

    The weights gamma are constants, not below 0, of sum 1. Gradients are those of the terms, times their own weights,
    by the representations of both sides; no backward pass goes through the encoders. A term with a small gradient gets
    a large weight, but one whose gradient is exactly 0 takes no part: it has nothing to say in this step (its modality
    is absent, or the batch too small). If none has a gradient, all weigh the same.

    `measure` gives the means over the steps of training since it was last called, and starts anew: `balance/<modality>`
    and `balance/joint`, the gamma of terms whose name ends so, and `interaction`, the r of figure 3.

    Args:
        solution: "closed_form" leaves out the inner products of different gradients (P4, eq. 13), "qp" does not (P3).
            The paper names both, and not the one that its tables show.

    Raises:
        ValueError: if `solution` is neither.
    """

    gammas: Tensor
    interactions: Tensor
    steps: Tensor

    def __init__(self, solution: Solution = "closed_form") -> None:
        super().__init__()
        check_one_of("solution", solution, get_args(Solution))
        self.solution = solution
        self.subjects: tuple[str, ...] = ()
        self.register_buffer("gammas", torch.zeros(0))
        self.register_buffer("interactions", torch.zeros(()))
        self.register_buffer("steps", torch.zeros(()))

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Make room for the weights of modalities and of the joint features."""
        self.subjects = (*layout.modalities, JOINT)
        self.gammas = self.gammas.new_zeros(len(self.subjects))

    def forward(
        self, terms: Mapping[str, Term], representations: Mapping[Representation, Float[Tensor, "batch _"]]
    ) -> Float[Tensor, ""]:
        """Sum of the terms by gamma (eq. 14, without alpha_2); 0 where there are no terms."""
        if not terms:
            return torch.zeros(())
        gram = gram_matrix(list(terms.values()), representations)
        active = gram.diagonal() > 0
        weighted = torch.stack([term.weighted for term in terms.values()])
        if not bool(active.any()):
            return weighted.mean()
        inner = gram[active][:, active]
        gammas = torch.zeros_like(weighted)
        gammas[active] = pareto_weights(inner) if self.solution == "qp" else closed_form_weights(inner.diagonal())
        if self.training:
            self._record(tuple(terms), gammas, interaction(inner))
        return (gammas * weighted).sum()

    @torch.no_grad()
    def _record(self, names: tuple[str, ...], gammas: Float[Tensor, " terms"], ratio: Float[Tensor, ""]) -> None:
        for name, gamma in zip(names, gammas, strict=True):
            subject = name.rpartition("/")[2]
            if subject in self.subjects:
                self.gammas[self.subjects.index(subject)] += gamma
        self.interactions += ratio
        self.steps += 1

    def measure(self, step: Step) -> dict[str, float]:
        """Mean gamma of each modality's and the joint terms (figure 3b) and mean r (figure 3a), since the last call."""
        if not self.steps:
            return {}
        gammas, ratio = self.gammas / self.steps, self.interactions / self.steps
        numbers = {f"balance/{subject}": gamma for subject, gamma in zip(self.subjects, gammas.tolist(), strict=True)}
        for total in (self.gammas, self.interactions, self.steps):
            total.zero_()
        return numbers | {"interaction": ratio.item()}
