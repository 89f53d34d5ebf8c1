"""The registry: which checkpoints there are, under which names, and what their files must be."""

import json
import logging
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Self

import attrs

from ..framework.errors import RecipeError, ZooError
from ..framework.files.suggestion import suggestion
from ..framework.recipes.parsing import parse_attrs
from .config import read_document
from .folder import read_bounded
from .names import is_name
from .registry_entry import RegistryEntry

FORMAT: Final = 1
REGISTRY_FILE: Final = "registry.json"
REGISTRY_LIMIT: Final = 2**24
"""Bytes that a registry may have at most."""

_BUILTIN: Final = Path(__file__).with_name(REGISTRY_FILE)
_LOG: Final = logging.getLogger(__name__)


@attrs.frozen
class Registry:
    """Checkpoints by name.

    Args:
        entries: by name.
        aliases: names that checkpoints had once, and the ones that they have now.
        mirrors: locations that hold a folder for each checkpoint, in the order in which they are asked.

    Raises:
        ValueError: if an entry stands under a name that is not its own, or an alias is no name, that of an entry, or
            leads to none.
    """

    entries: dict[str, RegistryEntry] = attrs.field(factory=dict)
    aliases: dict[str, str] = attrs.field(factory=dict)
    mirrors: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        for name, entry in self.entries.items():
            if name != entry.name:
                raise ValueError(f"{entry.name} must stand under its own name, but stands under {name[:99]!r}")
        for alias, name in self.aliases.items():
            if not is_name(alias) or alias in self.entries:
                raise ValueError(f"an alias must be method.tag, and no checkpoint's name, but got {alias[:99]!r}")
            if name not in self.entries:
                raise ValueError(f"the alias {alias} must lead to a checkpoint's name, but leads to {name[:99]!r}")
        for mirror in self.mirrors:
            if not mirror or not mirror.isprintable():
                raise ValueError(f"a mirror must be of printable characters, but got {mirror[:99]!r}")

    def find(self, name: str) -> RegistryEntry:
        """A checkpoint by its name, or by one that it had once: then a warning is logged.

        Raises:
            ZooError: if there is none, with the nearest names.

        Example:
            >>> builtin_registry().find("rna-uda.wrist").target
            'left_arm'
        """
        if name in self.aliases:
            _LOG.warning("the checkpoint %s is called %s now", name, self.aliases[name])
            name = self.aliases[name]
        if name not in self.entries:
            hint = suggestion(name, [*self.entries, *self.aliases], "; `acclimate zoo list` names them.", most=3)
            raise ZooError(f"the registry has no checkpoint {name[:99]!r}{hint}")
        return self.entries[name]

    def with_entry(self, entry: RegistryEntry) -> "Registry":
        """The same registry with one checkpoint more, or another one under its name.

        Raises:
            ValueError: if its name is an alias.
        """
        return attrs.evolve(self, entries={**self.entries, entry.name: entry})

    def to_json(self) -> str:
        """As the file holds it, sorted by name."""
        document = {
            "format": FORMAT,
            "checkpoints": {name: _plain(entry) for name, entry in sorted(self.entries.items())},
            "aliases": dict(sorted(self.aliases.items())),
            "mirrors": self.mirrors,
        }
        return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, content: bytes, name: str) -> Self:
        """Read what `to_json` wrote.

        Args:
            content: of the file.
            name: what errors call it.

        Raises:
            ZooError: one line, if it is no registry, or one of a later format.
        """
        if len(content) > REGISTRY_LIMIT:
            raise ZooError(f"{name} may have {REGISTRY_LIMIT} bytes at most, but has {len(content)}.")
        document = read_document(content, name)
        if document.get("format") != FORMAT:
            raise ZooError(
                f"{name} has format {document.get('format')!r:.60}, but this version of acclimate reads {FORMAT}."
            )
        try:
            plain = parse_attrs(_Document, document, "registry")
            entries = {key: _parse_entry(key, value) for key, value in plain.checkpoints.items()}
            return cls(entries, plain.aliases, plain.mirrors)
        except (RecipeError, ValueError, RecursionError) as error:
            raise ZooError(f"{name} is no registry of checkpoints: {' '.join(str(error).split())[:500]}") from error


@attrs.frozen
class _Document:
    format: int
    checkpoints: dict[str, dict[str, Any]]
    aliases: dict[str, str]
    mirrors: tuple[str, ...]


def _plain(entry: RegistryEntry) -> dict[str, Any]:
    plain = attrs.asdict(entry)
    del plain["name"]
    return plain


def _parse_entry(name: str, plain: Mapping[str, Any]) -> RegistryEntry:
    if "name" in plain:
        raise ValueError(f"{name[:99]!r}: unknown key 'name': it stands before the entry")
    return parse_attrs(RegistryEntry, {**plain, "name": name}, name[:99])


@cache
def builtin_registry() -> Registry:
    """The registry that comes with acclimate.

    Raises:
        ZooError: if its file was damaged.
    """
    return Registry.from_json(read_bounded(_BUILTIN, REGISTRY_LIMIT), str(_BUILTIN))
