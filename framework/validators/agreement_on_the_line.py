"""AGL as a score; `estimation.agreement_on_the_line` has the equations.

Baek et al., "Agreement-on-the-line: predicting the performance of neural networks under distribution shift" (NeurIPS
2022, https://arxiv.org/abs/2206.13089).
"""

from collections.abc import Sequence

from ..estimation.agreement_on_the_line import agreement_on_the_line
from ..layout import Task
from .opinions import labels_of, source_predictions, target_predictions
from .validator import Candidate, Validator


class AgreementOnTheLine(Validator):
    """What accuracy on the source becomes where it falls as the candidates' agreement does from source to target.

    It ranks candidates as the source does, or the other way round where the line falls.

    Example:
        >>> AgreementOnTheLine().least_candidates
        3
    """

    comparable = True
    estimates_accuracy = True
    least_candidates = 3

    def score(self, candidates: Sequence[Candidate], task: Task) -> list[float]:
        """Of all together.

        Raises:
            ValueError: if the source has no labels.
        """
        source, target = source_predictions(candidates, task.name), target_predictions(candidates, task.name)
        return [float(value) for value in agreement_on_the_line(source, labels_of(candidates, task.name), target)]
