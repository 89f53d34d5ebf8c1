"""Colours can be seen, and told apart by colour-blind readers, in both tones."""

from itertools import combinations

import numpy as np
import pytest
from acclimate.framework.report.theme import SERIES, TONES
from numpy.typing import NDArray

PAPER = ("#ffffff", "#12171c")

VISIONS = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
"""What is left of red, green and blue light (Machado et al., 2009, severity 1)."""

CONES = ((0.4122214708, 0.5363325363, 0.0514459929), (0.2119034982, 0.6806995451, 0.1073969566))
CONES = (*CONES, (0.0883024619, 0.2817188376, 0.6299787005))
OKLAB = ((0.2104542553, 0.793617785, -0.0040720468), (1.9779984951, -2.428592205, 0.4505937099))
OKLAB = (*OKLAB, (0.0259040371, 0.7827717662, -0.808675766))
"""A space in which differences that look alike are as far apart (Ottosson, 2020)."""


def light(colour: str) -> NDArray[np.float64]:
    """Red, green and blue light, from 0 to 1."""
    values = np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(first: str, second: str) -> float:
    """As WCAG 2 defines it."""
    low, high = sorted(float(light(colour) @ (0.2126, 0.7152, 0.0722)) for colour in (first, second))
    return (high + 0.05) / (low + 0.05)


def place(colour: str, vision: str) -> NDArray[np.float64]:
    """Where a reader sees it in OKLab."""
    seen = np.clip(np.array(VISIONS[vision]) @ light(colour), 0, 1)
    place: NDArray[np.float64] = np.array(OKLAB) @ np.cbrt(np.array(CONES) @ seen)
    return place


def series(tone: int) -> list[str]:
    return [(colour, TONES[colour][1])[tone] for colour in SERIES]


@pytest.mark.parametrize("tone", [0, 1])
def test_lines_and_points_stand_out_from_the_page(tone: int) -> None:
    assert min(contrast(colour, PAPER[tone]) for colour in series(tone)) >= 3


@pytest.mark.parametrize("tone", [0, 1])
@pytest.mark.parametrize(("vision", "least"), [("usual", 0.12), ("protan", 0.07), ("deutan", 0.07), ("tritan", 0.07)])
def test_any_two_can_be_told_apart(vision: str, least: float, tone: int) -> None:
    places = [place(colour, vision) for colour in series(tone)]
    found = {pair: np.linalg.norm(places[pair[0]] - places[pair[1]]) for pair in combinations(range(len(places)), 2)}
    assert min(found.values()) >= least, min(found, key=lambda pair: found[pair])
