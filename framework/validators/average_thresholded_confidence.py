"""ATC as a score; `estimation.average_thresholded_confidence` has the equations.

Garg et al., "Leveraging unlabeled data to predict out-of-distribution performance" (ICLR 2022,
https://arxiv.org/abs/2201.04234).
"""

from ..estimation.average_thresholded_confidence import Score, average_thresholded_confidence
from ..layout import Task
from .opinions import labels_of, source_probabilities
from .validator import Candidate, EachAlone


class AverageThresholdedConfidence(EachAlone):
    """Share of the target that is surer than a threshold, below which as many of the source lie as are wrong there.

    Args:
        row_score: how sure a row is: "maximum_confidence" or "negative_entropy".

    Example:
        >>> AverageThresholdedConfidence().comparable
        True
    """

    comparable = True
    estimates_accuracy = True

    def __init__(self, row_score: Score = "negative_entropy") -> None:
        self.row_score: Score = row_score

    def score_one(self, candidate: Candidate, task: Task) -> float:
        """Of one model.

        Raises:
            ValueError: if the source has no labels.
        """
        source, labels = source_probabilities(candidate, task.name), labels_of([candidate], task.name)
        target = candidate.target_probabilities(task.name).numpy()
        return average_thresholded_confidence(source, labels, target, self.row_score)
