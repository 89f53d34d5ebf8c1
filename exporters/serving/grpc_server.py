"""KServe's server of gRPC, at an address and within limits."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import grpc
from grpc import aio
from kserve.errors import InvalidInput
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import add_GRPCInferenceServiceServicer_to_server
from kserve.protocol.grpc.interceptors import ExceptionToStatusInterceptor, LoggingInterceptor
from kserve.protocol.grpc.server import GRPCServer
from kserve.protocol.grpc.servicer import InferenceServicer
from kserve.utils.utils import to_headers

from ...framework.errors import DataError
from .addresses import address
from .grpc_messages import read_message
from .limits import HELD, Limits

_RENEWED: Final = 600_000
"""Milliseconds after which a connection is renewed: a client that sends half a message holds its place no longer."""


class LimitedServicer(InferenceServicer):
    """KServe's, but that a request is looked through before it is parsed, beside the connections."""

    async def ModelInfer(self, request: bytes, context: Any) -> Any:  # noqa: ANN401, N802 - gRPC's
        """Answer a request.

        Raises:
            InvalidInput: if it is none.
        """
        try:
            read = await asyncio.to_thread(read_message, request, self._data_plane.bounds)
        except DataError as error:
            raise InvalidInput(str(error)) from error
        answer, _ = await self._data_plane.infer(request=read, headers=to_headers(context), model_name=read.model_name)
        return answer.to_grpc()


class LimitedGrpcServer(GRPCServer):
    """KServe's, but for its address, which is every one of the machine, and how many requests it takes at a time.

    Args:
        host: address to listen on.
        limits: of one request.
        given: KServe's own arguments.
        options: KServe's own.
    """

    def __init__(self, host: str, limits: Limits, *given: Any, **options: Any) -> None:  # noqa: ANN401 - KServe's own
        super().__init__(*given, **options)
        self._host, self._limits = host, limits

    async def start(self, max_workers: int) -> None:
        """Serve until it is stopped."""
        self._server = aio.server(
            ThreadPoolExecutor(max_workers=max_workers),
            interceptors=(LoggingInterceptor(), ExceptionToStatusInterceptor()),
            options=[
                ("grpc.max_send_message_length", self._kwargs.get("grpc_max_send_message_length")),
                ("grpc.max_receive_message_length", self._limits.bytes),
                ("grpc.max_connection_age_ms", _RENEWED),
                ("grpc.max_connection_age_grace_ms", 1000 * self._limits.seconds),
            ],
            maximum_concurrent_rpcs=4 * HELD,
        )
        servicer = LimitedServicer(self._data_plane, self._model_repository_extension)
        add_GRPCInferenceServiceServicer_to_server(servicer, _Unparsed(self._server))
        self._server.add_insecure_port(address(self._host, self._port))
        await self._server.start()
        await self._server.wait_for_termination()


class _Unparsed:
    """Registers methods, of which ModelInfer gets the message as it came.

    Args:
        server: where they are registered.
    """

    def __init__(self, server: aio.Server) -> None:
        self._server = server

    def add_generic_rpc_handlers(self, handlers: Any) -> None:  # noqa: ANN401 - they come by name, too
        """Leave it to the other way."""

    def add_registered_method_handlers(self, service: str, methods: dict[str, Any]) -> None:
        """Register methods by name."""
        infer = methods["ModelInfer"]
        unparsed = grpc.unary_unary_rpc_method_handler(infer.unary_unary, response_serializer=infer.response_serializer)
        handlers = {**methods, "ModelInfer": unparsed}
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
