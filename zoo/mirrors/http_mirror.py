"""A mirror behind a web server, by the standard library alone.

An opener is put together from the few handlers that are wanted, and redirections are followed here: urllib's own would
read files and FTP servers, send a token on to other hosts, and read the body of a redirection however long it is.
"""

import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from http.client import HTTPException, HTTPResponse
from typing import Final
from urllib.error import URLError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request

import attrs

from ...framework.errors import ZooError
from .mirror import Incoming, Mirror, MirrorError, NotThereError
from .web_address import follow, is_loopback, origin, parse_address

_MAX_REDIRECTIONS: Final = 5
_REDIRECTIONS: Final = {301, 302, 303, 307, 308}
_GONE: Final = {404, 410}
_DENIED: Final = {401, 403, 407}
_PASSING: Final = {408, 416, 425, 429, 500, 502, 503, 504}
"""Answers that may be another one soon. 416: the file was shorter just now than it should be."""

_LONGEST_WAIT: Final = 30.0
_CONTENT_RANGE: Final = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)")


class HttpMirror(Mirror):
    """A folder behind HTTPS, or behind HTTP for intranets. Certificates are checked; proxies are the environment's.

    Args:
        location: its address, without user, password, query or fragment.
        token: is sent as `Authorization: Bearer`, to this host alone, wherever it redirects to.
        timeout: seconds without a byte after which the mirror counts as silent.

    Raises:
        ZooError: if the address has another form, or the token would go over the network in the clear.
    """

    needs_network = True

    def __init__(self, location: str, token: str | None = None, *, timeout: float = 30.0) -> None:
        self._home = parse_address(location)
        self.location = location.rstrip("/")
        if token and self._home.scheme != "https" and not is_loopback(self._home.hostname or ""):
            raise ZooError(f"{self.location}: a token is sent over https only.")
        if token and not (token.isascii() and token.isprintable()):
            raise ZooError("a token must be of printable ASCII characters, but the one given is not.")
        self._token, self._timeout = token, timeout

    @contextmanager
    def open(self, path: str, offset: int = 0) -> Iterator[Incoming]:
        """Ask for a file, or for the rest of it."""
        with self._request(f"{self.location}/{quote(path)}", offset) as response:
            if response.status == 206:
                yield _continue(response, offset, self.location)
            else:
                size = response.headers.get("Content-Length", "")
                yield Incoming(
                    _Body(response, self.location), 0, int(size) if re.fullmatch(r"\d{1,18}", size) else None
                )

    @cached_property
    def _opener(self) -> OpenerDirector:
        opener = OpenerDirector()
        for handler in (ProxyHandler(), HTTPHandler(), HTTPSHandler(context=ssl.create_default_context())):
            opener.add_handler(handler)
        return opener

    def _request(self, url: str, offset: int) -> HTTPResponse:
        for _ in range(_MAX_REDIRECTIONS + 1):
            response = self._send(url, {"Range": f"bytes={offset}-"} if offset else {})
            if response.status in {200, 206}:
                return response
            with response:
                if response.status not in _REDIRECTIONS:
                    raise _refusal(response, self.location)
                url = follow(url, response.headers.get("Location", ""), self.location)
        raise MirrorError(f"{self.location} redirects more than {_MAX_REDIRECTIONS} times.", again=True)

    def _send(self, url: str, headers: Mapping[str, str]) -> HTTPResponse:
        request = Request(url, headers={"User-Agent": "acclimate", **headers})  # noqa: S310 - web_address.py saw to it
        if self._token and origin(urlsplit(url)) == origin(self._home):
            request.add_header("Authorization", f"Bearer {self._token}")
        try:
            response: HTTPResponse = self._opener.open(request, timeout=self._timeout)
        except (OSError, HTTPException, ValueError) as error:
            raise _failure(error, self.location) from error
        return response


@attrs.frozen
class _Body:
    response: HTTPResponse
    location: str

    def read(self, size: int, /) -> bytes:
        try:
            # As much as is there: were the connection to break, nothing that has come would be lost.
            return self.response.read1(size)
        except (OSError, HTTPException, ValueError) as error:
            raise _failure(error, self.location) from error


def _continue(response: HTTPResponse, offset: int, location: str) -> Incoming:
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    if found is None or int(found[1]) != offset:
        raise MirrorError(f"{location} sends another part of the file than it was asked for.", again=True)
    return Incoming(_Body(response, location), offset, None if found[2] == "*" else int(found[2]))


def _refusal(response: HTTPResponse, location: str) -> MirrorError:
    answer = f"{location} answers {response.status}"
    if response.status in _GONE:
        return NotThereError(f"{answer}: it has no such file.")
    if response.status in _DENIED:
        return MirrorError(f"{answer}: it wants another token, or a proxy wants a password.")
    wait = response.headers.get("Retry-After", "")
    seconds = min(float(wait), _LONGEST_WAIT) if re.fullmatch(r"\d{1,9}", wait) else 0.0
    return MirrorError(f"{answer}.", again=response.status in _PASSING, wait=seconds)


def _failure(error: Exception, location: str) -> MirrorError:
    reason = error.reason if isinstance(error, URLError) else error
    text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    checked = isinstance(reason, ssl.SSLCertVerificationError)
    return MirrorError(f"{location} cannot be read: {' '.join(str(text).split())[:200]}.", again=not checked)
