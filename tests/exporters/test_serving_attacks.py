"""`acclimate serve` under those who mean ill: it answers others, refuses in time, and its memory stays bounded."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from random import Random

import pytest

from .conftest import Exported
from .serving_process import AUDIO, Server, start, stop

pytestmark = pytest.mark.server

GROWTH = 300
"""Megabytes that docs/serving.md promises not to be exceeded by bodies: four of the largest, and some to spare."""

SECONDS = 3
CONNECTIONS = 40


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the server writes."""
    return tmp_path_factory.mktemp("attacked") / "log"


@pytest.fixture(scope="module")
def server(recordings: Exported, log: Path) -> Iterator[Server]:
    """As it is by default, but with little patience."""
    if find_spec("kserve") is None:
        pytest.skip("the package kserve is not installed")
    patience = ["--timeout", str(SECONDS), "--max-connections", str(CONNECTIONS)]
    found = start(recordings.folder, log, *patience)
    assert found.infer(AUDIO)[0] == 200
    yield found
    if found.process.poll() is None:
        found.process.kill()
        found.process.wait()


def megabytes(server: Server, kind: str = "VmRSS") -> float:
    """Of the server's memory; `VmHWM` is the most that it ever was."""
    lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(kind))


def post(server: Server, path: str, body: bytes, sent: int | None = None) -> socket.socket:
    """A request of which only so many bytes are sent, if not all."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    connection.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode())
    connection.sendall(body[:sent])
    return connection


def status(server: Server, path: str, body: bytes) -> int:
    with post(server, path, body) as connection:
        return int(connection.recv(100).split()[1])


def health(server: Server) -> float:
    """Seconds that health takes."""
    before = time.monotonic()
    assert server.ask("/v2/health/live")[0] == 200
    return time.monotonic() - before


@pytest.mark.parametrize(
    ("path", "head", "one"),
    [
        ("/v1/models/digits:predict", b'{"instances":[', b"[]"),
        ("/v1/models/digits:predict", b'{"instances":[', b"{}"),
        ("/v1/models/digits:predict", b'{"instances":[', b'"ab"'),
        ("/v2/models/digits/infer", b'{"inputs":[', b"[]"),
        ("/v2/models/digits/infer", b'{"inputs":[{"name":"audio","shape":[1],"datatype":"FP32","data":[', b"1e1"),
    ],
)
def test_rows_are_counted_while_they_come(server: Server, path: str, head: bytes, one: bytes) -> None:
    """Sixty megabytes that would be millions of objects, from four clients at once."""
    body = head + (one + b",") * (60 * 10**6 // (len(one) + 1)) + one
    before, took = megabytes(server), time.monotonic()
    with ThreadPoolExecutor(5) as pool:
        answers = [pool.submit(status, server, path, body) for _ in range(4)]
        slowest = max(health(server) for _ in range(5))
        assert [answer.result() for answer in answers] == [413] * 4
    assert slowest < 2
    assert time.monotonic() - took < 20
    assert megabytes(server, "VmHWM") - before < GROWTH


def test_one_large_text_is_parsed_beside_the_others(server: Server) -> None:
    """Below every bound, and no file."""
    before = megabytes(server)
    body = b'{"instances":[{"audio":{"b64":"' + b"A" * 40 * 10**6 + b'"}}]}'
    with ThreadPoolExecutor(2) as pool:
        answer = pool.submit(status, server, "/v1/models/digits:predict", body)
        assert max(health(server) for _ in range(5)) < 2
        assert answer.result() == 400
    assert megabytes(server, "VmHWM") - before < 2 * GROWTH


def test_a_number_beside_a_long_text_does_not_make_two(server: Server) -> None:
    """NumPy gives every element as much room as the longest."""
    body = b'{"instances":[{"audio":["' + b"x" * 10**6 + b'"' + b",1" * 399 + b"]}]}"
    before = megabytes(server)
    assert status(server, "/v1/models/digits:predict", body) == 400
    assert megabytes(server, "VmHWM") - before < 2 * GROWTH


@pytest.mark.parametrize("part", ["nothing", "head", "body"])
def test_who_sends_half_a_request_is_not_waited_for(server: Server, part: str) -> None:
    sent: list[socket.socket] = []
    for _ in range(2 * CONNECTIONS):
        if part == "body":
            sent.append(post(server, "/v2/models/digits/infer", b"x" * 1000, 10))
            continue
        sent.append(socket.create_connection(("127.0.0.1", server.port), timeout=30))
        if part == "head":
            sent[-1].sendall(b"POST /v2/models/digits/infer HTTP/1.1\r\nHost: ")
    assert health(server) < 2
    before = time.monotonic()
    answers = []
    for connection in sent:
        with connection:
            try:
                answers.append(connection.recv(1000))
            except ConnectionResetError:
                answers.append(b"")
    assert time.monotonic() - before < SECONDS + 5
    if part == "body":
        assert b"408" in answers[-1].split(b"\r\n")[0]
    else:
        assert set(answers) == {b""}


def test_a_head_without_end_ends_the_connection(server: Server) -> None:
    before = megabytes(server)
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: ")
        with pytest.raises(OSError, match=r"reset|pipe"):
            connection.sendall(b"x" * 2**27)
    assert megabytes(server) - before < GROWTH


def test_all_bodies_together_are_bounded(server: Server) -> None:
    """Each of them is below the limit, and none is ever whole."""
    body = b'{"instances":[{"audio":{"b64":"' + b"A" * 63 * 10**6
    before = megabytes(server)
    sent = [post(server, "/v1/models/digits:predict", body, len(body) - 10) for _ in range(6)]
    answers = []
    for connection in sent:
        with connection:
            answers.append(connection.recv(1000)[9:12])
    assert set(answers) == {b"408", b"503"}
    assert megabytes(server, "VmHWM") - before < 2 * GROWTH
    assert server.infer(AUDIO)[0] == 200


def test_messages_of_grpc_are_counted_too(server: Server) -> None:
    grpc = pytest.importorskip("grpc")
    tensor = b"\x2a" + bytes([3]) + b"\x0a\x01x"
    contents = {"inputs": tensor * 10**6, "shapes": b"\x2a\x84\x80\x80\x02\x1a\x80\x80\x80\x02" + b"\1" * 2**22}
    before = megabytes(server)
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        infer = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        for content in (*contents.values(), b"\xff" * 20, b"\x2a\x05", b"\x0b"):
            with pytest.raises(grpc.RpcError) as raised:
                infer(content)
            assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert megabytes(server, "VmHWM") - before < 2 * GROWTH


def test_mutated_requests_are_the_clients_mistake(server: Server) -> None:
    """Of `fuzz/server_requests.py`, which tries many more without a server."""
    from fuzz.server_requests import make_request

    found = [server.ask(*make_request(Random(f"server {index}")))[0] for index in range(60)]  # noqa: S311 - no secret
    assert set(found) <= {200, 400, 413}


def test_others_on_the_network_are_not_listened_to(server: Server) -> None:
    for port in (server.port, server.grpc_port):
        with pytest.raises(ConnectionRefusedError):
            # An address of this machine as well.
            socket.create_connection(("127.0.0.2", port), timeout=30)


def test_it_is_asked_to_end_at_last(server: Server, log: Path) -> None:
    """The last test of this server: it works, has written no trace, and ends."""
    assert server.infer(AUDIO)[0] == 200
    assert stop(server) == 0
    assert "Traceback" not in log.read_text()
    assert log.stat().st_size < 10**6
