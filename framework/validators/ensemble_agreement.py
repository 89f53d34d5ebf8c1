"""EnsV as a score; `consensus.ensemble` has the equation.

Hu et al., "Towards reliable model selection for unsupervised domain adaptation: an empirical study and a certified
baseline" (NeurIPS 2024 datasets and benchmarks).
"""

from collections.abc import Sequence

from ..consensus.ensemble import role_model_agreement
from ..consensus.opinion import joint_probabilities
from ..layout import Task
from .opinions import target_opinions
from .validator import Candidate, Validator


class EnsembleAgreement(Validator):
    """Agreement of each candidate with the class that the mean of all candidates finds most likely.

    Example:
        >>> EnsembleAgreement().least_candidates
        2
    """

    comparable = True
    estimates_accuracy = True
    least_candidates = 2

    def score(self, candidates: Sequence[Candidate], task: Task) -> list[float]:
        """Of all together."""
        probabilities = joint_probabilities(target_opinions(candidates), task.name)
        return [float(share) for share in role_model_agreement(probabilities)]
