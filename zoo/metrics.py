"""How good a checkpoint is, as its metrics.json says.

All that was measured on the target used its labels: such numbers are reports ("oracle"), and chose nothing.
"""

import json
from typing import Self

import attrs

from ..framework.errors import RecipeError, ZooError
from ..framework.recipes.parsing import parse_attrs
from .config import read_document
from .texts import check_texts


@attrs.frozen
class Score:
    """One number, and how far it is to be trusted.

    Args:
        value: of this checkpoint.
        mean: over all seeds of the same training, this one among them.
        std: standard deviation over these seeds; None for a single one.
        seeds: how many.
    """

    value: float
    mean: float
    std: float | None
    seeds: int

    def __str__(self) -> str:
        """As in `.592 (.214 ± .042, 5 seeds)`."""
        if self.std is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} ({self.mean:.3f} ± {self.std:.3f}, {self.seeds} seeds)"


@attrs.frozen
class TaskMetrics:
    """Of one task.

    Args:
        measure: what the numbers are, such as `accuracy`.
        higher_is_better: whether more of it is better.
        source: on the source's test split, by `fused` and by modality.
        target: the same on the target's (oracle).
        drop: fused, on the target's test split (oracle), by the modalities that are left, as in `audio+image`.
        source_only: fused, on the target's test split (oracle), of the same encoders trained on the source alone.
    """

    measure: str
    higher_is_better: bool
    source: dict[str, Score]
    target: dict[str, Score]
    drop: dict[str, Score]
    source_only: Score | None = None


@attrs.frozen
class Point:
    """A sample in a picture of the joint features.

    Args:
        x: coordinate.
        y: coordinate.
        side: source or target.
        label: its class (oracle, on the target).
    """

    x: float
    y: float
    side: str
    label: str


@attrs.frozen(kw_only=True)
class CheckpointMetrics:
    """How good a checkpoint is.

    Args:
        tasks: scores by task.
        selection: how the epoch was chosen: what was measured without target labels, by name.
        selected_by: the one of them that chose.
        chosen_among: how this seed was chosen among others, in words, without target labels.
        points: a picture of the joint features (t-SNE).
    """

    tasks: dict[str, TaskMetrics]
    selection: dict[str, float]
    selected_by: str
    chosen_among: str
    points: tuple[Point, ...] = ()

    def to_json(self) -> str:
        """As the file holds it."""
        return json.dumps(attrs.asdict(self), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, content: bytes, name: str) -> Self:
        """Read what `to_json` wrote.

        Raises:
            ZooError: if it is something else.
        """
        document = read_document(content, name)
        check_texts(document, name)
        try:
            metrics = parse_attrs(cls, document, "metrics")
            # What stands there as text, such as "nan", is read as a number.
            metrics.to_json()
        except (RecipeError, ValueError) as error:
            raise ZooError(f"{name} holds no metrics of a checkpoint: {' '.join(str(error).split())[:500]}") from error
        return metrics
