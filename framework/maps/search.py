"""Finds, without labels, the maps under which a model's predictions on a target are surest and most even."""

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray

from ..arguments import check_at_least, check_one_of
from ..data.arrays import Arrays
from ..data.input_maps import InputMap, compose
from ..data.samples import Samples
from ..errors import RunError
from ..evaluation.intervals import Confidence, percentile_interval
from ..evaluation.prediction import Predictor
from ..layout import Task
from .found import FoundMaps, MapStep
from .group import AS_IT_IS, Candidate, MapGroup, Unlabelled
from .inferred import infer_groups
from .rows import draw_weights, read_rows
from .said import Said, ask

Score: TypeAlias = Literal["information_maximisation", "ranks"]
"""Ranks are those of information and of agreement of modalities, summed."""

ROWS: Final = 1000
"""Of the target, that a search looks at by default."""

_SCREENED: Final = 200
"""Rows on which all maps of a group are tried; the best of them, and the identity, are then tried on all rows."""

_KEPT: Final = 8
"""Maps that are tried on all rows."""

_LEAST_GAIN: Final = 0.01
"""In nats, that the lower end of the interval must reach: what brings less is not worth a change."""

_ROUNDS: Final = 4
"""Over all groups at most; a search ends where a round changes nothing."""


def search_maps(
    predict: Predictor,
    samples: Samples,
    groups: Sequence[MapGroup] | None = None,
    generator: np.random.Generator | None = None,
    *,
    score: Score = "information_maximisation",
    source: Samples | None = None,
    confidence: Confidence | None = None,
    rows: int = ROWS,
    batch_size: int = 256,
) -> FoundMaps:
    """Find the map of each group that makes a model's predictions score highest, all other things unchanged.

    One group after another is tried with all its maps, the others being as they were found so far, until nothing
    changes. A group is left as it is unless information maximisation with its best map exceeds that without by more
    than the bootstrap interval of the difference. No label is looked at, whatever the samples hold.

    Args:
        predict: The model, torch's or an artefact's.
        samples: The target's training rows.
        groups: Of maps; None infers them, see `infer_groups`.
        generator: Draws rows where there are too many, and the bootstrap's; None means one of seed 0.
        score: By which maps are compared.
        source: The source's rows, for groups that compare statistics.
        confidence: Of the interval: level and number of resamples.
        rows: Of the target that are looked at at most.
        batch_size: Rows that are predicted at once.

    Raises:
        RunError: if no task has classes, or logits are not finite.
        DataError: if a group does not fit the data, or a file cannot be read.
        ValueError: if a number is not positive, or there are no samples.
    """
    check_one_of(("information_maximisation", "ranks"), score=score)
    check_at_least(1, rows=rows, batch_size=batch_size, samples=len(samples))
    tasks = [task for task in samples.schema.tasks if not task.is_regression]
    if not tasks:
        raise RunError("input maps are searched by how sure a classification is, but no task has classes")
    generator = generator or np.random.default_rng(0)
    arrays = attrs.evolve(read_rows(samples, rows, generator), labels=None)
    confidence = confidence or Confidence()
    groups_of_rows = [samples.table.field("group")[position] for position in arrays.index.tolist()]
    weights = draw_weights(groups_of_rows, confidence.resamples, generator)
    seen = Unlabelled(
        samples.schema.preprocessing, arrays, None if source is None else read_rows(source, rows, generator)
    )
    wanted = infer_groups(samples.schema).groups if groups is None else tuple(groups)
    few = samples.batch(np.sort(generator.permutation(arrays.index)[:_SCREENED]).tolist())
    search = _Search(
        predict, arrays, attrs.evolve(few, labels=None), tasks, batch_size, weights, confidence.level, score
    )
    return search.run([(group, (Candidate(AS_IT_IS), *group.candidates(seen))) for group in wanted])


@attrs.frozen(eq=False)
class _Search:
    predict: Predictor
    arrays: Arrays
    few: Arrays
    tasks: Sequence[Task]
    batch_size: int
    weights: NDArray[np.float64]
    level: float
    score: Score

    def run(self, groups: Sequence[tuple[MapGroup, Sequence[Candidate]]]) -> FoundMaps:
        chosen = [candidates[0] for _, candidates in groups]
        before = self._ask(chosen)
        now, steps = before, [self._unchanged(group, candidates) for group, candidates in groups]
        for round_ in range(_ROUNDS):
            changed = False
            for at, (group, candidates) in enumerate(groups):
                # With one group, or after a round that changed no other, all has been seen already.
                if round_ and len(groups) == 1:
                    continue
                found, said, steps[at] = self._choose(group, candidates, chosen, at, now)
                changed |= found is not chosen[at]
                chosen[at], now = found, said
            if not changed:
                break
        return FoundMaps(_join(chosen), tuple(steps), before.scores, now.scores, len(self.arrays))

    def _choose(
        self, group: MapGroup, candidates: Sequence[Candidate], chosen: Sequence[Candidate], at: int, now: Said
    ) -> tuple[Candidate, Said, MapStep]:
        """The candidate of one group that is taken, what the model then says, and what speaks for it."""
        total, others = len(candidates), (chosen[:at], chosen[at + 1 :])
        candidates = self._screen(candidates, others, chosen[at])
        said = [
            now if candidate is chosen[at] else self._ask([*others[0], candidate, *others[1]])
            for candidate in candidates
        ]
        best = int(np.argmax(self._rate(said)))
        gains = said[best].information(self.weights) - said[0].information(self.weights)
        interval = percentile_interval(gains, self.level)
        gain = float((said[best].information() - said[0].information())[0])
        taken = best if interval.low >= _LEAST_GAIN else 0
        step = MapStep(group.name, candidates[taken].name, candidates[best].name, total, gain, interval)
        return candidates[taken], said[taken], step

    def _screen(
        self, candidates: Sequence[Candidate], others: tuple[Sequence[Candidate], Sequence[Candidate]], now: Candidate
    ) -> Sequence[Candidate]:
        """The identity, what is chosen now, and those that score highest on few rows."""
        if len(candidates) <= 2 * _KEPT or len(self.arrays) <= 2 * _SCREENED:
            return candidates
        said = [self._ask([*others[0], candidate, *others[1]], self.few) for candidate in candidates]
        best = set(np.argsort(-self._rate(said), kind="stable")[:_KEPT].tolist())
        return [one for at, one in enumerate(candidates) if at == 0 or at in best or one is now]

    def _rate(self, said: Sequence[Said]) -> NDArray[np.float64]:
        information = np.array([found.scores["information_maximisation"] for found in said])
        if self.score == "information_maximisation":
            return information
        agreement = np.array([found.scores["modality_agreement"] for found in said])
        # Of the same sum of ranks, the surer one.
        return _ranks(information) + _ranks(agreement) + 1e-6 * information

    def _ask(self, chosen: Sequence[Candidate], arrays: Arrays | None = None) -> Said:
        said = ask(self.predict, self.arrays if arrays is None else arrays, _join(chosen), self.tasks, self.batch_size)
        if not all(np.isfinite(part).all() for part in said.probabilities):
            raise RunError("logits must be finite to search input maps, but are not: the training may have diverged")
        return said

    def _unchanged(self, group: MapGroup, candidates: Sequence[Candidate]) -> MapStep:
        nothing = percentile_interval(np.zeros(1), self.level)
        return MapStep(group.name, AS_IT_IS, AS_IT_IS, len(candidates), 0.0, nothing)


def _join(chosen: Sequence[Candidate]) -> dict[str, InputMap]:
    """The maps of all groups by modality; where several change one, in the groups' order."""
    joined: dict[str, InputMap] = {}
    for candidate in chosen:
        for name, found in candidate.maps.items():
            both = compose(joined.get(name), found)
            if both is not None:
                joined[name] = both
    return joined


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The higher, the higher."""
    return np.array([(values < value).sum() + 0.5 * (values == value).sum() for value in values])
