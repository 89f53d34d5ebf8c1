"""Instances of KServe's first protocol as a batch: one JSON object a sample, with its modalities by name."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...framework.data.preprocessing import Prepared, Preprocessing
from ...framework.errors import DataError
from ..array_feed import check_names
from ..artefact import ArtefactConfig
from .batch import SessionBatch, stack
from .content import decode_base64, decode_content
from .limits import Limits
from .tensors import to_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray


def read_instances(payload: object, config: ArtefactConfig, limits: Limits) -> SessionBatch:
    """A request as a batch.

    Args:
        payload: `{"instances": [{"audio": ..., "image": ...}, ...]}`; a sample leaves out what it lacks. A value is a
            list, the preprocessed array; or `{"b64": ...}`, the content of a file in base64; or text.
        config: of the artefact.
        limits: of the request.

    Raises:
        DataError: if it is not of this form, or a sample cannot be read.
    """
    instances = payload.get("instances") if isinstance(payload, dict) else None
    if not isinstance(instances, list):
        raise DataError('expected a JSON object with a list of "instances".')
    limits.check_rows(len(instances))
    modalities = config.schema.modalities
    for row, instance in enumerate(instances):
        if not isinstance(instance, dict):
            raise DataError(f"instances: row {row}: expected an object with the modalities of one sample.")
        check_names(instance, modalities)
    inputs: dict[str, NDArray[Any]] = {}
    lengths: dict[str, NDArray[np.int64]] = {}
    present = np.array([[name in instance for name in modalities] for instance in instances])
    for name in modalities:
        samples = [
            _prepare(instance[name], name, row, config, limits) if name in instance else None
            for row, instance in enumerate(instances)
        ]
        if any(sample is not None for sample in samples):
            inputs[name], own = stack(samples)
            lengths |= {} if own is None else {name: own}
    return SessionBatch(inputs, present, lengths)


def _prepare(value: object, modality: str, row: int, config: ArtefactConfig, limits: Limits) -> Prepared:
    preprocessing, name = config.schema.preprocessing[modality], f"{modality}: row {row}"
    is_text = preprocessing.kind == "text"
    if isinstance(value, list):
        return _pad(value, preprocessing, name, takes_shorter=modality in config.lengths)
    if isinstance(value, str) and is_text:
        content = value.encode()
    elif isinstance(value, Mapping) and isinstance(value.get("b64"), str):
        content = decode_base64(value["b64"], name)
    else:
        form = "text" if is_text else '{"b64": "..."}, the content of a file'
        raise DataError(f"{name}: expected a list of numbers or {form}, but got {type(value).__name__}.")
    return preprocessing.prepare(decode_content(content, name, limits, is_text=is_text))


def _pad(value: list[Any], preprocessing: Preprocessing, name: str, *, takes_shorter: bool) -> Prepared:
    """A preprocessed array; where its encoder is told lengths, it may have fewer steps than the others."""
    values, shape, axis = to_numbers(value, preprocessing.dtype, name), preprocessing.shape, preprocessing.time_axis
    wanted = list(shape)
    if axis is not None and takes_shorter and values.ndim == len(shape) and 0 < values.shape[axis] < shape[axis]:
        wanted[axis] = values.shape[axis]
    if values.shape != tuple(wanted):
        raise DataError(f"{name}: expected the shape {shape}, but got {values.shape}.")
    padded = np.full(shape, preprocessing.padding, preprocessing.dtype)
    padded[tuple(slice(size) for size in values.shape)] = values
    return Prepared(padded, None if axis is None else values.shape[axis])
