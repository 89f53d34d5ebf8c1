"""A server as a process of its own, and what is asked of it."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

import attrs

COMMAND: Final = "import sys; from acclimate.__main__ import main; sys.exit(main())"
AUDIO: Final = {"name": "audio", "datatype": "FP32", "shape": [1, 400], "data": [0.0] * 400}


@attrs.frozen
class Server:
    """A process that serves."""

    process: subprocess.Popen[bytes]
    port: int
    grpc_port: int

    def ask(
        self, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Status, body (of JSON, what it holds) and headers of an answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Content-Type": "application/json", **(headers or {})}
        connection.request("GET" if body is None else "POST", path, None if body is None else content, given)
        answer = connection.getresponse()
        found, names = answer.read(), {name.lower(): value for name, value in answer.getheaders()}
        connection.close()
        return answer.status, json.loads(found) if names.get("content-type") == "application/json" else found, names

    def infer(self, *inputs: Mapping[str, Any], **fields: object) -> tuple[int, Any]:
        """Status and body of an answer of the second protocol."""
        status, body, _ = self.ask("/v2/models/digits/infer", {"inputs": inputs, **fields})
        return status, body


def free_port() -> int:
    with socket.create_server(("", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def start(folder: Path, log: Path, *options: str) -> Server:
    port, grpc_port = free_port(), free_port()
    ports = ["--port", str(port), "--grpc-port", str(grpc_port)]
    command = [sys.executable, "-c", COMMAND, "serve", str(folder), "--name", "digits", "--threads", "1", *ports]
    with log.open("wb") as file:
        process = subprocess.Popen([*command, *options], stdout=file, stderr=file)
    server = Server(process, port, grpc_port)
    while True:
        assert process.poll() is None, log.read_text()
        try:
            assert server.ask("/v2/health/ready") == (200, {"ready": True}, server.ask("/v2/health/ready")[2])
        except OSError:
            time.sleep(0.2)
        else:
            return server


def stop(server: Server) -> int:
    server.process.send_signal(signal.SIGTERM)
    return server.process.wait(timeout=60)
