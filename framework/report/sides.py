"""What the run's model says of rows of the source and of the target, and how good that is where labels are known."""

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import numpy as np
import torch
from numpy.typing import NDArray

from ..batch import Side
from ..data import Samples, Schema
from ..errors import RunError
from ..evaluation.subsets import BATCH_SIZE, DropTable, Scores, drop_table, evaluate
from ..layout import JOINT, DomainSide
from ..method import Method
from ..training.loader import Loader
from ..training.monitor import gather, survey
from ..training.torch_predictor import TorchPredictor
from .rows import Rows


@attrs.frozen(eq=False)
class Observed:
    """A side as the model sees it.

    Args:
        rows: which they are.
        side: outputs of the model for them, and their labels where they may be seen.
        domains: names that `side.batch.domain` counts.
        scores: per modality and fused; None without labels.
        drop: with every subset of modalities; None without labels.
    """

    rows: Rows
    side: Side
    domains: tuple[str, ...]
    scores: Scores | None = None
    drop: DropTable | None = None

    def has(self, name: str) -> NDArray[np.bool_]:
        """Which rows have a modality; all have the fused prediction."""
        batch = self.side.batch
        return np.ones(len(batch), dtype=bool) if name == JOINT else batch.has(name).numpy()

    def features(self, name: str) -> NDArray[np.float32]:
        """Of a modality, or `JOINT`, on the rows that have it."""
        return np.asarray(self.side.outputs.features[name].float().numpy()[self.has(name)])

    def domain(self, name: str) -> NDArray[np.int64]:
        """Position in `domains`, of the rows that have a modality."""
        return np.asarray(self.side.batch.domain.numpy()[self.has(name)])

    def predictions(self, task: str, name: str) -> NDArray[np.int64]:
        """Classes by a modality's own head, or fused, on the rows that have it."""
        return np.asarray(self.side.outputs.logits[task][name].argmax(dim=1).numpy()[self.has(name)])

    def labels(self, task: str, name: str) -> NDArray[np.int64] | None:
        """Classes by label, on the rows that have a modality; None without labels."""
        labels = self.side.batch.labels
        return None if labels is None else np.asarray(labels[task].numpy()[self.has(name)])


def feature_names(sides: Mapping[DomainSide, Observed]) -> tuple[str, ...]:
    """The modalities, then `JOINT`."""
    return (*next(iter(sides.values())).side.batch.modalities, JOINT)


def spread(rows: NDArray[Any], most: int) -> NDArray[Any]:
    """So many rows at most, evenly spread over all."""
    chosen = np.linspace(0, len(rows) - 1, min(len(rows), most)).round().astype(np.int64)
    return np.asarray(rows[chosen])


def observe(method: Method, schema: Schema, rows: Mapping[DomainSide, Rows]) -> dict[DomainSide, Observed]:
    """Run the model over the rows of each side, and score it where labels may be seen.

    Raises:
        DataError: if a file cannot be read, or a label is none of the source's classes.
        RunError: if the model gives numbers that are not finite.
    """
    return dict(_observe(method, schema, rows))


def _observe(method: Method, schema: Schema, rows: Mapping[DomainSide, Rows]) -> Iterator[tuple[DomainSide, Observed]]:
    domains = tuple(dict.fromkeys(name for found in rows.values() for name in found.table.domains))
    for name, found in rows.items():
        samples = Samples(found.table, schema, labelled=found.labelled)
        loader = Loader(samples, BATCH_SIZE, shuffle=False, seed=0, domains=domains)
        side = gather(survey(method, loader, name, torch.device("cpu")))
        _check_finite(side)
        predict = TorchPredictor(method.model, domain_side=name)
        yield (
            name,
            Observed(
                found,
                side,
                domains,
                evaluate(predict, samples) if found.labelled else None,
                drop_table(predict, samples) if found.labelled else None,
            ),
        )


def _check_finite(side: Side) -> None:
    for name, features in side.outputs.features.items():
        wrong = (~torch.isfinite(features).all(dim=1)).nonzero().flatten().tolist()
        if wrong:
            raise RunError(
                f"features must be finite, but those of {name!r} are not for sample {side.batch.ids[wrong[0]]!r}: the "
                "training may have diverged"
            )
