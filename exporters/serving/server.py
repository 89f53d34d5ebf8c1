"""Starts KServe's server for an artefact."""

import re
import socket
import sys
from pathlib import Path
from typing import Final

from ...framework.errors import AcclimateError
from .limits import Limits

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def serve(
    path: Path,
    *,
    name: str | None = None,
    port: int = 8080,
    grpc_port: int | None = None,
    workers: int = 1,
    provider: str = "cpu",
    threads: int | None = None,
    limits: Limits | None = None,
) -> None:
    """Serve an artefact until the process gets SIGTERM or SIGINT; requests that run are answered before it ends.

    Args:
        path: the artefact's folder.
        name: of the model, in URLs; None for the folder's name.
        port: for HTTP, on all addresses of the machine.
        grpc_port: for gRPC; None for none.
        workers: processes that answer over HTTP, each with a session of its own; one answers over gRPC.
        provider: execution provider, see `Session`.
        threads: that compute one operator together, see `Session`.
        limits: of one request.

    Raises:
        AcclimateError: if an argument breaks its rule, or a port is taken.
        ExportError: if the artefact cannot be opened.
    """
    name = name or path.absolute().name
    if not _NAME.fullmatch(name):
        raise AcclimateError(f"--name must be letters, digits, '.', '_' and '-', but got {name!r}.")
    if workers < 1:
        raise AcclimateError(f"--workers must be positive, but got {workers}.")
    for number in (port, *([] if grpc_port is None else [grpc_port])):
        _check_free(number)
    # KServe reads the command line when it is imported, and would take our options for its own.
    sys.argv = sys.argv[:1]
    from kserve import ModelServer, model_server
    from kserve.logging import configure_logging

    from .data_plane import ArtefactDataPlane, FixedRepository
    from .model import ServedArtefact
    from .workers import use_patient_processes

    configure_logging()
    use_patient_processes()
    limits = limits or Limits()
    model_server.args.grpc_max_receive_message_length = limits.bytes
    server = ModelServer(
        http_port=port,
        grpc_port=grpc_port,
        enable_grpc=grpc_port is not None,
        workers=workers,
        enable_latency_logging=False,
    )
    server.dataplane = ArtefactDataPlane(server.registered_models, limits.bytes)
    server.model_repository_extension = FixedRepository(server.registered_models)
    server.start([ServedArtefact(path, name, provider=provider, threads=threads, limits=limits)])


def _check_free(port: int) -> None:
    """Refuse a port before the artefact is opened: uvicorn would end the process with a line of its own."""
    try:
        socket.create_server(("", port)).close()
    except (OSError, OverflowError) as error:
        raise AcclimateError(f"the port {port} cannot be listened to: {error}.") from error
