"""Changes an artefact's configuration at random, in a process where nothing checks annotations: `FILE SEED NUMBER`."""

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from acclimate.exporters.artefact import ArtefactConfig
from acclimate.framework.errors import ExportError


def seeded(seed: int | str) -> random.Random:
    """It chooses among Python's objects, which numpy's does not."""
    return random.Random(seed)  # noqa: S311 - no secret depends on it


def hostile_values(original: object) -> list[Any]:
    """What may stand anywhere in a document, in place of a value."""
    values: list[Any] = [None, True, False, 0, -1, 2**70, 10**400, 0.5, 1e308, "", "x", "../x", "\ud800", [], {}, [[]]]
    values += [[1], ["x", "x"], [None], {"x": 1}, {"x": None}, {"kind": "text"}, {"kind": [1]}, [["x", "y"]], ["ab"]]
    values += [[original], {"x": original}, str(original), [original, original]]
    return values


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Paths of all values in a document."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def mutate(document: dict[str, Any], generator: random.Random) -> dict[str, Any]:
    """A copy with one to three values replaced, removed, or moved to another key."""
    changed: dict[str, Any] = json.loads(json.dumps(document))
    for _ in range(generator.randint(1, 3)):
        path = generator.choice([path for path in places(changed) if path])
        parent: Any = changed
        for key in path[:-1]:
            parent = parent[key]
        value = parent[path[-1]]
        match generator.randrange(6):
            case 0:
                del parent[path[-1]]
            case 1 if isinstance(parent, dict):
                parent[generator.choice(["x", "", "../x", "present", "label_logits"])] = parent.pop(path[-1])
            case _:
                parent[path[-1]] = generator.choice(hostile_values(value))
    return changed


def main(file: str, seed: str, number: str) -> None:
    """Print how many were refused, and what they were refused with."""
    document = json.loads(Path(file).read_text(encoding="utf-8"))
    document.pop("sha256")
    generator, errors = seeded(seed), []
    for _ in range(int(number)):
        changed = mutate(document, generator)
        try:
            config = ArtefactConfig.from_document(changed, "config.json")
            again = ArtefactConfig.from_document(config.to_document(), "again")
        except ExportError as error:
            errors.append(str(error))
        else:
            assert again == config, changed
    sys.stdout.write(json.dumps(errors))


if __name__ == "__main__":
    main(*sys.argv[1:])
