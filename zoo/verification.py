"""Whether a checkpoint's folder is what it says, as far as that can be known without torch."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path

import attrs

from ..exporters.artefact import CHECKPOINT_KEY
from ..exporters.session import Session
from ..framework.errors import AcclimateError, ZooError
from ..framework.recipes.class_paths import TRUSTED
from .config import CheckpointConfig, read_document
from .folder import check_hash, file_size, hash_file, open_folder, read_bounded, read_hashes
from .names import CARD_FILE, CONFIG_FILE, HASHES_FILE, HASHES_LIMIT, SIZE_LIMITS, WEIGHTS_FILE
from .registry import Registry
from .registry_entry import RegistryEntry
from .texts import decode_card
from .weights_header import check_shapes, read_shapes


def find_problems(
    path: Path,
    entry: RegistryEntry | None = None,
    *,
    sha256: str | None = None,
    trusted: Collection[str] = TRUSTED,
) -> list[str]:
    """All that is wrong with a checkpoint, a line for each file. Nothing that it names is imported.

    Sizes and hashes come first. Only where these are right, it is asked whether configuration, scores and weights are
    of one model, whether ONNX Runtime opens the graph, and whether the registry says the same of it all.

    Args:
        path: of the folder.
        entry: what a registry says of this checkpoint; None where none knows it.
        sha256: where there is no entry, what SHA256SUMS must have; None where that is not known either.
        trusted: prefixes, one of which every class that the checkpoint names must have.
    """
    try:
        hashes = _expected_hashes(path, entry, sha256)
    except ZooError as error:
        return [str(error)]
    bad = _collect([partial(_check_file, path / name, value) for name, value in hashes.items()])
    return bad or _find_contradictions(path, entry, trusted)


def find_entry(path: Path, registry: Registry) -> RegistryEntry | None:
    """What a registry says of the checkpoint that a folder claims to hold; None if it claims none that is known."""
    file = path / CONFIG_FILE
    try:
        own = read_document(read_bounded(file, SIZE_LIMITS[CONFIG_FILE]), str(file)).get(CHECKPOINT_KEY)
    except ZooError:
        return None
    name = own.get("name") if isinstance(own, dict) else None
    return registry.entries.get(name) if isinstance(name, str) else None


def _expected_hashes(path: Path, entry: RegistryEntry | None, sha256: str | None) -> Mapping[str, str]:
    if entry is not None:
        return {name: file.sha256 for name, file in entry.files.items()}
    own = read_hashes(path)
    return own if sha256 is None else {HASHES_FILE: sha256, **own}


def _check_file(file: Path, expected: str) -> None:
    size = file_size(file, SIZE_LIMITS.get(file.name, HASHES_LIMIT))
    check_hash(file, hash_file(file, size), expected)


def _find_contradictions(path: Path, entry: RegistryEntry | None, trusted: Collection[str]) -> list[str]:
    try:
        folder, weights = open_folder(path), path / WEIGHTS_FILE
        config = CheckpointConfig.from_json(folder.read(CONFIG_FILE), str(path / CONFIG_FILE), trusted)
    except ZooError as error:
        return [str(error)]
    return _collect(
        [
            lambda: _check_entry(RegistryEntry.from_folder(folder, trusted=trusted), entry),
            lambda: check_shapes(read_shapes(weights), config.schema, str(weights)),
            lambda: Session(path),
            lambda: decode_card(folder.read(CARD_FILE), str(path / CARD_FILE)),
        ]
    )


def _check_entry(found: RegistryEntry, entry: RegistryEntry | None) -> None:
    if entry is None:
        return
    # Where it lies is the registry's own affair.
    expected = attrs.evolve(entry, embedded=found.embedded, mirrors=found.mirrors)
    for field in attrs.fields_dict(RegistryEntry):
        if getattr(found, field) != getattr(expected, field):
            raise ZooError(f"{entry.name}: the registry says another {field} than the checkpoint's own files.")


def _collect(checks: Collection[Callable[[], object]]) -> list[str]:
    problems: list[str] = []
    for check in checks:
        try:
            check()
        except AcclimateError as error:
            problems.append(" ".join(str(error).split()))
    return problems
