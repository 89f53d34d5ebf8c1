"""How fast a model is with each subset of its modalities, in torch or ONNX Runtime.

What is timed is the model alone, from prepared arrays in memory to logits in memory: reading and preprocessing files is
left out.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any, Final

import attrs
import numpy as np

from ..data.arrays import Arrays
from ..data.samples import Samples
from ..layout import modality_subsets
from .prediction import Predictor, Subset
from .timing import time_in_turns

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH_SIZE: Final = 64
SECONDS: Final = 5.0
PERCENTILE: Final = 95

_LATENCY_ROUNDS: Final = (20, 200)
_BATCH_ROUNDS: Final = (3, 20)
"""How many rounds there are at least, however long they take, and at most."""


@attrs.frozen
class SubsetTiming:
    """How fast a model is with a subset of its modalities.

    Args:
        median: milliseconds for a batch of one sample, half of the calls take less.
        percentile_95: 95 % of the calls take less.
        throughput: samples a second, in large batches.
    """

    median: float
    percentile_95: float
    throughput: float


@attrs.frozen
class Timing:
    """How fast a model is with every subset of its modalities.

    Args:
        subsets: all modalities first.
        batch_size: of what `throughput` was measured on.
        calls: how many batches of one sample were timed with each subset.
        batches: how many large batches were.
    """

    subsets: Mapping[Subset, SubsetTiming]
    batch_size: int
    calls: int
    batches: int

    def to_json(self) -> dict[str, Any]:
        """As plain data, subsets by name."""
        return {
            "batch_size": self.batch_size,
            "calls": self.calls,
            "batches": self.batches,
            "subsets": {"+".join(subset): attrs.asdict(found) for subset, found in self.subsets.items()},
        }


def time_subsets(
    predict: Predictor, samples: Samples, batch_size: int = BATCH_SIZE, seconds: float = SECONDS
) -> Timing:
    """Time a model with each of the 2^M - 1 subsets of its modalities.

    After a warm-up, subsets take turns, in another order each round, so that what changes on the machine meanwhile
    changes all of them alike. Inputs are those of the samples; a modality that none of them has gets random ones.

    Args:
        predict: the model.
        samples: of any domain and split, labelled or not.
        batch_size: for the throughput; samples repeat where there are fewer.
        seconds: for each of latency and throughput, that no new round begins after, once there are enough.

    Raises:
        ValueError: if there are no samples, or the batch size is not positive.
        DataError: if a file cannot be used.
    """
    if not len(samples) or batch_size < 1:
        raise ValueError(f"samples and batch_size must be positive, but got {len(samples)}, {batch_size}.")
    subsets = modality_subsets(samples.schema.modalities)
    batches = _drop_modalities(_complete_samples(samples, batch_size), subsets)
    generator = np.random.default_rng(0)
    single = time_in_turns([_each(predict, batch, 1) for batch in batches], seconds, _LATENCY_ROUNDS, generator)
    large = time_in_turns([_each(predict, batch, batch_size) for batch in batches], seconds, _BATCH_ROUNDS, generator)
    medians, slowest = 1000 * np.median(single, axis=0), 1000 * np.percentile(single, PERCENTILE, axis=0)
    throughput = batch_size / np.median(large, axis=0)
    rows = zip(subsets, medians.tolist(), slowest.tolist(), throughput.tolist(), strict=True)
    return Timing(
        {subset: SubsetTiming(*found) for subset, *found in rows}, batch_size, calls=len(single), batches=len(large)
    )


def _complete_samples(samples: Samples, rows: int) -> Arrays:
    """So many samples that have every modality, put together from those that have it."""
    inputs: dict[str, NDArray[Any]] = {}
    lengths: dict[str, NDArray[np.int64]] = {}
    for name, preprocessing in samples.schema.preprocessing.items():
        having = [position for position, row in enumerate(samples.table.rows) if name in row.present][:rows]
        chosen = [samples[position] for position in islice(cycle(having), rows)]
        axis = preprocessing.time_axis
        if chosen:
            inputs[name] = np.stack([sample.inputs[name] for sample in chosen])
        else:
            inputs[name] = preprocessing.random(np.random.default_rng(0), rows)
        if axis is not None:
            longest = preprocessing.shape[axis]
            lengths[name] = np.array([sample.lengths[name] for sample in chosen] or [longest] * rows, np.int64)
    present = np.ones((rows, len(inputs)), np.bool_)
    nowhere = ("",) * rows
    return Arrays(inputs, present, None, ids=nowhere, domains=nowhere, index=np.arange(rows), lengths=lengths)


def _drop_modalities(arrays: Arrays, subsets: Sequence[Subset]) -> list[Arrays]:
    """The samples with each subset; what several of these have in common takes memory once."""
    zeros = {name: np.zeros_like(values) for name, values in arrays.inputs.items()}
    return [
        attrs.evolve(
            arrays,
            inputs={name: (arrays.inputs if name in subset else zeros)[name] for name in zeros},
            present=arrays.present & [name in subset for name in zeros],
        )
        for subset in subsets
    ]


def _each(predict: Predictor, arrays: Arrays, batch_size: int) -> Callable[[], object]:
    """Runs the model on one batch after the other, again and again."""
    batches = cycle(arrays[start : start + batch_size] for start in range(0, len(arrays), batch_size))
    return lambda: _call(predict, next(batches))


def _call(predict: Predictor, arrays: Arrays) -> object:
    return predict(arrays.inputs, arrays.present, arrays.lengths)
