"""A small writer of SVG pictures that follow the reader's light or dark setting.

Text is escaped. The picture has a title and a description for who does not see it.
"""

import re
from typing import Final, Literal, TypeAlias
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from .theme import INK, LINE, MUTED, SERIES, TONES as PAGE_TONES

Tone: TypeAlias = Literal["paper", "track", "line", "muted", "ink", "first", "second"]
"""What a colour is for: the ground, empty bars, grid, small text, text, and bars of two kinds."""

TONES: Final = {
    "paper": ("#ffffff", "#12171c"),
    "track": ("#f0f3f6", "#1e262e"),
    **{
        name: (light, PAGE_TONES[light][1])
        for name, light in (("line", LINE), ("muted", MUTED), ("ink", INK), ("first", SERIES[0]), ("second", SERIES[1]))
    },
}
"""Each in light and dark."""

_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Drawing:
    """A picture of shapes and text; units are pixels at its natural size.

    Args:
        width: of the picture.
        height: of the picture.
        title: what it is, in a few words.
        description: all that it shows, in words.

    Example:
        >>> drawing = Drawing(40.0, 20.0, "Two bars", "audio 1, image 2")
        >>> drawing.text(0.0, 12.0, "R&D")
        >>> "R&amp;D" in drawing.to_string()
        True
    """

    def __init__(self, width: float, height: float, title: str, description: str) -> None:
        self._root = Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "viewBox": f"0 0 {_number(width)} {_number(height)}",
                "width": _number(width),
                "height": _number(height),
                "role": "img",
                "aria-labelledby": "title description",
                "font-family": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif",
            },
        )
        SubElement(self._root, "title", {"id": "title"}).text = _clean(title)
        SubElement(self._root, "desc", {"id": "description"}).text = _clean(description)
        SubElement(self._root, "style").text = _style()
        self.rectangle(0.0, 0.0, width, height, "paper")

    def rectangle(self, x: float, y: float, width: float, height: float, tone: Tone, *, hint: str = "") -> None:
        """A filled box.

        Args:
            x: of its left side.
            y: of its upper side.
            width: not negative.
            height: not negative.
            tone: of the whole.
            hint: what a pointer over it shows.
        """
        places = {"x": _number(x), "y": _number(y), "width": _number(width), "height": _number(height)}
        self._add("rect", {**places, "class": f"fill-{tone}"}, hint)

    def line(self, start: tuple[float, float], end: tuple[float, float], tone: Tone, width: float = 1.0) -> None:
        """A line between two points."""
        (x1, y1), (x2, y2) = start, end
        places = {"x1": _number(x1), "y1": _number(y1), "x2": _number(x2), "y2": _number(y2)}
        self._add("line", {**places, "class": f"line-{tone}", "stroke-width": _number(width)})

    def text(
        self,
        x: float,
        y: float,
        words: str,
        tone: Tone = "ink",
        *,
        size: float = 12.0,
        anchor: Literal["start", "middle", "end"] = "start",
        bold: bool = False,
    ) -> None:
        """One line of text.

        Args:
            x: where its anchor is.
            y: of its baseline.
            words: of any characters.
            tone: of the letters.
            size: of the letters.
            anchor: its left end, middle or right end.
            bold: as a heading.
        """
        look = {"class": f"fill-{tone}", "font-size": _number(size), "text-anchor": anchor}
        weight = {"font-weight": "600"} if bold else {}
        self._add("text", {"x": _number(x), "y": _number(y), **look, **weight}).text = _clean(words)

    def to_string(self) -> str:
        """The file's content; the same calls give the same."""
        indent(self._root)
        return tostring(self._root, encoding="unicode") + "\n"

    def _add(self, kind: str, attributes: dict[str, str], hint: str = "") -> Element:
        element = SubElement(self._root, kind, attributes)
        if hint:
            SubElement(element, "title").text = _clean(hint)
        return element


def _style() -> str:
    light, dark = (
        " ".join(
            f".fill-{name}{{fill:{tones[shade]}}} .line-{name}{{stroke:{tones[shade]}}}"
            for name, tones in TONES.items()
        )
        for shade in (0, 1)
    )
    return f"text{{font-variant-numeric:tabular-nums}} {light} @media (prefers-color-scheme:dark){{{dark}}}"


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _clean(text: str) -> str:
    """Control characters have no place in XML, not even escaped."""
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)
