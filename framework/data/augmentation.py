"""Corruptions of training batches, drawn anew in each pass over the data."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import attrs
from numpy.typing import NDArray

from ..errors import DataError
from .corruptions.base import PreprocessedCorruption
from .corruptions.chain import check_kind, parse_chain
from .corruptions.drawing import make_generator
from .corruptions.registry import CORRUPTIONS
from .preprocessing import Preprocessing
from .schema import Schema


@attrs.frozen(eq=False)
class Augmentation:
    """What happens to the inputs of training batches.

    What is random depends on the seeds, the number of the pass, the row's id and the modality alone, so that any batch
    of any epoch can be made again.

    Args:
        corruptions: by modality, one after the other.
        preprocessing: of these modalities.
        seed: of the run; each corruption has one of its own besides.
        view: name of the view that this makes; None makes the batch's own inputs.
    """

    corruptions: Mapping[str, Sequence[PreprocessedCorruption]]
    preprocessing: Mapping[str, Preprocessing]
    seed: int
    view: str | None = None

    @classmethod
    def parse(cls, texts: Mapping[str, Sequence[str]], schema: Schema, seed: int, view: str | None = None) -> Self:
        """Read a recipe's `training.augment`, or that of one of its `training.views`.

        Args:
            texts: corruptions by modality, such as `gaussian_noise(std=0.3)`.
            schema: of the data.
            seed: of the run.
            view: its name; None means `training.augment`.

        Raises:
            DataError: if there is no such modality or corruption, or one does not fit the modality, or acts on anything
                but the preprocessed array.
        """
        key = "training.augment" if view is None else f"training.views.{view}.augment"
        for name in texts:
            if name not in schema.modalities:
                known = ", ".join(map(repr, schema.modalities))
                raise DataError(f"{key}: a modality must be one of {known}, but got {name!r}.")
        parsed = {
            name: _parse(f"{key}: {name}", calls, schema.preprocessing[name]) for name, calls in texts.items() if calls
        }
        return cls(parsed, {name: schema.preprocessing[name] for name in parsed}, seed, view)

    def augment(self, values: NDArray[Any], modality: str, row: str, number: int) -> NDArray[Any]:
        """One sample's array, corrupted.

        Args:
            values: without padding; not changed.
            modality: one that `corruptions` names.
            row: its id.
            number: of the pass over the data.

        Example:
            >>> import numpy as np
            >>> from acclimate.framework.data.corruptions.gaussian_noise import GaussianNoise
            >>> from acclimate.framework.data.preprocessing import FeaturesPreprocessing
            >>> features = FeaturesPreprocessing(mean=[0.0] * 2, std=[1.0] * 2)
            >>> augmentation = Augmentation({"a": [GaussianNoise(std=0.1)]}, {"a": features}, seed=0)
            >>> first, again, next_epoch = (augmentation.augment(np.zeros(2), "a", "row", at) for at in (0, 0, 1))
            >>> bool((first == again).all()), bool((first == next_epoch).any())
            (True, False)
        """
        whose = "" if self.view is None else f" of view {self.view}"
        for corruption in self.corruptions[modality]:
            name = f"{corruption.name} of seed {self.seed} in pass {number}{whose}"
            generator = make_generator(corruption.seed, row, modality, name)
            values = corruption.corrupt(values, self.preprocessing[modality], generator)
        return values


def _parse(key: str, calls: Sequence[str], preprocessing: Preprocessing) -> tuple[PreprocessedCorruption, ...]:
    try:
        chain = parse_chain(" + ".join(calls))
        check_kind(chain, preprocessing.kind)
    except DataError as error:
        raise DataError(f"{key}: {error}") from error
    fitting = tuple(corruption for corruption in chain if isinstance(corruption, PreprocessedCorruption))
    if len(fitting) < len(chain):
        wrong = next(corruption for corruption in chain if corruption not in fitting)
        known = ", ".join(name for name, found in CORRUPTIONS.items() if issubclass(found, PreprocessedCorruption))
        raise DataError(f"{key}: a corruption must act on the preprocessed array ({known}), but {wrong.name} does not.")
    return fitting
