"""MixVal: whether the model names mixtures of target samples by their larger part.

Hu et al., "Mixed samples as probes for unsupervised model selection in domain adaptation" (NeurIPS 2023,
https://openreview.net/forum?id=ackajXqei2; the authors' code: https://github.com/LHXXHB/MixVal). Pairs of target rows
are mixed .55 to .45, within predicted classes and across them; the first probes whether clusters are dense, the second
whether borders between them are sharp. The authors rank candidates by both and take the mean of the ranks; here both
shares are averaged, so that one model has a score by itself.
"""

from collections.abc import Sequence
from typing import Final

import attrs
import torch
from jaxtyping import Bool, Int64
from torch import Tensor

from ..arguments import check_at_least, check_within
from ..batch import Batch
from ..layout import Task
from .validator import Candidate, EachAlone, TargetInputs

ROWS: Final = 1000
"""So many rows at most are mixed, spread evenly."""

_PAIRS: Final = 128
"""That are read and mixed at once."""


def draw_pairs(
    predicted: Int64[Tensor, " samples"], generator: torch.Generator
) -> tuple[Int64[Tensor, "within 2"], Int64[Tensor, "across 2"]]:
    """A partner for each row that has the same predicted class, and one that has another; those without are left out.

    Example:
        >>> within, across = draw_pairs(torch.tensor([0, 0, 1]), torch.Generator().manual_seed(0))
        >>> sorted(within.tolist()), across[:, 0].tolist() == [2] or len(across)
        ([[0, 1], [1, 0]], 2)
    """
    shuffled = torch.randperm(len(predicted), generator=generator)
    ordered = shuffled[predicted[shuffled].argsort(stable=True)]
    counts = torch.bincount(predicted)
    sizes = counts[counts > 0]
    first = (sizes.cumsum(dim=0) - sizes).repeat_interleave(sizes)
    place, size = torch.arange(len(ordered)) - first, sizes.repeat_interleave(sizes)
    within = torch.stack([ordered, ordered[first + (place + 1) % size]], dim=1)[size > 1]
    # Half way round the rows in the order of their classes, a row has another class, unless most have its own.
    other = ordered.roll(len(ordered) // 2)
    across = torch.stack([ordered, other], dim=1)[predicted[ordered] != predicted[other]]
    return within, across


def mix(first: Batch, second: Batch, share: float) -> Batch:
    """Rows of a batch mixed with those of another: `share` of the first, the rest of the second.

    A mixture has the modalities that both have. Where they have none in common, and where inputs are no numbers to mix,
    as words are not, it is the first row.

    Args:
        first: the larger part.
        second: equally many rows of the same shapes.
        share: of the first.
    """
    both = first.present & second.present
    alone = ~both.any(dim=1)
    inputs = {
        name: _mix(values, second.inputs[name], share, alone) if values.is_floating_point() else values
        for name, values in first.inputs.items()
    }
    present = torch.where(alone.unsqueeze(1), first.present, both)
    lengths = {
        name: torch.where(alone, value, torch.maximum(value, second.lengths[name]))
        if first.inputs[name].is_floating_point()
        else value
        for name, value in first.lengths.items()
    }
    return attrs.evolve(first, inputs=inputs, present=present, lengths=lengths)


def share_of_larger(
    inputs: TargetInputs, pairs: Int64[Tensor, "pairs 2"], predicted: Int64[Tensor, " samples"], task: str, share: float
) -> float | None:
    """How often a mixture is named as its larger part was; None without pairs.

    Args:
        inputs: of the target.
        pairs: positions of the larger part and of the other one.
        predicted: class of each row of the target by itself.
        task: whose joint prediction is looked at.
        share: of the larger part.
    """
    if not len(pairs):
        return None
    right: list[Tensor] = []
    for start in range(0, len(pairs), _PAIRS):
        some = pairs[start : start + _PAIRS]
        # Read together, so that both have the same padding.
        batch = inputs.rows([*some[:, 0].tolist(), *some[:, 1].tolist()])
        mixed = mix(_part(batch, range(len(some))), _part(batch, range(len(some), 2 * len(some))), share)
        found = inputs.predict(mixed).joint_logits(task).argmax(dim=1)
        right.append(found == predicted[some[:, 0]])
    return torch.cat(right).double().mean().item()


class MixVal(EachAlone):
    """Mean of the shares of mixtures within and across predicted classes that are named by their larger part.

    It asks the model anew, of at most 1,000 rows twice: as long as two passes over them.

    Args:
        share: of the larger part, above one half.
        rows: that are mixed at most.
        seed: of the pairs.

    Raises:
        ValueError: if `share` is not between one half and 1, or there is no row to mix.

    Example:
        >>> MixVal().needs_inputs, MixVal().comparable
        (True, True)
    """

    comparable = True
    needs_inputs = True

    def __init__(self, share: float = 0.55, rows: int = ROWS, seed: int = 0) -> None:
        check_within("(0.5, 1)", share=share)
        check_at_least(1, rows=rows)
        self.share = share
        self.rows = rows
        self.seed = seed

    def score_one(self, candidate: Candidate, task: Task) -> float:
        """Of one model; 1 where there is no pair.

        Raises:
            ValueError: if the candidate's inputs cannot be had.
        """
        if candidate.inputs is None:
            raise ValueError("inputs must be there to be mixed, but the candidate has none.")
        predicted = candidate.target_logits(task.name).argmax(dim=1)
        chosen = torch.linspace(0, len(predicted) - 1, min(len(predicted), self.rows)).round().long()
        kinds = draw_pairs(predicted[chosen], torch.Generator().manual_seed(self.seed))
        found = [share_of_larger(candidate.inputs, chosen[pairs], predicted, task.name, self.share) for pairs in kinds]
        shares = [share for share in found if share is not None]
        return sum(shares) / len(shares) if shares else 1.0


def _mix(first: Tensor, second: Tensor, share: float, alone: Bool[Tensor, " rows"]) -> Tensor:
    mixed = share * first + (1 - share) * second
    return torch.where(alone.view(-1, *[1] * (first.dim() - 1)), first, mixed)


def _part(batch: Batch, positions: Sequence[int]) -> Batch:
    rows = torch.tensor(list(positions))
    return attrs.evolve(
        batch,
        inputs={name: values[rows] for name, values in batch.inputs.items()},
        present=batch.present[rows],
        domain=batch.domain[rows],
        index=batch.index[rows],
        ids=tuple(batch.ids[row] for row in positions),
        lengths={name: values[rows] for name, values in batch.lengths.items()},
        views={},
    )
