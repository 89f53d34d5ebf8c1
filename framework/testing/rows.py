"""The rows of one side of a scene: features that are leaves of the graph, and all that is known beside them."""

from collections.abc import Mapping

import attrs
import torch
from jaxtyping import Bool, Float, Int64, Shaped
from torch import Tensor

from ..batch import Lesson
from .lessons import reorder


@attrs.frozen(eq=False)
class Rows:
    """Features, presence, labels and lessons of the same rows; outputs follow from the features.

    Args:
        features: `(B, width)` by modality, leaves of the graph.
        present: which modalities each row has, columns in alphabetical order.
        labels: by task.
        lessons: by task.

    Attributes:
        inputs: what the features were made of, by encoders that change nothing.
    """

    features: Mapping[str, Float[Tensor, "batch width"]]
    present: Bool[Tensor, "batch modality"]
    labels: Mapping[str, Shaped[Tensor, " batch"]]
    lessons: Mapping[str, Lesson]
    inputs: Mapping[str, Float[Tensor, "batch width"]] = attrs.field(init=False)

    @inputs.default
    def _own_inputs(self) -> Mapping[str, Tensor]:
        # Copies: what another model says of them stays when finite differences move the features.
        return {name: values.detach().clone() for name, values in self.features.items()}

    def __len__(self) -> int:
        return len(self.present)

    def take(self, order: Int64[Tensor, " rows"]) -> "Rows":
        """Some rows, or all in another order."""
        return Rows(
            features={name: leaf(values[order]) for name, values in self.features.items()},
            present=self.present[order],
            labels={task: labels[order] for task, labels in self.labels.items()},
            lessons={task: reorder(lesson, order) for task, lesson in self.lessons.items()},
        )

    def rename(self, new: Mapping[str, str]) -> "Rows":
        """The same rows with the modalities' names exchanged.

        Args:
            new: the new name of each modality.
        """
        old = sorted(self.features)
        columns = [old.index(name) for name in sorted(old, key=lambda name: new[name])]
        features = {new[name]: leaf(values) for name, values in self.features.items()}
        places = torch.tensor(columns).argsort()
        return attrs.evolve(
            self,
            features=dict(sorted(features.items())),
            present=self.present[:, columns],
            lessons={
                task: attrs.evolve(lesson, teacher=places[lesson.teacher]) for task, lesson in self.lessons.items()
            },
        )

    def fill_absent(self, value: float) -> "Rows":
        """The same rows with this value wherever a modality is absent."""
        return attrs.evolve(
            self,
            features={
                name: leaf(values.detach().masked_fill(~self.present[:, [column]], value))
                for column, (name, values) in enumerate(self.features.items())
            },
        )


def leaf(values: Float[Tensor, "batch width"]) -> Float[Tensor, "batch width"]:
    """A copy of the values from which a graph begins."""
    return values.detach().clone().requires_grad_()
