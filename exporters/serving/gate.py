"""Lets requests in: each whole, in time, and not larger than it may be."""

import asyncio
from typing import Final

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .json_bounds import JsonBounds
from .json_scan import JsonScan, TooMuchJsonError
from .limits import Limits
from .requests import JSON_LENGTH

TIMED_OUT: Final = 408
TOO_LARGE: Final = 413
BUSY: Final = 503

_BINARY: Final = (b"content-type", b"application/octet-stream")
"""In place of JSON, which FastAPI would parse where all connections are served."""


class _RefusedError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class _Body:
    """What has come of a request so far."""

    def __init__(self) -> None:
        self.size = 0
        self._pieces: list[bytes] = []

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        self._pieces.append(piece)

    def replayed(self, receive: Receive) -> Receive:
        """What hands the body on in one piece, then what else comes."""

        async def receive_whole() -> Message:
            if not self._pieces:
                return await receive()
            whole = b"".join(self._pieces)
            self._pieces.clear()
            return {"type": "http.request", "body": whole, "more_body": False}

        return receive_whole


class RequestGate:
    """Reads the body of each request before the application sees it, and refuses it as soon as it is too much.

    What is counted while it comes: its bytes; what its JSON holds, so that a list of millions of empty rows ends at the
    first of too many; the time that it takes; and the bytes of all bodies together.

    Args:
        app: what answers the others.
        limits: of one request.
        bounds: of its JSON.
    """

    def __init__(self, app: ASGIApp, limits: Limits, bounds: JsonBounds) -> None:
        self.app, self.limits, self.bounds = app, limits, bounds
        self.held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self.app(scope, receive, send)
            return
        body = _Body()
        try:
            async with asyncio.timeout(self.limits.seconds):
                there = await self._read(scope, receive, body)
            if there:
                await self.app(_without_type(scope), body.replayed(receive), send)
        except TimeoutError:
            message = f"expected the whole request within {self.limits.seconds} seconds, but got a part."
            await JSONResponse({"error": message}, TIMED_OUT, {"connection": "close"})(scope, receive, send)
        except _RefusedError as error:
            await JSONResponse({"error": error.message}, error.status)(scope, receive, send)
        finally:
            self.held -= body.size

    async def _read(self, scope: Scope, receive: Receive, body: "_Body") -> bool:
        """Fill the body; False where the client goes away before the end."""
        headers = dict(scope["headers"])
        self._check_size(_number(headers.get(b"content-length", b"")))
        scan = JsonScan(self.bounds)
        # Only the second protocol has tensors that follow the JSON.
        binary = scope["path"].startswith("/v2/") and headers.get(JSON_LENGTH.encode())
        json_left = _number(binary) if binary else self.limits.bytes
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return False
            piece = message.get("body", b"")
            self._check_size(body.size + len(piece))
            if self.held + len(piece) > self.limits.held_bytes:
                raise _RefusedError(BUSY, "too many large requests are being read at this moment: ask again later.")
            self.held += len(piece)
            body.add(piece)
            try:
                scan.feed(piece[:json_left])
            except TooMuchJsonError as error:
                raise _RefusedError(TOO_LARGE, str(error)) from error
            json_left = max(0, json_left - len(piece))
            if not message.get("more_body", False):
                return True

    def _check_size(self, size: int) -> None:
        if size > self.limits.bytes:
            raise _RefusedError(TOO_LARGE, f"expected a body of at most {self.limits.bytes} bytes, but got more.")


def _without_type(scope: Scope) -> Scope:
    """A request whose body is bytes to whoever asks, and no event of a cloud, which KServe would take apart."""
    headers = [
        (name, value) for name, value in scope["headers"] if name != b"content-type" and not name.startswith(b"ce-")
    ]
    return {**scope, "headers": [*headers, _BINARY]}


def _number(text: bytes) -> int:
    return int(text) if text.isdigit() and len(text) < 20 else 0
