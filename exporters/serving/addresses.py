"""Addresses to listen on."""

import socket

from ...framework.errors import AcclimateError


def address(host: str, port: int) -> str:
    """As URLs have it.

    Example:
        >>> address("::1", 80), address("127.0.0.1", 80)
        ('[::1]:80', '127.0.0.1:80')
    """
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def check_free(host: str, port: int) -> None:
    """Refuse an address before the artefact is opened: uvicorn would end the process with a line of its own.

    Raises:
        AcclimateError: if nobody can listen there, or no address is named, which the system would take for all.
    """
    if not host.strip():
        raise AcclimateError(f"--host must be an address, such as 127.0.0.1, but got {host!r}.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except (OSError, OverflowError, UnicodeError) as error:
        raise AcclimateError(f"{address(host, port):.99} cannot be listened to: {error}.") from error
