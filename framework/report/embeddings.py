"""Pictures of the features in a plane, by domain and by class."""

from collections.abc import Iterator, Mapping
from typing import Final

import attrs
import numpy as np
from numpy.typing import NDArray

from ..layout import JOINT, DomainSide, Task
from ..measures import embed
from ..measures.t_sne import FEWEST, PERPLEXITY
from .scatter import draw_points
from .sides import Observed, feature_names, spread
from .theme import SERIES
from .views import Gallery, Key, Note, Picture

MOST_POINTS: Final = 500
"""Rows of each side in a picture, evenly spread."""


def draw_embeddings(sides: Mapping[DomainSide, Observed], tasks: tuple[Task, ...], seed: int) -> Iterator[Gallery]:
    """A gallery for each modality and the fused features: by domain, then each side by the classes of each task."""
    classified = [task for task in tasks if task.classes is not None]
    legends = {task.name: _Legend.of(task, sides["source"]) for task in classified}
    for name in feature_names(sides):
        plane = _Plane.of(sides, name, seed)
        if plane is None:
            continue
        title = plane.features[0].upper() + plane.features[1:]
        by_domain = plane.by_domain(sides)
        first = list(plane.by_class(sides, classified[0], legends[classified[0].name])) if classified else []
        keys = legends[classified[0].name].keys if classified else ()
        yield Gallery((by_domain, *first), title, keys=keys, small=True)
        for task in classified[1:]:
            legend = legends[task.name]
            pictures = list(plane.by_class(sides, task, legend))
            yield Gallery(pictures, f"{title}, {task.name}", keys=legend.keys, small=True)


def describe_embeddings(sides: int) -> Note:
    """How the pictures were made, of one side or two."""
    together = ", both in one plane" if sides > 1 else ""
    return Note(
        f"Pictures: t-SNE (perplexity {PERPLEXITY:.0f}) of at most {MOST_POINTS} rows of each side{together}. Points "
        "that lie close together have features that are close; distances between clusters, their sizes and the axes "
        "mean nothing. Predictions are those of the features' own head.",
        "intro",
    )


@attrs.frozen(eq=False)
class _Legend:
    """Colour of each class, by its index, and what colours mean.

    The most frequent classes of the source have a colour each, the others share one.
    """

    colours: NDArray[np.int64]
    keys: tuple[Key, ...]

    @classmethod
    def of(cls, task: Task, source: Observed) -> "_Legend":
        classes = task.classes or ()
        labels = source.labels(task.name, JOINT)
        counts = np.bincount(np.zeros(0, np.int64) if labels is None else labels, minlength=len(classes))
        chosen = np.sort(np.argsort(-counts, kind="stable")[: len(SERIES)])
        colours = np.full(len(classes), -1, np.int64)
        colours[chosen] = np.arange(len(chosen))
        keys = tuple(Key(classes[index], number) for number, index in enumerate(chosen.tolist()))
        left = len(classes) - len(chosen)
        return cls(colours, (*keys, Key(f"{left} further classes", -1)) if left else keys)


@attrs.frozen(eq=False)
class _Plane:
    """Where the rows of each side lie in one embedding of a modality's features."""

    name: str
    points: Mapping[DomainSide, NDArray[np.float64]]

    @classmethod
    def of(cls, sides: Mapping[DomainSide, Observed], name: str, seed: int) -> "_Plane | None":
        """None where too few rows have the modality."""
        features = [spread(side.features(name), MOST_POINTS) for side in sides.values()]
        if sum(map(len, features)) < FEWEST:
            return None
        points = embed(np.concatenate(features), seed=seed)
        parts = np.split(points, np.cumsum([len(part) for part in features])[:-1])
        return cls(name, dict(zip(sides, parts, strict=True)))

    @property
    def features(self) -> str:
        return "fused features" if self.name == JOINT else f"features of {self.name}"

    @property
    def everything(self) -> NDArray[np.float64]:
        return np.concatenate(list(self.points.values()))

    def by_domain(self, sides: Mapping[DomainSide, Observed]) -> Picture:
        domains = np.concatenate([spread(side.domain(self.name), MOST_POINTS) for side in sides.values()])
        names = next(iter(sides.values())).domains
        uri = draw_points(self.everything, domains, self.everything)
        keys = tuple(Key(domain, number) for number, domain in enumerate(names))
        words = f"t-SNE of the {self.features} of {len(domains)} rows by domain: {', '.join(names)}"
        return Picture("by domain", uri, words, keys=keys)

    def by_class(self, sides: Mapping[DomainSide, Observed], task: Task, legend: _Legend) -> Iterator[Picture]:
        """The source by label; the target by prediction and, where labels may be seen, by label."""
        for side, observed in sides.items():
            classes = {"label": observed.labels(task.name, self.name)}
            if side == "target":
                classes = {"prediction": observed.predictions(task.name, self.name), **classes}
            for kind, found in classes.items():
                if found is None:
                    continue
                shown = spread(found, MOST_POINTS)
                uri = draw_points(self.points[side], legend.colours[shown], self.everything)
                alternative = f"t-SNE of the {self.features} of {len(shown)} {side} rows by {kind} of {task.name}"
                oracle = side == "target" and kind == "label"
                yield Picture(f"{side}, by {kind}", uri, alternative, oracle=oracle)
