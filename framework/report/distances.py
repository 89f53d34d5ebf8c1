"""How far apart the domains lie in the features of each modality."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import attrs
import numpy as np

from ..evaluation.tables import FUSED
from ..layout import JOINT, DomainSide
from ..measures import chance_divergence, feature_divergence, proxy_a_distance
from .sides import Observed, feature_names, spread
from .views import Headline, TableView

MOST_ROWS: Final = 2000
"""Rows of each side that distances are measured on, evenly spread."""


@attrs.frozen(eq=False)
class Distance:
    """How far apart the domains are in the features of a modality.

    Args:
        name: of the modality, or `FUSED`.
        rows: that were measured, source and target.
        divergence: Jensen-Shannon divergence, mean over features.
        chance: what it would be without a shift.
        a_distance: proxy A-distance.
    """

    name: str
    rows: tuple[int, int]
    divergence: float
    chance: float
    a_distance: float


def measure_distances(sides: Mapping[DomainSide, Observed], seed: int) -> list[Distance]:
    """Measure every modality and the fused features; those with fewer than two rows on a side are left out."""
    if len(sides) < 2:
        return []
    found = []
    for name in feature_names(sides):
        source, target = (spread(side.features(name), MOST_ROWS) for side in sides.values())
        if min(len(source), len(target)) >= 2:
            found.append(
                Distance(
                    FUSED if name == JOINT else name,
                    (len(source), len(target)),
                    float(feature_divergence(source, target).mean()),
                    chance_divergence(source, target, np.random.default_rng(seed)),
                    proxy_a_distance(source, target, seed=seed),
                )
            )
    return found


def distance_headline(distances: Sequence[Distance]) -> Iterator[Headline]:
    """The A-distance of the fused features."""
    for found in distances:
        if found.name == FUSED:
            note = "of the fused features; 0: domains cannot be told apart, 2: always"
            yield Headline("A-distance", f"{found.a_distance:.2f}", note)


def distance_table(distances: Sequence[Distance]) -> TableView:
    """All distances, with how they were measured."""
    rows = [
        (
            found.name,
            *map(str, found.rows),
            f"{found.divergence:.3f}",
            f"{found.chance:.3f}",
            f"{found.a_distance:.2f}",
        )
        for found in distances
    ]
    note = (
        "Jensen-Shannon divergence: a histogram of 10 equal bins for each feature, over both domains' range; mean over "
        "features, in nats, from 0 to 0.693. By chance: the same with rows dealt to the domains at random, so "
        "without any shift. A-distance: 2(1 - 2 error) of a logistic regression that tells the domains apart, "
        "5-fold cross-validated; 0 is chance, 2 never fails. Rows of one recording that resemble each other "
        "make it larger. No labels were used."
    )
    columns = ("features of", "source rows", "target rows", "divergence", "by chance", "A-distance")
    return TableView(columns, rows, "Distance of the domains", note)
