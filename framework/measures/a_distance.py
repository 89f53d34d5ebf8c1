"""Proxy A-distance: how well a linear classifier tells domains apart (Ben-David et al., NeurIPS 2006, section 4)."""

import warnings
from typing import Final

import numpy as np

from ._checks import Features, check_sides

FOLDS: Final = 5


def proxy_a_distance(source: Features, target: Features, *, seed: int, folds: int = FOLDS) -> float:
    r"""From 0, where features do not tell the domains apart, to 2, where they always do.

    .. math:: \hat d_A = \max(0, \, 2 (1 - 2 \epsilon))

    with the error of a linear classifier that has not seen the sample (cross-validation). The error is the mean of both
    domains' errors, so that guessing gives 0 however unequal their sizes are. The classifier is a logistic regression,
    with scikit-learn's penalty, of features scaled to unit variance; the paper's is a linear one with Huber's loss.

    Samples that resemble each other closely, such as windows of one recording, should not be spread over folds: they
    make the distance too large.

    Args:
        source: `(N, d)`.
        target: `(M, d)`.
        seed: of the folds.
        folds: at most; no more than the smaller domain has samples.

    Raises:
        ValueError: if features are not finite, not equally wide or fewer than two rows, or there are fewer than two
            folds.

    Example:
        >>> generator = np.random.default_rng(0)
        >>> source = generator.normal(size=(50, 3))
        >>> proxy_a_distance(source, source + 100, seed=0), proxy_a_distance(source, source, seed=0)
        (2.0, 0.0)
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    check_sides(source, target, rows=2)
    if folds < 2:
        raise ValueError(f"folds must be at least 2, but got {folds}.")
    features = np.concatenate([source, target]).astype(np.float64)
    is_target = np.repeat([False, True], [len(source), len(target)])
    parts = StratifiedKFold(min(folds, len(source), len(target)), shuffle=True, random_state=seed)
    classifier = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=1000))
    with warnings.catch_warnings():
        # One that has not converged is a linear classifier all the same, and its error is what is asked for.
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = cross_val_predict(classifier, features, is_target, cv=parts)
    error = 1 - float(balanced_accuracy_score(is_target, found))
    return max(0.0, 2 * (1 - 2 * error))
