"""Where KServe's servers listen, and how much they let in."""

from functools import partial
from typing import Any

from kserve import model_server
from kserve.protocol.rest.multiprocess import server as multiprocess_server
from kserve.protocol.rest.server import RESTServer

from .grpc_server import LimitedGrpcServer
from .limits import Limits
from .timed_protocol import TimedProtocol


class LimitedRestServer(RESTServer):
    """KServe's, but for its address, which is every one of the machine, and its patience, which has no end.

    Args:
        host: address to listen on.
        limits: of requests and connections.
        given: KServe's own arguments.
        options: KServe's own.
    """

    def __init__(self, host: str, limits: Limits, *given: Any, **options: Any) -> None:  # noqa: ANN401 - KServe's own
        super().__init__(*given, **options)
        self.config.host = host
        self.config.http = partial(TimedProtocol, limits=limits)
        # There are none to connect to.
        self.config.ws = "none"


def listen_within(host: str, limits: Limits) -> None:
    """Let KServe start servers of this address and these limits.

    Args:
        host: address to listen on, for HTTP and gRPC.
        limits: of requests and connections.
    """
    rest = partial(LimitedRestServer, host, limits)
    for module in (model_server, multiprocess_server):
        module.RESTServer = rest
    model_server.GRPCServer = partial(LimitedGrpcServer, host, limits)
