"""IWA as a score; `consensus.importance_weighted_aggregation` has the equations.

Dinu et al., "Addressing parameter choice issues in unsupervised domain adaptation by aggregation" (ICLR 2023,
https://arxiv.org/abs/2305.01281). The paper ships the weighted sum of all candidates; this says how near each comes.
"""

from collections.abc import Sequence

import numpy as np

from ..consensus.ensemble import mean_probabilities
from ..consensus.importance_weighted_aggregation import importance_weighted_aggregation
from ..consensus.opinion import joint_probabilities
from ..layout import Task
from .importance_weights import candidate_weights
from .opinions import labels_of, source_opinions, target_opinions
from .validator import Candidate, Validator


class AggregationAgreement(Validator):
    """Agreement of each candidate with the weighted sum that is nearest to the target's labels.

    Rows of the source weigh as the candidates' features say, mean over the candidates.

    Example:
        >>> AggregationAgreement().least_candidates
        2
    """

    comparable = True
    estimates_accuracy = True
    least_candidates = 2

    def score(self, candidates: Sequence[Candidate], task: Task) -> list[float]:
        """Of all together.

        Raises:
            ValueError: if the source has no labels.
        """
        target = joint_probabilities(target_opinions(candidates), task.name)
        source = joint_probabilities(source_opinions(candidates), task.name)
        rows = np.mean([candidate_weights(candidate).numpy() for candidate in candidates], axis=0)
        weights = importance_weighted_aggregation(target, source, labels_of(candidates, task.name), rows)
        role_model = mean_probabilities(target, weights).argmax(axis=1)
        return [float(share) for share in (target.argmax(axis=2) == role_model).mean(axis=1)]
