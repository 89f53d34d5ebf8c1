"""Pictures of confusion matrices."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .theme import INK, STYLE, to_uri

BLUE: Final = (0.23, 0.49, 0.85)
"""Shows on light and dark alike; how much of it there is says how many."""

DENSEST: Final = 0.8
"""Opacity of a share of 1: text on it can still be read."""

MOST_NUMBERS: Final = 12
"""With more classes than these, cells are too small for numbers."""

MOST_NAMES: Final = 30
LONGEST: Final = 14


def draw_matrix(counts: NDArray[np.int64], classes: tuple[str, ...]) -> str:
    """Draw a confusion matrix; a cell's colour is its share of the row.

    Args:
        counts: `(C, C)`, labels in rows and predictions in columns.
        classes: their names.

    Returns:
        The picture's address.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    pixels = np.concatenate([np.broadcast_to(BLUE, (*counts.shape, 3)), DENSEST * shares[..., np.newaxis]], axis=2)
    side = min(3.9, 2.6 + 0.13 * len(classes))
    with rc_context({**STYLE, "axes.grid": False}):
        figure = Figure((side, side), layout="constrained")
        axes = figure.add_subplot()
        axes.imshow(pixels, interpolation="none")
        axes.spines[:].set(visible=True)
        named = len(classes) <= MOST_NAMES
        names = [_shorten(name) for name in classes] if named else []
        ticks = range(len(names))
        axes.set_xticks(ticks, names, rotation=90)
        axes.set_yticks(ticks, names)
        axes.tick_params(length=0)
        axes.set(xlabel="prediction", ylabel="label")
        if len(classes) <= MOST_NUMBERS:
            size = 9 if len(classes) <= 8 else 7.5
            for row, column in np.argwhere(counts).tolist():
                axes.text(column, row, counts[row, column], ha="center", va="center", color=INK, fontsize=size)
        return to_uri(figure)


def _shorten(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
