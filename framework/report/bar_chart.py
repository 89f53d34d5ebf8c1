"""Draws horizontal bars with whiskers, in several panels side by side, as an SVG."""

from collections.abc import Sequence
from math import ceil, floor, log10
from textwrap import wrap
from typing import Final

from rich.cells import cell_len

from .charts import LINE, Chart, Panel, cut
from .svg import Drawing, Tone

_LETTER, _TITLE_LETTER, _SMALL_LETTER = 6.9, 9.5, 6.2
"""Width of a letter in names, titles and small print: of nearly all, at most."""

_MARGIN, _BAR = 20.0, 12.0
_PLOT, _NUMBER, _BETWEEN = 128.0, 56.0, 22.0
_WHISKER: Final[tuple[tuple[Tone, float], ...]] = (("paper", 4.0), ("ink", 1.5))
_HEAD: Final = 66.0
"""Height of what stands above the rows: a chart's title, those of its panels, and their axes."""


def draw_charts(charts: Sequence[Chart], title: str, notes: Sequence[str] = ()) -> str:
    """Draw charts below each other.

    Args:
        charts: at least one, each of at least one row and panel.
        title: of the picture, for who does not see it.
        notes: lines of small print at the bottom.

    Returns:
        The SVG file's content.
    """
    words = [line for chart in charts for lines in (*chart.names, chart.notes) for line in lines]
    left = _MARGIN + max(cell_len(line) for line in words) * _LETTER + _BETWEEN
    width = left + max(len(chart.panels) for chart in charts) * (_PLOT + _NUMBER + _BETWEEN) - _BETWEEN + _MARGIN
    small_print = [line for note in notes for line in wrap(note, int((width - 2 * _MARGIN) / _SMALL_LETTER))]
    height = sum(_HEAD + sum(chart.heights) + _MARGIN for chart in charts) + LINE * len(small_print) + _MARGIN
    drawing = Drawing(width, height, title, "\n".join(line for chart in charts for line in chart.describe()))
    top = _MARGIN
    for chart in charts:
        chart_title = cut(chart.title, int((width - 2 * _MARGIN) / _TITLE_LETTER))
        drawing.text(_MARGIN, top + 13, chart_title, size=15.0, bold=True)
        _draw_chart(drawing, chart, left, top)
        top += _HEAD + sum(chart.heights) + _MARGIN
    for number, line in enumerate(small_print):
        drawing.text(_MARGIN, top + LINE * number, line, "muted", size=11.0)
    return drawing.to_string()


def _draw_chart(drawing: Drawing, chart: Chart, left: float, top: float) -> None:
    y, middles = top + _HEAD, []
    for lines, note, height in zip(chart.names, chart.notes, chart.heights, strict=True):
        first = y + (height - LINE * (len(lines) + bool(note))) / 2 + 11
        for number, line in enumerate(lines):
            drawing.text(_MARGIN, first + LINE * number, line)
        if note:
            drawing.text(_MARGIN, first + LINE * len(lines), note, "muted", size=11.0)
        middles.append(y + height / 2)
        y += height
    for number, panel in enumerate(chart.panels):
        _draw_panel(drawing, panel, left + number * (_PLOT + _NUMBER + _BETWEEN), top + _HEAD, middles)


def _draw_panel(drawing: Drawing, panel: Panel, left: float, top: float, middles: Sequence[float]) -> None:
    low, high = panel.ends
    scale = _PLOT / (high - low)
    drawing.text(left, top - 27, panel.title, size=12.0, bold=True)
    for tick in _ticks(low, high):
        x = left + (tick - low) * scale
        drawing.text(x, top - 9, f"{tick:.10g}", "muted", size=10.5, anchor="middle")
        drawing.line((x, top - 4), (x, middles[-1] + _BAR), "line")
    for bar, middle in zip(panel.bars, middles, strict=True):
        if bar is None:
            drawing.text(left + _PLOT + 8, middle + 4, "\N{EN DASH}", "muted")
            continue
        x, length = left + (min(bar.value, 0.0) - low) * scale, abs(bar.value) * scale
        drawing.rectangle(x, middle - _BAR / 2, length, _BAR, panel.tone, hint=bar.hint)
        if bar.whisker is not None:
            first, last = (left + (min(value, high) - low) * scale for value in (bar.whisker.low, bar.whisker.high))
            _draw_whisker(drawing, first, last, middle, is_cut=bar.whisker.high > high)
        drawing.text(left + _PLOT + 8, middle + 4, bar.text)


def _draw_whisker(drawing: Drawing, start: float, end: float, middle: float, *, is_cut: bool) -> None:
    # Over a margin of the ground's colour, so that it stands out from its bar.
    for tone, width in _WHISKER:
        drawing.line((start, middle), (end, middle), tone, width)
        for x in (start,) if is_cut else (start, end):
            drawing.line((x, middle - 4), (x, middle + 4), tone, width)


def _ticks(low: float, high: float) -> list[float]:
    """Two to four round numbers from `low` to `high`, zero among them."""
    least = (high - low) / 3.2
    power = 10.0 ** floor(log10(least))
    step = next(found for factor in (1, 2, 5, 10, 20) if (found := factor * power) >= least)
    return [step * number for number in range(ceil(low / step), floor(high / step + 1e-9) + 1)]
