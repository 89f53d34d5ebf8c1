"""A folder that is a checkpoint as far as mirrors and caches look: the right names, random bytes, and their hashes."""

import hashlib
from pathlib import Path

import numpy as np
from acclimate.zoo.folder import format_hashes
from acclimate.zoo.names import CARD_FILE, HASHES_FILE, SIZE_LIMITS
from acclimate.zoo.registry import Registry
from acclimate.zoo.registry_entry import EntryTask, FileEntry, RegistryEntry

NAME = "rna-uda.moods"
SIZES = dict(zip(SIZE_LIMITS, (3_000, 5_000, 1_000, 90_000, 150_000), strict=True))


def make_checkpoint(mirror: Path, name: str = NAME, seed: int = 0) -> RegistryEntry:
    """Write one into a mirror's folder, and describe it."""
    generator = np.random.default_rng(seed)
    folder = mirror / name
    folder.mkdir(parents=True)
    for file, size in SIZES.items():
        content = generator.bytes(size)
        # Cards are text, as those who show them rely on.
        (folder / file).write_bytes(content.hex()[:size].encode() if file == CARD_FILE else content)
    hashes = {file: hashlib.sha256((folder / file).read_bytes()).hexdigest() for file in SIZES}
    (folder / HASHES_FILE).write_text(format_hashes(hashes), encoding="ascii")
    return RegistryEntry(
        name=name,
        files={file: _describe(folder / file) for file in (*SIZES, HASHES_FILE)},
        licence="Apache-2.0",
        data_licence="CC0-1.0",
        recipe=name.partition(".")[0],
        data="moods.csv",
        source=("day",),
        target="night",
        modalities=("face", "voice"),
        tasks={"mood": EntryTask(3, "accuracy", higher_is_better=True)},
    )


def write_registry(mirror: Path, *entries: RegistryEntry) -> Registry:
    """Make a mirror say what it has."""
    registry = Registry({entry.name: entry for entry in entries})
    (mirror / "registry.json").write_text(registry.to_json(), encoding="utf-8")
    return registry


def _describe(path: Path) -> FileEntry:
    content = path.read_bytes()
    return FileEntry(len(content), hashlib.sha256(content).hexdigest())
