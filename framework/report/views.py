"""What a page is made of. How each looks is for page.html to say."""

from collections.abc import Sequence
from typing import ClassVar, Final, Literal, TypeAlias

import attrs

UNKNOWN: Final = "\N{EN DASH}"
"""A cell without a number."""


@attrs.frozen
class TableView:
    """A table whose first column names its rows.

    Args:
        columns: their heads.
        rows: cells; numbers are written out.
        title: what it shows.
        note: how it was made.
        oracle: whether labels of the target were used.
        numeric: whether all columns but the first hold numbers, and are aligned as such.
    """

    kind: ClassVar[str] = "table"

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    note: str = ""
    oracle: bool = False
    numeric: bool = True


@attrs.frozen
class Key:
    """What a colour means.

    Args:
        name: of the class or domain.
        number: of the colour; the page and its pictures have the same.
    """

    name: str
    number: int


@attrs.frozen
class Picture:
    """A picture.

    Args:
        title: stands above it.
        uri: the picture itself.
        alternative: what it shows, in words, for who does not see it.
        oracle: whether labels of the target were used.
        keys: what colours mean in it.
    """

    title: str
    uri: str
    alternative: str
    oracle: bool = False
    keys: Sequence[Key] = ()


@attrs.frozen
class Gallery:
    """Pictures side by side.

    Args:
        pictures: at least one.
        title: what they show together.
        note: how they were made.
        keys: what colours mean in all of them.
        small: whether more of them fit beside each other.
    """

    kind: ClassVar[str] = "gallery"

    pictures: Sequence[Picture]
    title: str = ""
    note: str = ""
    keys: Sequence[Key] = ()
    small: bool = False


@attrs.frozen
class Note:
    """A paragraph.

    Args:
        text: of it.
        tone: "how" says how what stands above was made and "intro" what stands below, "note" is something to know,
            "warning" must be seen.
    """

    kind: ClassVar[str] = "note"

    text: str
    tone: Literal["how", "intro", "note", "warning"] = "note"


@attrs.frozen
class Code:
    """Text as it stands in a file, folded away.

    Args:
        title: to unfold it by.
        text: of the file.
    """

    kind: ClassVar[str] = "code"

    title: str
    text: str


Block: TypeAlias = TableView | Gallery | Note | Code


@attrs.frozen
class Section:
    """A part of the page with a heading.

    Args:
        name: of its anchor.
        title: its heading.
        blocks: what it holds.
    """

    name: str
    title: str
    blocks: Sequence[Block]


@attrs.frozen
class Headline:
    """A number that stands at the top of the page.

    Args:
        title: what it is.
        value: the number.
        note: what it is compared with, or how it came about.
        oracle: whether labels of the target were used.
    """

    title: str
    value: str
    note: str = ""
    oracle: bool = False
