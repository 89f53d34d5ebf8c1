"""A mirror in a repository of the Hugging Face hub."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Final, Self
from urllib.parse import quote, unquote

import attrs

from ...framework.errors import ZooError
from .http_mirror import HttpMirror
from .mirror import Incoming, Mirror, MirrorError

SCHEME: Final = "hf://"
_PART: Final = r"[A-Za-z0-9](?:[\w.-]{0,94}[A-Za-z0-9])?"
_LOCATION: Final = re.compile(rf"hf://({_PART})/({_PART})(?:@([^/@\s]+))?((?:/[\w-][\w.-]*)*)/?", re.ASCII)
_COMMIT: Final = re.compile("[0-9a-f]{40}")


@attrs.frozen
class HubLocation:
    """`hf://owner/repo[@revision][/path]`, as huggingface_hub writes it.

    Args:
        repo: owner and name.
        revision: branch, tag or commit; None for the main branch.
        path: of a folder in it, without slashes at its ends; empty for the repository's own.

    Example:
        >>> HubLocation.parse("hf://owner/repo@v1/wrist")
        HubLocation(repo='owner/repo', revision='v1', path='wrist')
    """

    repo: str
    revision: str | None
    path: str

    def __str__(self) -> str:
        revision = "" if self.revision is None else f"@{quote(self.revision, safe='')}"
        return f"{SCHEME}{self.repo}{revision}{'/' if self.path else ''}{self.path}"

    @property
    def is_pinned(self) -> bool:
        """Whether the revision is a commit, whose files never change."""
        return _COMMIT.fullmatch(self.revision or "") is not None

    @classmethod
    def parse(cls, location: str) -> Self:
        """Take a location apart. A revision with slashes has them as `%2F`.

        Raises:
            ZooError: if it has another form.
        """
        found = _LOCATION.fullmatch(location)
        revision = unquote(found[3]) if found and found[3] else None
        if found is None or not (revision or "-").isprintable():
            raise ZooError(f"expected hf://owner/repo[@revision][/path], but got {location[:99]!r}.")
        return cls(f"{found[1]}/{found[2]}", revision, found[4].strip("/"))

    def at(self, revision: str | None) -> Self:
        """The same at a revision, if one is given.

        Raises:
            ZooError: if it has one already.
        """
        if revision is not None and self.revision is not None:
            raise ZooError(f"{self} names a revision already, but {revision[:99]!r} is given as well.")
        return self if revision is None else attrs.evolve(self, revision=revision)


class HubMirror(Mirror):
    """A repository of models.

    huggingface_hub finds the hub, the token and the commit; the bytes come as from any server. All files are of one
    commit, that of the revision when the first is asked for.

    Args:
        where: repository, revision and folder.
        token: None for the one that huggingface_hub knows, from HF_TOKEN or `hf auth login`.

    Raises:
        ZooError: if huggingface_hub is not installed.
    """

    needs_network = True

    def __init__(self, where: HubLocation, token: str | None = None) -> None:
        self._hub = import_hub()
        self._where, self._token = where, token
        self.location = str(where)

    @property
    def is_offline(self) -> bool:
        """Whether huggingface_hub was told to stay offline, by HF_HUB_OFFLINE."""
        return bool(self._hub.constants.HF_HUB_OFFLINE)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Bytes of the folder's files by name, as the hub says.

        Raises:
            MirrorError: if there is no such repository or revision, or the hub cannot be asked.
        """
        prefix = f"{self._where.path}/" if self._where.path else ""
        return {
            file.rfilename.removeprefix(prefix): file.size
            for file in self._info.siblings or ()
            if file.rfilename.startswith(prefix) and file.size is not None
        }

    @contextmanager
    def open(self, path: str, offset: int = 0) -> Iterator[Incoming]:
        """Ask for a file of the commit."""
        with self._files.open(f"{self._where.path}/{path}".lstrip("/"), offset) as incoming:
            yield incoming

    @cached_property
    def _info(self) -> Any:  # noqa: ANN401 - a class of huggingface_hub, which need not be installed
        with explained(self.location):
            info = self._hub.HfApi().model_info(
                self._where.repo, revision=self._where.revision, files_metadata=True, timeout=30.0, token=self._token
            )
        if _COMMIT.fullmatch(info.sha or "") is None:
            raise MirrorError(f"{self.location}: the hub names no commit.")
        return info

    @cached_property
    def _files(self) -> HttpMirror:
        address = self._hub.hf_hub_url(self._where.repo, "-", revision=self._info.sha).removesuffix("/-")
        implicit = not self._hub.constants.HF_HUB_DISABLE_IMPLICIT_TOKEN
        return HttpMirror(address, self._token or (self._hub.get_token() if implicit else None))


def import_hub() -> Any:  # noqa: ANN401 - a module that need not be installed
    """huggingface_hub, imported late: it is not among the base dependencies.

    Raises:
        ZooError: if it is not installed.
    """
    try:
        import huggingface_hub.constants
    except ImportError as error:
        raise ZooError('hf:// needs huggingface_hub: pip install "acclimate[hub]".') from error
    return huggingface_hub


@contextmanager
def explained(location: str) -> Iterator[None]:
    """Say what huggingface_hub's errors mean, in one line. They have no base class in common."""
    try:
        yield
    except ZooError:
        raise
    except Exception as error:
        reason = getattr(error, "server_message", None) or str(error) or type(error).__name__
        raise MirrorError(f"{location}: {type(error).__name__}: {' '.join(reason.split())[:300]}") from error
