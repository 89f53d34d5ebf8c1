"""Connections over HTTP that wait for nobody: a request comes whole in time, or its connection ends."""

import asyncio
import time
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .limits import Limits

_MAX_HEAD: Final = 2**16
"""Bytes of a request before its body, about."""

_GRACE: Final = 1.0
"""Seconds that the gate has to answer a body that came too late, before the connection ends."""


class TimedProtocol(HttpToolsProtocol):
    """Uvicorn's, which waits for the rest of a request for ever.

    Beyond as many connections as there may be, the one that has not asked for longest makes room.

    Attributes:
        since: when its last request began or was whole.

    Args:
        limits: of one request, and of connections.
        options: uvicorn's.
    """

    def __init__(self, *, limits: Limits, **options: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(**options)
        self._limits = limits
        self._timer: asyncio.TimerHandle | None = None
        self._received, self._is_head, self._is_whole = 0, False, False
        self.since = time.monotonic()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection."""
        super().connection_made(transport)
        self._start_timer()
        others = [one for one in self.connections if isinstance(one, TimedProtocol) and one is not self]
        if len(others) >= self._limits.connections:
            waiting = [one for one in others if one.is_waiting]
            min(waiting, key=lambda one: one.since, default=self).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        self._stop_timer()
        super().connection_lost(exc)

    @property
    def is_waiting(self) -> bool:
        """Whether no request that has come whole is without its answer."""
        return not self._is_whole or self.cycle.response_complete

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        self._received += len(data)
        super().data_received(data)
        head = _MAX_HEAD if self._is_head else 2 * self._limits.bytes + _MAX_HEAD
        if self._received > head:
            self.transport.abort()
        elif self._timer is None and self.is_waiting:
            # Something that is no request, such as empty lines.
            self._start_timer()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._received, self._is_head, self._is_whole = 0, True, False
        self.since = time.monotonic()
        self._start_timer()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its body begins."""
        self._is_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """It is whole."""
        self._is_whole, self._received = True, 0
        self.since = time.monotonic()
        self._stop_timer()
        super().on_message_complete()

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(self._limits.seconds + _GRACE, self._end)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        self._timer = None
        self.transport.abort()
