"""What a model says of labelled rows of the source and of unlabelled rows of the target: all that estimates see."""

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..consensus.opinion import Opinion
from ..data.samples import Samples
from ..evaluation.prediction import Predicted, Predictor, Subset, predict_subsets
from ..layout import Task, modality_subsets

BATCH_SIZE = 64


@attrs.frozen(eq=False)
class Observation:
    """What a model says. Models that are compared saw the same rows in the same order.

    Args:
        tasks: that it was trained on.
        source: predictions of labelled rows of the source by subset of modalities, the whole set first; None where no
            row has any of a subset.
        target: predictions of the target's rows, without labels.
        source_groups: of the source's rows, such as speakers; None where a row has none.
        target_groups: of the target's rows.
        target_ids: of the target's rows.
    """

    tasks: tuple[Task, ...]
    source: Mapping[Subset, Predicted | None]
    target: Mapping[Subset, Predicted | None]
    source_groups: tuple[str | None, ...]
    target_groups: tuple[str | None, ...]
    target_ids: tuple[str, ...]

    def __attrs_post_init__(self) -> None:
        """Refuse labels of the target, wherever they come from."""
        if any(predicted is not None and predicted.labels for predicted in self.target.values()):
            raise ValueError("target must hold no labels, but does: estimates may not see them.")

    @property
    def whole(self) -> Subset:
        """All modalities."""
        return next(iter(self.target))

    def opinion(self, side: str) -> Opinion:
        """What it says of a side with all the modalities that there are."""
        predicted = self.at(side)
        return Opinion(predicted.logits, predicted.present)

    def at(self, side: str, subset: Subset | None = None) -> Predicted:
        """Predictions of a side, with all modalities or a subset.

        Raises:
            ValueError: if no row has any of the subset.
        """
        found = (self.source if side == "source" else self.target)[self.whole if subset is None else subset]
        if found is None:
            raise ValueError(f"rows of the {side} must have one of {', '.join(subset or ())}, but none has.")
        return found

    def labels(self, task: str) -> NDArray[Any]:
        """Of the source's rows, `(n,)`."""
        return np.asarray(self.at("source").labels[task])


def observe(predict: Predictor, source: Samples, target: Samples, batch_size: int = BATCH_SIZE) -> Observation:
    """Ask a model about both sides, with every subset of its modalities.

    Args:
        predict: the model: `TorchPredictor`, `SessionPredictor` or any other.
        source: labelled rows of the source that no training saw, such as the run's validation rows.
        target: unlabelled.
        batch_size: rows at once.

    Raises:
        ValueError: if the source is not labelled, the target is, or a side has no rows.
        RunError: if logits are not finite. The message names the sample.
    """
    if target.labelled:
        raise ValueError("target must be unlabelled, but is labelled: estimates may not see labels of the target.")
    subsets = modality_subsets(tuple(target.schema.modalities))
    return Observation(
        tuple(target.schema.tasks),
        predict_subsets(predict, source, subsets, batch_size),
        predict_subsets(predict, target, subsets, batch_size, labelled=False),
        tuple(source.table.field("group")),
        tuple(target.table.field("group")),
        tuple(map(str, target.table.field("id"))),
    )
