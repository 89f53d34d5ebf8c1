"""A headless Chromium that tests speak to through two pipes, in its DevTools protocol."""

import fcntl
import io
import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

READY = "['ready', 'failed'].includes(document.documentElement.dataset.state)"
"""What a page says when it has started, or cannot."""

LONGEST = 900
"""Seconds after which a browser is ended that its test waits for in vain."""


class Browser:
    """A page of a running browser.

    Args:
        read: the pipe that the browser writes to.
        write: the pipe that it reads from.

    Attributes:
        events: what the page wrote to its console, was refused, or asked for; as the protocol has it.
    """

    def __init__(self, read: io.RawIOBase, write: io.RawIOBase) -> None:
        self._read, self._write = read, write
        self._rest, self._number = b"", 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    def open(self, address: str, until: str = READY) -> None:
        """Go to an address, and wait until an expression is true there."""
        self.events.clear()
        self._call("Page.navigate", url=address)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())
        self.wait(until)

    def wait(self, condition: str) -> None:
        """Wait until an expression is true."""
        poll = f"new Promise(done => {{ const look = () => ({condition}) ? done() : setTimeout(look, 20); look(); }})"
        self.evaluate(poll)

    def evaluate(self, expression: str) -> Any:  # noqa: ANN401 - whatever JavaScript gives
        """The JSON value of an expression, or what its promise brings."""
        found = self._call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in found:
            raise AssertionError(found["exceptionDetails"])
        return found["result"].get("value")

    def command(self, method: str, **parameters: object) -> dict[str, Any]:
        """Any command of the protocol."""
        return self._call(method, **parameters)

    @property
    def complaints(self) -> list[str]:
        """What the page wrote to its console as a warning or an error, or was refused."""
        return [
            json.dumps(event["params"])
            for event in self.events
            if event["method"] in {"Log.entryAdded", "Runtime.exceptionThrown"}
            or (event["method"] == "Runtime.consoleAPICalled" and event["params"]["type"] in {"error", "warning"})
        ]

    @property
    def requests(self) -> list[str]:
        """Addresses that the page asked for."""
        asked = (event for event in self.events if event["method"] == "Network.requestWillBeSent")
        return [event["params"]["request"]["url"] for event in asked]

    def _call(self, method: str, **parameters: object) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        self._write.write(json.dumps(message).encode() + b"\0")
        while True:
            found = self._next()
            if found.get("id") == self._number:
                assert "error" not in found, found
                result: dict[str, Any] = found["result"]
                return result
            self.events.append(found)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = self._read.read(2**20)
            assert part, "the browser has ended"
            self._rest += part
        message, _, self._rest = self._rest.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found


@contextmanager
def run_browser(program: str, profile: Path) -> Iterator[Browser]:
    """Start a browser, and end it."""
    # It reads from descriptor 3 and writes to 4, so that ours must be others.
    their_read, our_write = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in os.pipe())
    our_read, their_write = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in os.pipe())
    command = [
        program,
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe"),
        *("--no-first-run", "--disable-background-networking", f"--user-data-dir={profile}", "about:blank"),
    ]
    actions = [
        (os.POSIX_SPAWN_DUP2, their_read, 3),
        (os.POSIX_SPAWN_DUP2, their_write, 4),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    process = os.posix_spawn(program, command, os.environ, file_actions=actions)
    os.close(their_read)
    os.close(their_write)
    alarm = threading.Timer(LONGEST, os.kill, (process, signal.SIGKILL))
    alarm.start()
    try:
        with os.fdopen(our_read, "rb", buffering=0) as read, os.fdopen(our_write, "wb", buffering=0) as write:
            yield Browser(read, write)
    finally:
        alarm.cancel()
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine; the address ends in a slash."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
