"""Tensors of the open inference protocol as a batch: preprocessed rows, or the content of files."""

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs
import numpy as np
from numpy.typing import NDArray

from ...framework.data.preprocessing import Prepared
from ...framework.errors import DataError
from ...framework.port_names import LENGTH, PRESENT
from ..artefact import ArtefactConfig
from .batch import SessionBatch, stack
from .content import decode_base64, decode_content
from .limits import Limits

BYTES: Final = "BYTES"

DATATYPES: Final = {"BOOL": np.bool_, "UINT8": np.uint8, "INT32": np.int32, "INT64": np.int64, "FP32": np.float32}
"""The protocol's names of types that an artefact takes."""

_WHOLE: Final = frozenset({int, bool})
_NUMBERS: Final = _WHOLE | {float}


@attrs.frozen(eq=False)
class Tensor:
    """One input of a request.

    Args:
        name: of the artefact's input.
        datatype: in the protocol's words.
        shape: the first number is that of rows.
        data: a list, nested or flat, or the bytes of the values in little-endian order, of `BYTES` each after its
            length.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: Sequence[Any] | bytes

    def numbers(self) -> NDArray[Any]:
        """The values.

        Raises:
            DataError: if the type is not known, or the values are not of it or do not fill the shape.
        """
        dtype = DATATYPES.get(self.datatype)
        if dtype is None:
            known = ", ".join((*DATATYPES, BYTES))
            raise DataError(f"{self.name}: datatype must be {known}, but got {self.datatype[:99]!r}.")
        if isinstance(self.data, bytes):
            size = np.dtype(dtype).itemsize * math.prod(self.shape)
            if len(self.data) != size:
                raise DataError(f"{self.name}: the shape {self.shape} needs {size} bytes, but got {len(self.data)}.")
            return np.frombuffer(self.data, np.dtype(dtype).newbyteorder("<")).astype(dtype).reshape(self.shape)
        values = to_numbers(self.data, dtype, self.name)
        if values.shape not in {self.shape, (math.prod(self.shape),)}:
            raise DataError(f"{self.name}: expected data of the shape {self.shape}, but got {values.shape}.")
        return values.reshape(self.shape)

    def contents(self) -> list[bytes | str]:
        """The elements of a `BYTES` tensor `(B,)` or `(B, 1)`: bytes, or text where JSON brought them.

        Raises:
            DataError: if there is not one for each row.
        """
        rows = self.shape[0] if self.shape else 0
        elements = _split(self.data, self.name, rows) if isinstance(self.data, bytes) else _unwrap(self.data)
        if self.shape not in {(len(elements),), (len(elements), 1)}:
            raise DataError(
                f"{self.name}: expected one element of {BYTES} a row, but got {len(elements)} for shape {self.shape}."
            )
        odd = [element for element in elements if not isinstance(element, bytes | str)]
        if odd:
            raise DataError(f"{self.name}: expected {BYTES} as strings, but got {type(odd[0]).__name__}.")
        return elements


def read_tensors(tensors: Sequence[Tensor], config: ArtefactConfig, limits: Limits) -> SessionBatch:
    """A request's inputs as a batch. What a session checks is left to it.

    Args:
        tensors: the artefact's inputs by name. In place of a modality's preprocessed rows, `BYTES` hold the content of
            a file for each row; an empty one stands for an absent modality, as an empty cell of a table does.
        config: of the artefact.
        limits: of the request.

    Raises:
        DataError: if a name is not known or comes twice, there are too many rows, or a tensor cannot be read.
    """
    given = {tensor.name: tensor for tensor in tensors}
    _check(tensors, given, config, limits)
    rows = max((tensor.shape[0] for tensor in tensors), default=0)
    present = given[PRESENT].numbers() if PRESENT in given else None
    names = {name: LENGTH.format(modality=name) for name in config.lengths}
    lengths = {name: given[key].numbers() for name, key in names.items() if key in given}
    inputs: dict[str, NDArray[Any]] = {}
    there = np.ones((rows, len(config.schema.modalities)), np.bool_)
    for column, name in enumerate(config.schema.modalities):
        if name not in given:
            # What `present` says against it is the session's to refuse.
            there[:, column] = present is not None
        elif given[name].datatype != BYTES:
            inputs[name] = given[name].numbers()
        else:
            asked = there[:, column] if present is None or present.shape != there.shape else present[:, column] != 0
            samples = _prepare(given[name], asked, config, limits)
            there[: len(samples), column] = [sample is not None for sample in samples]
            if any(sample is not None for sample in samples):
                inputs[name], own = stack(samples)
                lengths |= {} if own is None else {name: own}
    if present is None:
        return SessionBatch(inputs, there, lengths)
    return SessionBatch(inputs, present * there if present.shape == there.shape else present, lengths)


def to_numbers(data: Sequence[Any], dtype: type[np.generic], name: str) -> NDArray[Any]:
    """Numbers of JSON as an array.

    Raises:
        DataError: if they are none, or of another kind.
    """
    # As objects first: of a number and a long text, numpy would make two long texts.
    found = np.asarray(data, dtype=np.object_)
    kinds = set(map(type, found.ravel().tolist()))
    if not kinds.isdisjoint({list, tuple}):
        raise DataError(f"{name}: expected lists of equal lengths, but got some that are not.")
    if not kinds <= (_NUMBERS if np.dtype(dtype).kind == "f" else _WHOLE):
        raise DataError(f"{name}: expected {np.dtype(dtype)} values, but got some that are not.")
    try:
        with np.errstate(over="ignore"):
            return found.astype(np.float64 if np.dtype(dtype).kind == "f" else np.int64).astype(dtype)
    except OverflowError as error:
        raise DataError(f"{name}: expected {np.dtype(dtype)} values, but got one of more than 64 bits.") from error


def _check(tensors: Sequence[Tensor], given: Mapping[str, Tensor], config: ArtefactConfig, limits: Limits) -> None:
    if len(given) < len(tensors):
        raise DataError("every input may be given once, but one is given twice.")
    unknown = [name for name in given if name not in config.inputs]
    if unknown:
        raise DataError(f"unknown input {unknown[0][:99]!r}: the artefact has {', '.join(config.inputs)}.")
    for tensor in tensors:
        if not tensor.shape or min(tensor.shape) < 0:
            raise DataError(f"{tensor.name}: shape must begin with the number of rows, but got {tensor.shape}.")
        limits.check_rows(tensor.shape[0])


def _prepare(tensor: Tensor, asked: NDArray[np.bool_], config: ArtefactConfig, limits: Limits) -> list[Prepared | None]:
    """Each row's file, decoded and preprocessed; None where there is none."""
    preprocessing = config.schema.preprocessing[tensor.name]
    is_text = preprocessing.kind == "text"
    samples: list[Prepared | None] = []
    for row, element in enumerate(tensor.contents()):
        if not element or not asked[row]:
            samples.append(None)
            continue
        name = f"{tensor.name}: row {row}"
        if isinstance(element, bytes):
            content = element
        else:
            content = element.encode() if is_text else decode_base64(element, name)
        samples.append(preprocessing.prepare(decode_content(content, name, limits, is_text=is_text)))
    return samples


def _unwrap(data: Sequence[Any]) -> list[Any]:
    """The elements of a list, or of lists of one each."""
    return [element[0] if isinstance(element, list | tuple) and len(element) == 1 else element for element in data]


def _split(data: bytes, name: str, most: int) -> list[bytes | str]:
    """The elements of a binary tensor, up to one more than there may be: each follows its length, in 4 bytes."""
    elements: list[bytes | str] = []
    start = 0
    while start < len(data) and len(elements) <= most:
        if start + 4 > len(data):
            raise DataError(f"{name}: expected 4 bytes of an element's length, but {len(data) - start} are left.")
        (size,) = struct.unpack_from("<I", data, start)
        start += 4 + size
        if start > len(data):
            raise DataError(
                f"{name}: expected an element of {size} bytes, but {start - len(data)} of them are missing."
            )
        elements.append(data[start - size : start])
    return elements
