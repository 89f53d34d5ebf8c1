"""Starts KServe's server for an artefact."""

import re
import sys
from pathlib import Path
from typing import Final

from ...framework.data.decoding_limit import set_decoding_limit
from ...framework.errors import AcclimateError
from .addresses import check_free
from .limits import Limits

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def serve(
    path: Path,
    *,
    name: str | None = None,
    host: str = "127.0.0.1",
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
        host: address to listen on, 127.0.0.1 for this machine's own programs, 0.0.0.0 for whoever reaches it.
        port: for HTTP.
        grpc_port: for gRPC; None for none.
        workers: processes that answer over HTTP, each with a session of its own; one answers over gRPC.
        provider: execution provider, see `Session`.
        threads: that compute one operator together, see `Session`.
        limits: of one request.

    Raises:
        AcclimateError: if an argument breaks its rule, or an address is taken.
        ExportError: if the artefact cannot be opened.
    """
    name = name or path.absolute().name
    if not _NAME.fullmatch(name):
        raise AcclimateError(f"--name must be letters, digits, '.', '_' and '-', but got {name!r}.")
    if workers < 1:
        raise AcclimateError(f"--workers must be positive, but got {workers}.")
    for number in (port, *([] if grpc_port is None else [grpc_port])):
        check_free(host, number)
    # KServe reads the command line when it is imported, and would take our options for its own.
    sys.argv = sys.argv[:1]
    from kserve import ModelServer
    from kserve.logging import configure_logging

    from .data_plane import ArtefactDataPlane, FixedRepository
    from .listening import listen_within
    from .model import ServedArtefact
    from .workers import use_patient_processes

    configure_logging()
    use_patient_processes()
    limits = limits or Limits()
    listen_within(host, limits)
    # What files become before they are cut has the same bound, in workers too.
    set_decoding_limit(max(1, limits.bytes // 2**20))
    model = ServedArtefact(path, name, provider=provider, threads=threads, limits=limits)
    server = ModelServer(
        http_port=port,
        grpc_port=grpc_port,
        enable_grpc=grpc_port is not None,
        workers=workers,
        enable_latency_logging=False,
    )
    server.dataplane = ArtefactDataPlane(server.registered_models, limits, model.bounds)
    server.model_repository_extension = FixedRepository(server.registered_models)
    server.start([model])
