"""A picture of joint features in the plane: a class has a colour and a number, a side has a shape."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import attrs
import numpy as np
from numpy.typing import NDArray

from ...framework.report.theme import SERIES
from ...framework.report.views import Key
from ..metrics import Point

SIZE: Final = 400
"""Width and height of the picture, in its own units."""

_MARGIN: Final = 14
_SIDES: Final = ("source", "target")

_TOGETHER: Final = 26
"""Numbers of two classes that are nearer than this would cover each other."""


@attrs.frozen
class Marks:
    """Samples of one class and side.

    Args:
        side: source or target.
        colour: number of it; -1 for classes that have none of their own.
        path: their places, as the `d` of an SVG path.
    """

    side: str
    colour: int
    path: str


@attrs.frozen
class Badge:
    """The number of a class where most of its samples of the source lie."""

    number: int
    x: int
    y: int


@attrs.frozen
class Scatter:
    """A picture.

    Args:
        marks: of all samples, the source's first.
        badges: of the classes that have a colour.
        keys: what colours mean; numbers from 0.
        words: what it shows, for who does not see it.
    """

    marks: tuple[Marks, ...]
    badges: tuple[Badge, ...]
    keys: tuple[Key, ...]
    words: str


def draw_scatter(points: Sequence[Point], *, most: int, reach: int, classes: Sequence[str] = ()) -> Scatter | None:
    """A picture of samples; None where there are none.

    Args:
        points: of both sides.
        most: of each side that are drawn, spread evenly over what is there.
        reach: of a cross's arms, in units of the picture.
        classes: in the order that the picture shall give them.
    """
    shown = [point for side in _SIDES for point in _thin([one for one in points if one.side == side], most)]
    if not shown:
        return None
    places, sides = _to_places(shown), np.array([point.side for point in shown])
    by_label, keys = _choose_colours(points, classes)
    colours = np.array([by_label.get(point.label, -1) for point in shown])
    marks = []
    for side, shape in zip(_SIDES, _shapes(reach), strict=True):
        for colour in np.unique(colours[sides == side]).tolist():
            chosen = places[(sides == side) & (colours == colour)].tolist()
            marks.append(Marks(side, colour, "".join(f"M{x} {y}{shape}" for x, y in chosen)))
    numbers = " and ".join(f"{count} {side}" for side in _SIDES if (count := int((sides == side).sum())))
    names = ", ".join(key.name for key in keys)
    words = f"t-SNE of the joint features of {numbers} samples, coloured by class: {names}."
    # Source classes are compact, so that their middles say where a class lies.
    known = sides == "source" if (sides == "source").any() else sides == "target"
    return Scatter(tuple(marks), _place_badges(places[known], colours[known]), keys, words)


def _shapes(reach: int) -> tuple[str, str]:
    """A dot, which is a line of no length whose ends are round, and a cross."""
    arm = 2 * reach
    return "h0", f"m{-reach} {-reach}l{arm} {arm}m0 {-arm}l{-arm} {arm}"


def _thin(points: list[Point], most: int) -> list[Point]:
    chosen = np.linspace(0, len(points) - 1, min(most, len(points))).round().astype(int)
    return [points[index] for index in chosen.tolist()]


def _to_places(points: Sequence[Point]) -> NDArray[np.int64]:
    """`(N, 2)` units of the picture; y grows downwards there."""
    values = np.array([(point.x, -point.y) for point in points], np.float64)
    # Else a difference of large numbers may be infinite.
    values /= max(float(np.abs(values).max()), 1e-300)
    low, high = values.min(axis=0), values.max(axis=0)
    # One scale for both axes: distances are all that t-SNE has.
    span = max(float((high - low).max()), 1e-9)
    places: NDArray[np.float64] = SIZE / 2 + (values - (low + high) / 2) / span * (SIZE - 2 * _MARGIN)
    return places.round().astype(np.int64)


def _choose_colours(points: Iterable[Point], classes: Sequence[str]) -> tuple[dict[str, int], tuple[Key, ...]]:
    """The most frequent classes have a colour each; the others share one."""
    places = {label: number for number, label in enumerate(classes)}
    counts = Counter(point.label for point in points)
    frequent = (label for label, _ in counts.most_common(len(SERIES)))
    chosen = sorted(frequent, key=lambda label: (places.get(label, len(places)), label))
    colours = {label: number for number, label in enumerate(chosen)}
    keys = tuple(Key(label, number) for label, number in colours.items())
    left = len(counts) - len(chosen)
    return colours, (*keys, Key(f"{left} further classes", -1)) if left else keys


def _place_badges(places: NDArray[np.int64], colours: NDArray[np.int64]) -> tuple[Badge, ...]:
    """Each on the sample nearest to the median of its class that no other badge covers; none where all are covered."""
    badges: list[Badge] = []
    for colour in np.unique(colours[colours >= 0]).tolist():
        own = places[colours == colour]
        from_middle = np.abs(own - np.median(own, axis=0)).sum(axis=1)
        for x, y in own[from_middle.argsort(kind="stable")].tolist():
            if all(abs(x - other.x) + abs(y - other.y) >= _TOGETHER for other in badges):
                badges.append(Badge(colour + 1, x, y))
                break
    return tuple(badges)
