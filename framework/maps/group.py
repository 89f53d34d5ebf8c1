"""The interface: a group of maps of one modality, or of the modalities that belong to one device."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from ..data.arrays import Arrays
from ..data.input_maps import InputMap
from ..data.preprocessing import Preprocessing

AS_IT_IS = "as it is"
"""What the candidate is called that changes nothing."""


@attrs.frozen(eq=False)
class Candidate:
    """A map of each modality of a group that it changes.

    Args:
        name: What it does, in words.
        maps: By modality; those that stay as they are do not stand here.

    Example:
        >>> Candidate(AS_IT_IS).is_identity
        True
    """

    name: str
    maps: Mapping[str, InputMap] = attrs.field(factory=dict)

    @property
    def is_identity(self) -> bool:
        """Whether it changes nothing."""
        return not self.maps


@attrs.frozen(eq=False)
class Unlabelled:
    """What a group may look at to make its candidates.

    Args:
        preprocessing: By modality.
        target: Rows of the target, prepared, without labels.
        source: Rows of the source, prepared; None where they are not at hand.
    """

    preprocessing: Mapping[str, Preprocessing]
    target: Arrays
    source: Arrays | None = None

    def values(self, modality: str, *, of_source: bool = False) -> NDArray[np.float32]:
        """Rows `(B, ...)` of one side that have a modality."""
        side = self.source if of_source else self.target
        if side is None:
            raise ValueError("rows of the source are needed, but none are at hand.")
        found: NDArray[np.float32] = side.inputs[modality][side.present[:, [*side.inputs].index(modality)]]
        return found


class MapGroup(ABC):
    """Says which maps of some modalities are worth trying. Subclass it to add a group, and name it in a recipe.

    Args:
        modalities: That the maps change; all are changed together.

    Example:
        >>> from acclimate.framework.data.input_maps import Flip
        >>> class Backwards(MapGroup):
        ...     def candidates(self, seen: Unlabelled) -> list[Candidate]:
        ...         return [Candidate("backwards", {self.modalities[0]: Flip("backwards", axis=0)})]
        >>> Backwards(["audio"]).modalities
        ('audio',)
    """

    def __init__(self, modalities: Sequence[str]) -> None:
        self.modalities = tuple(modalities)

    @property
    def name(self) -> str:
        """What a report calls it."""
        return " and ".join(self.modalities)

    @abstractmethod
    def candidates(self, seen: Unlabelled) -> Sequence[Candidate]:
        """The maps to try, but for the identity, which is always tried.

        Args:
            seen: Preprocessing, and rows without labels.

        Raises:
            DataError: if the modalities are not of a kind that the maps are for.
        """
