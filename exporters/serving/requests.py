"""Requests as they come over HTTP, and what they ask for."""

from collections.abc import Mapping
from typing import Any, Final

import attrs
from kserve import InferInput, InferRequest
from kserve.protocol.infer_type import RequestedOutput

from ...framework.errors import DataError
from .json_bounds import JsonBounds
from .json_documents import parse_document

JSON_LENGTH: Final = "inference-header-content-length"
"""Header that says how many bytes of a body are JSON; binary tensors follow."""

_DIMENSIONS: Final = 32
_LARGEST: Final = 2**31


@attrs.frozen(eq=False)
class RawRequest:
    """A request's body, to be parsed where that holds nobody up.

    Args:
        body: all of it.
        json_length: bytes of JSON; the first protocol knows no others.
        model_name: of the second protocol; None for the first.
    """

    body: bytes
    json_length: int
    model_name: str | None

    def parse(self, bounds: JsonBounds) -> InferRequest | dict[str, Any]:
        """The request, whose binary tensors stay bytes: KServe would make lists of numbers and text of them.

        Args:
            bounds: of its JSON.

        Raises:
            DataError: one line, if it is none, or bytes are missing or left over.
        """
        if self.model_name is None:
            return parse_document(self.body, bounds)
        head = parse_document(self.body[: self.json_length], bounds)
        start, inputs = self.json_length, []
        for number, one in enumerate(_objects(head, "inputs")):
            name = f"inputs.{number}"
            tensor = InferInput(
                _field(one, "name", str, name),
                _shape(one, name),
                _field(one, "datatype", str, name),
                _optional(one, "data", list, name),
                _optional(one, "parameters", dict, name),
            )
            if tensor.data is None:
                size = _binary_size(one, name)
                tensor._raw_data = self.body[start : start + size]  # noqa: SLF001 - it has no setter
                start += size
            inputs.append(tensor)
        if start != len(self.body):
            raise DataError(f"the inputs take {start} bytes of the body, but it has {len(self.body)}.")
        return InferRequest(
            self.model_name,
            inputs,
            request_id=_optional(head, "id", str, "request"),
            parameters=_optional(head, "parameters", dict, "request"),
            request_outputs=_outputs(head) or None,
        )


def json_length(headers: Mapping[str, str], size: int) -> int:
    """How many bytes of a body are JSON.

    Args:
        headers: of the request.
        size: of the body.

    Raises:
        DataError: if the header says something that cannot be.
    """
    text = headers.get(JSON_LENGTH)
    if text is None:
        return size
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= size):
        raise DataError(f"{JSON_LENGTH} must be a number of bytes of the body, which has {size}, but is {text[:60]!r}.")
    return int(text)


def _outputs(head: Mapping[str, Any]) -> list[RequestedOutput]:
    asked = _objects(head, "outputs") if head.get("outputs") is not None else []
    names = [_field(one, "name", str, f"outputs.{number}") for number, one in enumerate(asked)]
    return [
        RequestedOutput(name, _optional(one, "parameters", dict, "outputs"))
        for name, one in zip(names, asked, strict=True)
    ]


def _objects(head: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = head.get(key)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise DataError(f"{key} must be a list of objects, but is {'missing' if found is None else 'something else'}.")
    return found


def _field(one: Mapping[str, Any], key: str, kind: type, name: str) -> Any:  # noqa: ANN401 - of that kind
    if not isinstance(one.get(key), kind):
        words: dict[type, str] = {str: "a string", list: "a list", dict: "an object"}
        raise DataError(f"{name}.{key} must be {words[kind]}, but is {_kind(one.get(key))}.")
    return one[key]


def _optional(one: Mapping[str, Any], key: str, kind: type, name: str) -> Any:  # noqa: ANN401 - of that kind, or None
    return None if one.get(key) is None else _field(one, key, kind, name)


def _shape(one: Mapping[str, Any], name: str) -> list[int]:
    shape: list[Any] = _field(one, "shape", list, name)
    if len(shape) > _DIMENSIONS or not all(type(size) is int and -_LARGEST < size < _LARGEST for size in shape):
        raise DataError(f"{name}.shape must be up to {_DIMENSIONS} whole numbers of 32 bits, but is something else.")
    return shape


def _binary_size(one: Mapping[str, Any], name: str) -> int:
    size = (one.get("parameters") or {}).get("binary_data_size")
    if type(size) is not int or size < 0:
        raise DataError(f"{name}: data, or parameters.binary_data_size as a number of bytes, must be there.")
    return size


def _kind(value: object) -> str:
    return "missing" if value is None else type(value).__name__
