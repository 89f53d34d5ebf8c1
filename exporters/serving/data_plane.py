"""Requests over HTTP: handed on as they came, and models that stay."""

from collections.abc import Mapping
from typing import Any

from kserve import InferRequest, ModelRepository
from kserve.constants.constants import PredictorProtocol
from kserve.errors import InvalidInput
from kserve.protocol.dataplane import DataPlane
from kserve.protocol.model_repository_extension import ModelRepositoryExtension

from ...framework.errors import DataError
from .application import prepare_application
from .json_bounds import JsonBounds
from .limits import Limits
from .requests import RawRequest, json_length


class ArtefactDataPlane(DataPlane):
    """KServe's, but for one thing: a request is parsed by the model, in a thread of its own.

    KServe parses where all connections are served, so that one large request holds up all others, health too.

    Args:
        models: what is served.
        limits: of one request.
        bounds: of its JSON.
    """

    def __init__(self, models: ModelRepository, limits: Limits, bounds: JsonBounds) -> None:
        super().__init__(model_registry=models)
        self.limits, self.bounds = limits, bounds
        prepare_application(limits, bounds)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """A worker gets the data plane from the process that starts it, and has an application of its own."""
        self.__dict__.update(state)
        prepare_application(self.limits, self.bounds)

    def decode(
        self,
        body: bytes | InferRequest,
        headers: Mapping[str, str],
        protocol_version: str = PredictorProtocol.REST_V1.value,
        model_name: str | None = None,
    ) -> tuple[RawRequest | InferRequest, dict[str, Any]]:
        """The request as it came.

        Raises:
            InvalidInput: if its headers contradict it.
        """
        if not isinstance(body, bytes):
            return body, {}
        if protocol_version != PredictorProtocol.REST_V2.value:
            return RawRequest(body, len(body), None), {}
        try:
            return RawRequest(body, json_length(headers, len(body)), model_name or ""), {}
        except DataError as error:
            raise InvalidInput(str(error)) from error


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
