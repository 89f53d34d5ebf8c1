"""Reads docs/tutorial.md: the files that the reader writes, the commands that he gives, and what they print."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs

PAGE: Final = Path(__file__).parents[1] / "docs" / "tutorial.md"

_BLOCK: Final = re.compile(
    r"(?:^\*\*`(?P<file>[^`\n]+)`\*\*\n\n)?^```(?P<language>\w+)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE
)
_COMMAND: Final = re.compile(
    r"^(?P<place>\w*)\$ (?P<command>(?:.*\\\n)*.*)\n(?P<output>(?:(?!\w*\$ ).*\n)*)", re.MULTILINE
)


@attrs.frozen
class File:
    """A file that the reader writes."""

    name: str
    content: str


@attrs.frozen
class Command:
    """A command that the reader gives.

    Args:
        line: as it is typed.
        output: what the page says that it prints; `...` stands for anything.
        place: what stands before the prompt: where it is given.
    """

    line: str
    output: str
    place: str = ""


def read_steps() -> Iterator[File | Command]:
    """What the reader does, in order. Blocks of `sh` are left out: they are done before, or take long."""
    for block in _BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        if block["language"] == "console":
            found = list(_COMMAND.finditer(block["body"]))
            assert "".join(command[0] for command in found) == block["body"]
            yield from (Command(command["command"], command["output"], command["place"]) for command in found)
        elif block["language"] != "sh":
            assert block["file"] is not None, f"the file of this block has no name:\n{block[0]}"
            yield File(block["file"], block["body"])


def read_file(name: str) -> str:
    """What the page puts into a file."""
    (content,) = (step.content for step in read_steps() if isinstance(step, File) and step.name == name)
    return content
