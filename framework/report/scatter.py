"""Pictures of samples in a plane, coloured by domain or class."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .theme import LINE, STYLE, series_colour, to_uri

SIZE: Final = (2.9, 2.9)
"""Inches."""


def draw_points(
    points: NDArray[np.floating[Any]], colours: NDArray[np.integer[Any]], limits: NDArray[np.floating[Any]]
) -> str:
    """Draw samples.

    Args:
        points: `(N, 2)`.
        colours: `(N,)`, number of each one's colour; negative ones have no colour of their own.
        limits: `(P, 2)`, points that the picture must have room for, so that several pictures show the same plane.

    Returns:
        The picture's address.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        figure = Figure(SIZE, layout="constrained")
        axes = figure.add_subplot()
        for number in sorted(set(colours.tolist())):
            chosen = points[colours == number]
            axes.plot(*chosen.T, ".", color=series_colour(number), alpha=0.75, markersize=4.5, markeredgewidth=0)
        low, high = limits.min(axis=0), limits.max(axis=0)
        room = np.maximum(0.05 * (high - low), 1e-3)
        axes.set(xticks=[], yticks=[], xlim=(low[0] - room[0], high[0] + room[0]))
        axes.set_ylim(low[1] - room[1], high[1] + room[1])
        axes.spines[:].set(visible=True, color=LINE)
        axes.set_box_aspect(1)
        return to_uri(figure)
