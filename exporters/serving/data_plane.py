"""Requests over HTTP: read without copies, and refused where they are none."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from kserve import InferInput, InferRequest, ModelRepository
from kserve.errors import InvalidInput
from kserve.protocol.dataplane import DataPlane
from kserve.protocol.infer_type import RequestedOutput
from kserve.protocol.model_repository_extension import ModelRepositoryExtension

from .application import prepare_application

_JSON_LENGTH: Final = "inference-header-content-length"
"""Header that says how many bytes of a body are JSON; binary tensors follow."""


class ArtefactDataPlane(DataPlane):
    """KServe's, but for two things.

    Binary tensors stay bytes: KServe makes lists of numbers and text of them, which is slow, and impossible for the
    content of most files. And whatever cannot be read is the client's mistake, not the server's.

    Args:
        models: what is served.
        max_bytes: of a request's body.
    """

    def __init__(self, models: ModelRepository, max_bytes: int) -> None:
        super().__init__(model_registry=models)
        self.max_bytes = max_bytes
        prepare_application(max_bytes)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """A worker gets the data plane from the process that starts it, and has an application of its own."""
        self.__dict__.update(state)
        prepare_application(self.max_bytes)

    def decode(self, *arguments: Any, **options: Any) -> tuple[Any, dict[str, Any]]:  # noqa: ANN401 - KServe has no types
        """The request.

        Raises:
            InvalidInput: if it cannot be read.
        """
        try:
            found: tuple[Any, dict[str, Any]] = super().decode(*arguments, **options)
        except InvalidInput:
            raise
        except Exception as error:
            raise InvalidInput(f"the request cannot be read: {type(error).__name__}: {error}") from error
        return found

    def decode_inference_request(self, body: Any, headers: Mapping[str, str], model_name: str) -> InferRequest:  # noqa: ANN401
        """A request of the second protocol."""
        if not isinstance(body, bytes):
            return super().decode_inference_request(body, headers, model_name)
        return read_binary(body, int(headers.get(_JSON_LENGTH, len(body))), model_name)


class FixedRepository(ModelRepositoryExtension):
    """Lets nobody who can send requests take the model away."""

    async def load(self, model_name: str) -> None:
        """Refuse.

        Raises:
            InvalidInput: always.
        """
        raise InvalidInput("models are loaded when the server starts, and stay.")

    async def unload(self, model_name: str) -> None:
        """Refuse.

        Raises:
            InvalidInput: always.
        """
        await self.load(model_name)


def read_binary(body: bytes, json_length: int, model_name: str) -> InferRequest:
    """A request whose tensors may follow its JSON, as bytes.

    Raises:
        InvalidInput: if bytes are missing or left over.
        KeyError: if a field is missing.
    """
    head, start = orjson.loads(body[:json_length]), json_length
    inputs = []
    for one in head["inputs"]:
        tensor = InferInput(one["name"], one["shape"], one["datatype"], one.get("data"), one.get("parameters"))
        if tensor.data is None:
            size = int(one["parameters"]["binary_data_size"])
            tensor._raw_data = body[start : start + size]  # noqa: SLF001 - it has no setter
            start += size
        inputs.append(tensor)
    if start != len(body):
        raise InvalidInput(f"the inputs take {start} bytes of the body, but it has {len(body)}.")
    asked = [RequestedOutput(one["name"], one.get("parameters")) for one in head.get("outputs") or ()]
    return InferRequest(
        model_name, inputs, request_id=head.get("id"), parameters=head.get("parameters"), request_outputs=asked or None
    )
