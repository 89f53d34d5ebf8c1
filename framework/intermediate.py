"""Tensors that lie between inputs and features: what encoders and fusions hand on beside these, if they want to."""

from collections.abc import Callable, Mapping

import attrs
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from .layout import RowShape


@attrs.frozen(eq=False)
class Intermediate:
    """One tensor, such as the steps in time that an encoder pools, or the private part of a joint feature.

    Args:
        values: `(B, ...)`, of steps in time `(B, T, ...)`; of an encoder, zero where its modality is absent.
        lengths: how many steps are each row's own, 0 where the modality is absent; what follows is padding. None of
            what has no steps in time.
    """

    values: Float[Tensor, "batch ..."]
    lengths: Int64[Tensor, " batch"] | None = None

    def map(self, change: Callable[[Tensor], Tensor]) -> "Intermediate":
        """The same with another tensor in place of each."""
        return Intermediate(change(self.values), None if self.lengths is None else change(self.lengths))


@attrs.frozen(eq=False)
class Encoded:
    """What an Encoder makes, where it hands on more than features.

    Args:
        features: `(B, out_features)`.
        intermediate: by name, those that the encoder's `intermediate_shapes` announce.

    Example:
        >>> steps, lengths = torch.ones(2, 7, 16), torch.tensor([7, 3])
        >>> Encoded(steps.mean(dim=1), {"steps": Intermediate(steps, lengths)}).features.shape
        torch.Size([2, 16])
    """

    features: Float[Tensor, "batch _"]
    intermediate: Mapping[str, Intermediate] = attrs.field(factory=dict)

    def map(self, change: Callable[[Tensor], Tensor]) -> "Encoded":
        """The same with another tensor in place of each, lengths too."""
        return Encoded(change(self.features), {name: found.map(change) for name, found in self.intermediate.items()})


def to_encoded(answer: Tensor | Encoded) -> Encoded:
    """What an Encoder returned, with nothing intermediate where it is features alone."""
    return answer if isinstance(answer, Encoded) else Encoded(answer)


def blank(shapes: Mapping[str, RowShape], like: Tensor, rows: int) -> dict[str, Intermediate]:
    """Zeros in place of what an encoder hands on, where it has no row to run on: one step in time, which no row owns.

    Args:
        shapes: the encoder's `intermediate_shapes`.
        like: gives type and device.
        rows: size of the batch.
    """
    return {
        name: Intermediate(
            like.new_zeros(rows, *(1 if size is None else size for size in shape)),
            torch.zeros(rows, dtype=torch.int64, device=like.device) if None in shape else None,
        )
        for name, shape in shapes.items()
    }
