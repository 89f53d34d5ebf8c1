"""DoC as a score; `estimation.confidence` has the equation.

Guillory et al., "Predicting with confidence on unseen distributions" (ICCV 2021, https://arxiv.org/abs/2107.03315).
"""

from ..estimation.confidence import difference_of_confidences
from ..layout import Task
from .opinions import labels_of, source_probabilities
from .validator import Candidate, EachAlone


class DifferenceOfConfidences(EachAlone):
    """Accuracy on the source's validation rows less the fall of the mean confidence from there to the target.

    Example:
        >>> DifferenceOfConfidences().comparable
        True
    """

    comparable = True
    estimates_accuracy = True

    def score_one(self, candidate: Candidate, task: Task) -> float:
        """Of one model.

        Raises:
            ValueError: if the source has no labels.
        """
        source, labels = source_probabilities(candidate, task.name), labels_of([candidate], task.name)
        return difference_of_confidences(source, labels, candidate.target_probabilities(task.name).numpy())
