"""Which mirrors there are, by their locations."""

import os
import re
from collections.abc import Sequence
from typing import Final

from ...framework.errors import ZooError
from .folder_mirror import FolderMirror
from .http_mirror import HttpMirror
from .hub_mirror import SCHEME, HubLocation, HubMirror
from .mirror import Mirror

VARIABLE: Final = "ACCLIMATE_ZOO_MIRRORS"


def mirror_at(location: str, token: str | None = None) -> Mirror:
    """The mirror at a location.

    Args:
        location: `https://...`, `http://...`, `hf://owner/repo[@revision][/path]`, or the path of a folder.
        token: for a web server or the hub; a folder needs none.

    Raises:
        ZooError: if there is no such kind, it lacks a library, or the location is damaged.
    """
    scheme = re.match(r"([A-Za-z][\w+.-]+):/", location)
    if scheme is None:
        if not location or not location.isprintable():
            raise ZooError(f"a mirror must be an address or the path of a folder, but got {location[:99]!r}.")
        return FolderMirror(location)
    if location.startswith(SCHEME):
        return HubMirror(HubLocation.parse(location), token)
    if scheme[1] in {"http", "https"}:
        return HttpMirror(location, token)
    raise ZooError(
        f"a mirror must be https://, http://, hf:// or the path of a folder, but got one of {scheme[1][:20]}://."
    )


def given_mirrors(locations: Sequence[str] = (), token: str | None = None) -> list[Mirror]:
    """The mirrors that the user gave: those in the arguments, then those in ACCLIMATE_ZOO_MIRRORS.

    Args:
        locations: see `mirror_at`.
        token: for these. Those of the environment get none: they may belong to others.

    Raises:
        ZooError: as `mirror_at` does.
    """
    lasting = [location.strip() for location in os.environ.get(VARIABLE, "").split(",")]
    return [
        *(mirror_at(location, token) for location in locations),
        *(mirror_at(location) for location in lasting if location and location not in locations),
    ]
