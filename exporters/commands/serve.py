"""acclimate serve: answer requests with an artefact, over KServe's server."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from ...framework.commands.numbers import MAX_PROCESSES, add_integer
from ...framework.commands.options import make_parser
from ...framework.errors import AcclimateError

MAX_PORT: Final = 65_535


def main(arguments: list[str]) -> None:
    """Run the command."""
    parser = make_parser(
        "serve",
        "Answer requests with an artefact: the open inference protocol over HTTP and gRPC, with health and metrics, by "
        "KServe's server. It listens on 127.0.0.1, unless --host says otherwise, and asks nobody who they are.",
    )
    add = parser.add_argument
    add("artefact", type=Path, help="folder of the artefact")
    add("--name", type=str, help="of the model, in URLs; default: the folder's name")
    add("--host", type=str, default="127.0.0.1", help="address to listen on; 0.0.0.0 for all of the machine's")
    add_integer(parser, "--port", most=MAX_PORT, default=8080, help="for HTTP")
    add_integer(parser, "--grpc-port", most=MAX_PORT, help="for gRPC; default: none")
    add_integer(parser, "--workers", most=MAX_PROCESSES, default=1, help="processes, each with a session of its own")
    add("--provider", type=str, default="cpu", help="what runs it: cpu, cuda, tensorrt, openvino, auto (the fastest)")
    add_integer(
        parser,
        "--threads",
        most=MAX_PROCESSES,
        help="that compute one operator together, in each worker; default: one for each core",
    )
    add_integer(parser, "--max-rows", default=64, help="of a request")
    add_integer(
        parser,
        "--max-megabytes",
        default=64,
        help="of a request's body, and of each file in it after decoding",
    )
    add_integer(parser, "--timeout", default=30, help="seconds in which a request must have come whole")
    add_integer(parser, "--max-connections", default=512, help="that are open at a time, over HTTP")
    options = parser.parse_args(arguments)
    if find_spec("kserve") is None:
        raise AcclimateError("needs the package kserve: pip install 'acclimate[serve]'")

    from ..serving import Limits, serve

    serve(
        options.artefact,
        name=options.name,
        host=options.host,
        port=options.port,
        grpc_port=options.grpc_port,
        workers=options.workers,
        provider=options.provider,
        threads=options.threads,
        limits=Limits(options.max_rows, options.max_megabytes * 2**20, options.timeout, options.max_connections),
    )
