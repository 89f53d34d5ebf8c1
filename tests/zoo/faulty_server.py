"""A web server on this machine that breaks its word as a test wants, and writes down what it was asked."""

import socket
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TypeAlias
from urllib.parse import unquote

import attrs

Fault: TypeAlias = Callable[["Request"], None]
CHUNK = 16_384


@attrs.frozen
class Asked:
    """What a client asked for: the path, and the headers by their names in small letters."""

    path: str
    headers: Mapping[str, str]

    @property
    def offset(self) -> int:
        """First byte of the file that is wanted."""
        return int(self.headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))


class Request(BaseHTTPRequestHandler):
    """One request, and the ways to answer it."""

    server: "Server"
    protocol_version = "HTTP/1.1"
    asked: Asked
    content: bytes

    def do_GET(self) -> None:
        """Answer as the next fault says."""
        self.asked = Asked(unquote(self.path), {name.lower(): value for name, value in self.headers.items()})
        self.server.asked.append(self.asked)
        file = self.server.root / self.asked.path.lstrip("/")
        self.close_connection = True
        if not file.is_file():
            self.answer(404, {"Content-Length": "0"})
            return
        self.content = file.read_bytes()
        with suppress(ConnectionError):
            next(self.server.faults, truthful)(self)

    def answer(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        """Send what is given, whatever it is."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        for start in range(0, len(body), CHUNK):
            self.wfile.write(body[start : start + CHUNK])
            self.wfile.flush()
            self.server.sent += len(body[start : start + CHUNK])
            self.server.pause()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing on the terminal."""

    @property
    def part(self) -> tuple[int, dict[str, str], bytes]:
        """The true answer."""
        start, size = self.asked.offset, len(self.content)
        body = self.content[start:]
        if not start:
            return 200, {"Content-Length": str(size)}, body
        return 206, {"Content-Length": str(len(body)), "Content-Range": f"bytes {start}-{size - 1}/{size}"}, body


class Server(ThreadingHTTPServer):
    """Serves a folder; each request meets the next fault, and those after the last are answered truthfully."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, root: Path, faults: Iterator[Fault], pause: Callable[[], object]) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.root, self.faults, self.pause = root, faults, pause
        self.asked: list[Asked] = []
        self.sent = 0

    @property
    def address(self) -> str:
        """Of its root."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients may go whenever they like."""


@contextmanager
def serve(root: Path, faults: Iterable[Fault] = (), pause: Callable[[], object] = lambda: None) -> Iterator[Server]:
    """A server, while the block runs; `pause` is called after each chunk."""
    with Server(root, iter(faults), pause) as server, running(server):
        yield server


@contextmanager
def running(server: ThreadingHTTPServer) -> Iterator[None]:
    """Let a server answer while the block runs."""
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


def truthful(request: Request) -> None:
    """What is asked for."""
    request.answer(*request.part)


def ignores_range(request: Request) -> None:
    """All of it, whatever part was asked for."""
    request.answer(200, {"Content-Length": str(len(request.content))}, request.content)


def says_no_length(request: Request) -> None:
    """All of it, until the connection ends."""
    request.answer(200, {"Connection": "close"}, request.content)


def drops(request: Request) -> None:
    """Half of what was promised."""
    status, headers, body = request.part
    request.answer(status, headers, body[: len(body) // 2])


def drops_at_once(request: Request) -> None:
    """Not even a status line."""


def sends_wrong_bytes(request: Request) -> None:
    """One bit is another."""
    status, headers, body = request.part
    request.answer(status, headers, body[:-1] + bytes([body[-1] ^ 1]))


def sends_more(request: Request) -> None:
    """What was asked for, and then what was not."""
    request.answer(200, {"Connection": "close"}, request.content + b"!" * 2**20)


def promises_more(request: Request) -> None:
    """A file of another size."""
    body = request.content + b"!" * 2**20
    request.answer(200, {"Content-Length": str(len(body))}, body)


def promises_less(request: Request) -> None:
    """A file that is shorter."""
    body = request.content[: len(request.content) // 3]
    request.answer(200, {"Content-Length": str(len(body))}, body)


def sends_another_part(request: Request) -> None:
    """A part that nobody asked for."""
    size = len(request.content)
    headers = {"Content-Length": "9", "Content-Range": f"bytes {size - 9}-{size - 1}/{size}"}
    request.answer(206, headers, request.content[-9:])


def is_busy(request: Request) -> None:
    """Later."""
    request.answer(503, {"Content-Length": "0", "Retry-After": "0"})


def talks_nonsense(request: Request) -> None:
    """No HTTP at all."""
    request.wfile.write(b"\x00\xff nonsense\r\n\r\n")


def resets(request: Request) -> None:
    """Half of it, and then the connection is gone as by a router's restart."""
    status, headers, body = request.part
    request.answer(status, headers, body[: len(body) // 2])
    no_time = struct.pack("ii", 1, 0)
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_time)
    request.connection.close()


def sends_half_a_chunk(request: Request) -> None:
    """All of it in one chunk, which is longer than what comes."""
    request.answer(
        200, {"Transfer-Encoding": "chunked"}, f"{len(request.content) + 9:x}\r\n".encode() + request.content[:-9]
    )


def redirects_to(target: str) -> Fault:
    """To another place."""

    def redirect(request: Request) -> None:
        request.answer(302, {"Location": target.format(path=request.path), "Content-Length": "0"})

    return redirect


FAULTS: tuple[Fault, ...] = (
    ignores_range,
    says_no_length,
    drops,
    drops_at_once,
    sends_wrong_bytes,
    sends_more,
    promises_more,
    promises_less,
    sends_another_part,
    sends_half_a_chunk,
    resets,
    is_busy,
    talks_nonsense,
    redirects_to("{path}"),
)
