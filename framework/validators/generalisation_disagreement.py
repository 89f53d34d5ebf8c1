"""GDE as a score: how often a model agrees with others that were trained as it was.

Jiang et al., "Assessing generalization of SGD via disagreement" (ICLR 2022, https://arxiv.org/abs/2106.13799): two runs
of one recipe that differ by their seeds agree as often as each is right, where their ensemble is calibrated. Of other
candidates it is an agreement, and no more.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..consensus.opinion import Votes
from ..estimation.generalisation_disagreement import agreement_of_runs
from ..layout import Task
from .opinions import target_predictions
from .validator import Candidate, Validator


def agreement_with_others(predictions: Votes) -> NDArray[np.float64]:
    """Share of rows on which each model says what another one says, mean over the others, `(K,)`.

    Args:
        predictions: `(K, N)`, of two models at least.

    Example:
        >>> agreement_with_others(np.array([[0, 1, 1, 0], [0, 1, 1, 1], [0, 0, 0, 0]]))
        array([0.625, 0.5  , 0.375])
    """
    models = range(len(predictions))
    others = [[other for other in models if other != model] for model in models]
    pairs = [[agreement_of_runs(predictions[[model, other]]) for other in others[model]] for model in models]
    return np.asarray(np.mean(pairs, axis=1))


class GeneralisationDisagreement(Validator):
    """`agreement_with_others` of the joint predictions on the target: 1 less the disagreement.

    Example:
        >>> GeneralisationDisagreement().least_candidates
        2
    """

    comparable = True
    estimates_accuracy = True
    least_candidates = 2

    def score(self, candidates: Sequence[Candidate], task: Task) -> list[float]:
        """Of all together."""
        return [float(share) for share in agreement_with_others(target_predictions(candidates, task.name))]
