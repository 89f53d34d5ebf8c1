"""Colours of the page and its pictures, in a light and a dark tone each, and pictures that change tone with the page.

matplotlib draws in the light tone. In the SVG that it writes, each of our colours is then replaced by a CSS variable
whose value depends on what the reader's system prefers; pictures as `<img>` follow that as the page does.
"""

import io
import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK: Final = "#1c2733"
MUTED: Final = "#66717d"
LINE: Final = "#d5dbe1"
SERIES: Final = (
    "#2266cc",
    "#d1560f",
    "#009c6c",
    "#60249c",
    "#e46c9c",
    "#783000",
    "#9084fc",
    "#b40048",
    "#306060",
    "#90609c",
)
"""Lines, domains and classes, in this order. What comes after the last is drawn in `MUTED`.

All can be told apart by colour-blind readers of each kind, in both tones: tests/report/test_theme.py measures it.
"""

TONES: Final = {
    INK: ("ink", "#e6eaee"),
    MUTED: ("muted", "#9aa5b0"),
    LINE: ("line", "#36414c"),
    **{
        light: (f"series-{number}", dark)
        for number, (light, dark) in enumerate(
            zip(
                SERIES,
                (
                    "#6fa4ff",
                    "#ff9a5a",
                    "#549c78",
                    "#c0ccfc",
                    "#a85490",
                    "#fcd8a8",
                    "#3c6ccc",
                    "#cc6030",
                    "#78fce4",
                    "#cc90b4",
                ),
                strict=True,
            )
        )
    },
}
"""Name and dark tone of each colour, by its light one."""

STYLE: Final[dict[Any, Any]] = {
    "axes.edgecolor": MUTED,
    "axes.grid": True,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "font.size": 9,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "svg.fonttype": "none",
    "svg.hashsalt": "acclimate",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": MUTED,
    "xtick.labelsize": 8.5,
    "ytick.color": MUTED,
    "ytick.labelsize": 8.5,
}
"""matplotlib's settings. Text stays text, dollar signs too, and the same numbers give the same file."""


def css_variables() -> str:
    """All colours as CSS variables: light ones, and dark ones where the reader's system prefers them."""
    light = "".join(f"--{name}:{tone};" for tone, (name, _) in TONES.items())
    dark = "".join(f"--{name}:{tone};" for name, tone in TONES.values())
    return f":root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}"


def series_colour(number: int) -> str:
    """The colour of a line, domain or class, in its light tone; `MUTED` where it has none of its own."""
    return SERIES[number] if 0 <= number < len(SERIES) else MUTED


def series_variable(number: int) -> str:
    """Name of the CSS variable of a line's, domain's or class's colour."""
    return TONES[series_colour(number)][0]


def to_uri(figure: "Figure") -> str:
    """A figure as an SVG in a `data:` address, which changes tone with the page."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    drawing = buffer.getvalue()
    for tone, (name, _) in TONES.items():
        drawing = drawing.replace(tone, f"var(--{name})")
    style = f"{css_variables()}text{{font-family:system-ui,sans-serif!important}}"
    drawing = re.sub(r"(<svg[^>]*>)", rf"\1<style>{style}</style>", drawing, count=1)
    return f"data:image/svg+xml;base64,{b64encode(drawing.encode()).decode()}"
