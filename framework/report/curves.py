"""Pictures of numbers over training: one a group of names, such as `classification` of `classification/joint`."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Final

import attrs

from ..measures import Curve
from .theme import LINE, MUTED, STYLE, series_colour, to_uri
from .views import Picture

SIZE: Final = (4.2, 2.7)
"""Inches."""

MOST_LINES: Final = 10
"""Of one picture; further ones get a picture of their own."""


@attrs.frozen
class Timeline:
    """What all pictures of a run show.

    Args:
        epochs: that the run has.
        chosen: epochs done at the checkpoint that was selected; a dashed line shows it.
        boundaries: epochs done where a stage or round ended; solid lines show them.
    """

    epochs: float
    chosen: float
    boundaries: tuple[float, ...] = ()


def draw_curves(
    curves: Mapping[str, Curve], timeline: Timeline, colours: Mapping[str, int], *, oracle: bool = False
) -> list[Picture]:
    """One picture a group.

    Args:
        curves: by name; what comes before the last `/` names the group.
        timeline: of the run.
        colours: number of the colour of those names that have the same one in all pictures.
        oracle: whether labels of the target were used.
    """
    pictures = []
    for title, found in _groups(curves):
        uri = _draw(found, timeline, _choose_colours(list(found), colours))
        last = ", ".join(f"{name} ends at {curve.values[-1]:.3g}" for name, curve in found.items())
        pictures.append(Picture(title, uri, f"{title} over epochs: {last}", oracle=oracle))
    return pictures


def _groups(curves: Mapping[str, Curve]) -> Iterator[tuple[str, dict[str, Curve]]]:
    groups: dict[str, dict[str, Curve]] = {}
    for name, curve in curves.items():
        group, slash, line = name.rpartition("/")
        groups.setdefault(group if slash else name, {})[line] = curve
    for group, found in groups.items():
        names = list(found)
        title = f"{group}/{names[0]}" if len(names) == 1 and names[0] != group else group
        for first in range(0, len(names), MOST_LINES):
            part = {name: found[name] for name in names[first : first + MOST_LINES]}
            yield title if first == 0 else f"{title} ({first // MOST_LINES + 1})", part


def _choose_colours(names: Sequence[str], fixed: Mapping[str, int]) -> dict[str, str]:
    """The fixed ones get theirs, the others the first that are left."""
    numbers = {name: fixed[name] for name in names if name in fixed}
    free = (number for number in count() if number not in numbers.values())
    return {name: series_colour(numbers[name] if name in numbers else next(free)) for name in names}


def _draw(curves: Mapping[str, Curve], timeline: Timeline, colours: Mapping[str, str]) -> str:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        figure = Figure(SIZE, layout="constrained")
        axes = figure.add_subplot()
        for boundary in timeline.boundaries:
            axes.axvline(boundary, color=LINE, linewidth=1.5)
        axes.axvline(timeline.chosen, color=MUTED, linestyle=(0, (4, 3)), linewidth=1)
        for name, curve in curves.items():
            # A number that was measured once is a point.
            line = "o-" if len(curve.values) == 1 else "-"
            axes.plot(curve.epochs, curve.values, line, color=colours[name], linewidth=1.6, markersize=4, label=name)
        axes.set_xlabel("epochs")
        axes.set_xlim(0, 1.02 * timeline.epochs)
        if len(curves) > 1:
            figure.legend(loc="outside lower center", ncols=min(3, len(curves)), handlelength=1.4)
        return to_uri(figure)
