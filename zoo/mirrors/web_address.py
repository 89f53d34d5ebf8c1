"""Addresses of web servers, and which redirections are followed."""

from ipaddress import ip_address
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from ...framework.errors import ZooError
from .mirror import MirrorError


def parse_address(location: str) -> SplitResult:
    """A mirror's address, taken apart.

    Raises:
        ZooError: if it is none, or holds more than a host and a path: a password would be printed with it.
    """
    try:
        address = urlsplit(location)
        _ = address.port
    except ValueError as error:
        raise ZooError(f"a mirror's address is damaged: {error}.") from error
    if "@" in address.netloc or address.query or address.fragment:
        raise ZooError(
            f"the address of the mirror at {address.hostname} must have no user, password, query or fragment."
        )
    is_plain = location.isascii() and location.isprintable()
    if address.scheme not in {"http", "https"} or not address.hostname or not is_plain:
        raise ZooError(f"a mirror's address must be https://host/path in printable ASCII, but got {location[:99]!r}.")
    return address


def follow(url: str, target: str, location: str) -> str:
    """Where a redirection leads, if one may go there.

    Args:
        url: that redirects.
        target: to which; it may hold a signature, and is not shown.
        location: of the mirror, for errors.

    Raises:
        MirrorError: if that is no web server, or less safe.

    Example:
        >>> follow("https://zoo.example/a/b", "/c", "https://zoo.example")
        'https://zoo.example/c'
    """
    try:
        new = urlsplit(urljoin(url, target))
        _ = new.port
    except ValueError as error:
        raise MirrorError(f"{location} redirects to no address.", again=True) from error
    if new.scheme not in {"http", "https"} or not new.hostname or not target or "@" in new.netloc:
        raise MirrorError(f"{location} redirects to what is no address of a web server.")
    if urlsplit(url).scheme == "https" and new.scheme != "https":
        raise MirrorError(f"{location} redirects from https to http, which is refused.")
    return quote(new._replace(fragment="").geturl(), safe="/:?#[]@!$&'()*+,;=%-._~")


def origin(address: SplitResult) -> tuple[str, str | None, int]:
    """Scheme, host and port: who gets the token."""
    return address.scheme, address.hostname, address.port or {"http": 80, "https": 443}[address.scheme]


def is_loopback(host: str) -> bool:
    """Whether what is sent there stays on this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
