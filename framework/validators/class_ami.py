"""ClassAMI: whether the clusters of the features are the predicted classes.

Musgrave et al., "Three new validators and a large-scale benchmark ranking for unsupervised domain adaptation" (2022,
https://arxiv.org/abs/2208.07360): adjusted mutual information (Vinh et al., JMLR 2010,
https://jmlr.org/papers/v11/vinh10a.html) of the predicted classes and of k-means with as many clusters as classes.
"""

import numpy as np
from jaxtyping import Float, Int64
from torch import Tensor

from ..errors import RunError
from ..layout import JOINT, Task
from .validator import Candidate, EachAlone


def class_ami(
    features: Float[Tensor, "samples width"], predicted: Int64[Tensor, " samples"], classes: int, seed: int = 0
) -> float:
    """1 where clusters and predicted classes are the same partition, about 0 where they agree by chance.

    Args:
        features: that are clustered.
        predicted: class of each row.
        classes: number of clusters; with fewer rows, as many as rows.
        seed: of the clusters' first centres.

    Raises:
        RunError: if scikit-learn is not installed.

    Example:
        >>> import torch
        >>> features, predicted = torch.tensor([[0.0], [0.1], [9.0], [9.1]]), torch.tensor([1, 1, 0, 0])
        >>> round(class_ami(features, predicted, classes=2), 4)
        1.0
    """
    try:
        from sklearn.cluster import KMeans
        from sklearn.metrics import adjusted_mutual_info_score
    except ImportError as error:
        raise RunError("class_ami needs scikit-learn: pip install 'acclimate[report]'") from error
    distinct = len(np.unique(features, axis=0))
    clusters = KMeans(min(classes, distinct), n_init=10, random_state=seed).fit_predict(features.double().numpy())
    return float(adjusted_mutual_info_score(predicted.numpy(), clusters))


class ClassAMI(EachAlone):
    """`class_ami` of the joint features and the joint predictions on the target. Needs scikit-learn (extra `report`).

    Args:
        seed: of the clusters' first centres.

    Example:
        >>> ClassAMI().comparable
        False
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def score_one(self, candidate: Candidate, task: Task) -> float:
        """Of one model."""
        features, logits = candidate.both[1].outputs.features[JOINT], candidate.target_logits(task.name)
        return class_ami(features, logits.argmax(dim=1), logits.shape[1], self.seed)
