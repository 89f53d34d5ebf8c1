"""Requests over gRPC, looked through before protobuf makes anything of them."""

from typing import Final, NamedTuple

from google.protobuf.message import DecodeError
from kserve import InferRequest
from kserve.errors import InvalidInput
from kserve.protocol.grpc.grpc_predict_v2_pb2 import ModelInferRequest

from ...framework.errors import DataError
from .json_bounds import JsonBounds

_VARINT: Final = 10
"""Bytes of a whole number, at most."""

_INPUTS: Final = 5
_CONTENTS: Final = 5
_OUTPUTS: Final = 6
_SHAPE: Final = 3
_NUMBERS: Final = range(1, 8)


class _Level(NamedTuple):
    """Fields of a kind of message: those that are messages themselves, and the most bytes of those that are lists."""

    nested: dict[int, "_Level"]
    most: dict[int, int]


def read_message(content: bytes, bounds: JsonBounds) -> InferRequest:
    """A request of the open inference protocol.

    Two bytes of a message can become an object of a hundred, so fields and numbers are counted first.

    Args:
        content: the message.
        bounds: of what it may hold, as those of JSON.

    Raises:
        DataError: one line, if it holds more than a request can, or is none.
    """
    numbers = _VARINT * bounds.values
    contents = _Level({}, dict.fromkeys(_NUMBERS, numbers))
    tensor = _Level({_CONTENTS: contents}, {_SHAPE: 32 * _VARINT})
    _count(content, _Level({_INPUTS: tensor, _OUTPUTS: _Level({}, {})}, {}), bounds)
    try:
        return InferRequest.from_grpc(ModelInferRequest.FromString(content))
    except InvalidInput as error:
        raise DataError(f"the request has a tensor that cannot be read: {str(error)[:200]}.") from error
    except (DecodeError, IndexError) as error:
        raise DataError("the request is no message of the open inference protocol.") from error


def _count(content: bytes, top: _Level, bounds: JsonBounds) -> None:
    most = bounds.strings + bounds.containers
    left, fields = [(0, len(content), top)], 0
    while left:
        position, end, level = left.pop()
        while position < end:
            key, position = _varint(content, position)
            fields += 1
            if fields > most:
                raise DataError(f"expected at most {most:,} fields in a request, but got more.")
            number, wire = key >> 3, key & 7
            if wire == 2:
                size, position = _varint(content, position)
                if size > level.most.get(number, size):
                    raise DataError(f"expected at most {bounds.values:,} values in a request, but got more.")
                if number in level.nested:
                    left.append((position, min(end, position + size), level.nested[number]))
                position += size
            else:
                position = _skip(content, position, wire)


def _skip(content: bytes, position: int, wire: int) -> int:
    if wire == 0:
        return _varint(content, position)[1]
    if wire in {1, 5}:
        return position + (8 if wire == 1 else 4)
    raise DataError("the request is no message of the open inference protocol.")


def _varint(content: bytes, position: int) -> tuple[int, int]:
    """A whole number, and where it ends."""
    value = 0
    for index, byte in enumerate(content[position : position + _VARINT]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, position + index + 1
    raise DataError("the request is no message of the open inference protocol.")
