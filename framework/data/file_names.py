"""Files whose names are written otherwise: macOS takes accents apart, and Windows parts folders by backslashes."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from unicodedata import normalize


def find_file(root: Path, name: str) -> Path:
    """The path of a file that a table names; where there is none, the path that was looked for.

    A name that leads to a file is taken as it stands. Else the same name is looked for with its accents composed or
    decomposed, and with slashes for backslashes, each part of it by itself: Unicode says that these are the same text.

    Args:
        root: folder that relative names start from.
        name: relative or absolute.
    """
    path = root / name
    if is_file(path):
        return path
    for spelling in dict.fromkeys((name, _with_slashes(name))):
        found = root
        for part in Path(spelling).parts:
            there = [found / form for form in _forms(part) if _exists(found / form)]
            if not there:
                break
            found = there[0]
        else:
            if is_file(found):
                return found
    return path


def spellings(name: str) -> Iterator[str]:
    """The same name of a .zip's member, as it stands, and as other systems write it.

    Those of macOS do not say that their names are UTF-8, so that Python reads them as if they were IBM's code page 437,
    which has a character for each byte.
    """
    for spelling in dict.fromkeys((name, name.replace("\\", "/"), name.replace("/", "\\"))):
        for form in _forms(spelling):
            yield form
            with suppress(UnicodeError):
                yield form.encode().decode("cp437")


def _forms(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((text, normalize("NFC", text), normalize("NFD", text))))


def _with_slashes(name: str) -> str:
    return name.replace("\\", "/") if os.sep == "/" else name


def is_file(path: Path) -> bool:
    """Whether there is a file; no error, whatever the path is."""
    # A name that is too long, or no name at all, is that of no file.
    with suppress(OSError, ValueError):
        return path.is_file()
    return False


def _exists(path: Path) -> bool:
    with suppress(OSError, ValueError):
        return path.exists()
    return False
