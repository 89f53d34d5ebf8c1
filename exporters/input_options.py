"""Samples on a command line: what is given for each modality, whatever the modalities are called."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

import attrs

from ..framework.errors import AcclimateError
from .source import Source, Text

INPUT: Final = "--input"
FILE: Final = "--input-file"
TEXT: Final = "--input-text"
"""Options that name the modality in their values, `NAME=VALUE`."""

OPTIONS: Final = ("--provider", "--json", "--max-decoded", "-h", "--help")
"""What no modality's own option can be called."""

_NAMED: Final = {INPUT: str, FILE: Path, TEXT: Text}


@attrs.frozen
class GivenInputs:
    """Arguments of a command line, sorted.

    Args:
        sources: what was given for each modality, one for each sample.
        others: all other arguments.
    """

    sources: dict[str, list[Source]]
    others: list[str]


def read_inputs(arguments: Sequence[str], modalities: Collection[str]) -> GivenInputs:
    """Find what is given for modalities.

    `--NAME VALUE...` is short for `--input NAME=VALUE...`, for a modality whose name is no option's. Values end at the
    next word that begins with two dashes and has no space in it, so that a sentence may begin with dashes;
    `--NAME=VALUE` takes any value.

    Args:
        arguments: what follows the artefact.
        modalities: of the artefact.

    Raises:
        AcclimateError: if a modality is not known, or a value is missing.

    Example:
        >>> given = read_inputs(["--json", "--text", "a", "-5", "--input-text", "json=b"], ["text", "json"])
        >>> given.sources, given.others
        ({'text': ['a', '-5'], 'json': ['b']}, ['--json'])
    """
    short = {f"--{name}": name for name in modalities if f"--{name}" not in {*OPTIONS, *_NAMED}}
    found: dict[str, list[Source]] = {}
    others: list[str] = []
    left = list(arguments)
    while left:
        word = left.pop(0)
        option = word if word in {*short, *_NAMED} else _longest(word, {*short, *_NAMED})
        if option is None or word in OPTIONS:
            others.append(word)
            continue
        values = list(_take(left)) if option == word else [word[len(option) + 1 :]]
        if not values:
            raise AcclimateError(f"{option} must have at least one value, but has none")
        for value in values:
            modality = short.get(option, _longest(value, modalities))
            if modality is None:
                known = ", ".join(modalities)
                raise AcclimateError(f"{option} takes NAME=VALUE, of {known}, but got {value[:60]!r}")
            text = value if option in short else value[len(modality) + 1 :]
            found.setdefault(modality, []).append(_NAMED.get(option, str)(text))
    return GivenInputs({name: found[name] for name in modalities if name in found}, others)


def input_words(name: str, value: str) -> tuple[str, str]:
    """How a command line gives a modality to `acclimate predict`: an option and its value.

    Args:
        name: of the modality.
        value: a file, or what stands for one.

    Example:
        >>> input_words("audio", "FILE"), input_words("json", "FILE")
        (('--audio', 'FILE'), ('--input', 'json=FILE'))
    """
    option = f"--{name}"
    return (INPUT, f"{name}={value}") if option in {*OPTIONS, *_NAMED} else (option, value)


def _take(left: list[str]) -> Iterator[str]:
    while left and not (left[0].startswith("--") and len(left[0].split()) == 1):
        yield left.pop(0)


def _longest(word: str, names: Collection[str]) -> str | None:
    """The name that stands before an equals sign; names may have such signs, too."""
    return max((name for name in names if word.startswith(f"{name}=")), key=len, default=None)
