r"""The most likely labels, given what several raters say and how each of them errs.

Dawid and Skene, "Maximum likelihood estimation of observer error-rates using the EM algorithm" (1979,
https://doi.org/10.2307/2346806). Each rater r has a confusion matrix of its own, and raters err independently of each
other where the true class is known:

.. math:: p(v, y) = \prod_n p_{y_n} \prod_r \pi^{(r)}_{y_n v_{rn}}

Raters that share an error are not independent, and what they claim together is then too sure.
"""

from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..arguments import check_not_negative, check_positive
from .opinion import Probabilities, Votes
from .votes import expected_accuracy, find_patterns, vote_shares


@attrs.frozen(kw_only=True)
class Settings:
    """How `dawid_skene` is fitted.

    Args:
        right: times that each rater is taken to have called each class by its name before any vote is seen.
        wrong: times that each rater is taken to have called each class by each of the other names. `right` and `wrong`
            are a Dirichlet prior of the confusions, less 1; without them, one vote more or less can be certain.
        classes: times that each class is taken to have been seen, a Dirichlet prior of the classes, less 1.
        tolerance: EM ends where the posterior moves less than this, mean over the rows.
        iterations: EM ends after so many at the latest.

    Raises:
        ValueError: if a count is negative, or `wrong`, the tolerance or the iterations are not positive.
    """

    right: float = 1.0
    wrong: float = 0.1
    classes: float = 1.0
    tolerance: float = 1e-6
    iterations: int = 500

    def __attrs_post_init__(self) -> None:
        """Refuse what is out of range."""
        check_not_negative(right=self.right, classes=self.classes)
        # A confusion of 0 would make a row impossible that two sure raters call by different names.
        check_positive(wrong=self.wrong, tolerance=self.tolerance, iterations=self.iterations)


@attrs.frozen(eq=False)
class DawidSkene:
    """What EM found.

    Args:
        class_prior: `(C,)`, how often each class occurs.
        confusions: `(R, C, C)`, by rater: the share of each class (rows) that it calls by each name (columns).
        posterior: `(N, C)`, how likely each class is of each row.
        accuracies: `(R,)`, how often each rater is right where it votes, by the posterior; NaN where it never votes.
        log_likelihood: of all votes, in nats.
        iterations: of EM.
    """

    class_prior: Probabilities
    confusions: Probabilities
    posterior: Probabilities
    accuracies: NDArray[np.float64]
    log_likelihood: float
    iterations: int


def dawid_skene(
    votes: Votes,
    classes: int,
    *,
    start: Probabilities | None = None,
    weights: NDArray[np.number[Any]] | None = None,
    settings: Settings | None = None,
) -> DawidSkene:
    """Estimate the true classes and each rater's confusions, by EM.

    Rows of the same votes are one row with their weight in all that is computed; the result is the same.

    Args:
        votes: `(R, N)`, from 0 to `classes` - 1, and -1 where a rater abstains.
        classes: C, at least 2.
        start: `(N, C)`, what EM begins from, such as a mean softmax; each row's shares of votes if None. EM finds the
            nearest summit, so a bad start is a bad end.
        weights: `(N,)`, how often each row counts, such as how often a bootstrap drew it; once if None.
        settings: prior and end.

    Raises:
        ValueError: if a vote is out of range, a shape does not fit, or no row has a vote and a weight.

    Example:
        >>> votes = np.array([[0, 0, 1, 1, 1], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [1, 1, 0, -1, 0]])
        >>> found = dawid_skene(votes, classes=2)
        >>> found.posterior.argmax(axis=1), found.accuracies.round(1)
        (array([0, 0, 1, 1, 1]), array([1. , 1. , 0.8, 0. ]))
    """
    settings = settings or Settings()
    counted = _check(votes, classes, start, weights)
    begun = vote_shares(votes, classes) if start is None else start
    patterns, positions = find_patterns(votes)
    kinds = patterns.shape[1]
    counts = np.bincount(positions, weights=counted, minlength=kinds).astype(np.float64)
    columns = [np.bincount(positions, weights=counted * column, minlength=kinds) for column in begun.T]
    iterations = _iterate(patterns, counts, np.stack(columns, axis=1), settings)
    number, last = next(
        (number, one)
        for number, one in enumerate(iterations, start=1)
        if one.moved <= settings.tolerance or number >= settings.iterations
    )
    posterior = last.posterior[positions]
    accuracies = np.array([expected_accuracy(posterior, rater, counted) for rater in votes])
    return DawidSkene(last.prior, last.confusions, posterior, accuracies, last.log_likelihood, number)


@attrs.frozen(eq=False)
class _Iteration:
    """One of EM: the most likely parameters, the posterior under them, `(P, C)`, and how far it moved."""

    prior: Probabilities
    confusions: Probabilities
    posterior: Probabilities
    log_likelihood: float
    moved: float


def _iterate(
    votes: Votes, counts: NDArray[np.float64], expected: Probabilities, settings: Settings
) -> Iterator[_Iteration]:
    """EM over patterns of votes, one iteration after the other, without an end.

    Args:
        votes: `(R, P)`, by pattern.
        counts: `(P,)`, rows of each pattern.
        expected: `(P, C)`, rows of each pattern that are of each class, to begin with.
        settings: for the prior.
    """
    while True:
        prior, confusions = _most_likely(votes, expected, settings)
        log_joint = _log_joint(votes, prior, confusions)
        log_rows = _log_sum(log_joint)
        posterior = np.exp(log_joint - log_rows[:, np.newaxis])
        before, expected = expected, counts[:, np.newaxis] * posterior
        moved = float(np.abs(expected - before).sum() / (2 * counts.sum()))
        yield _Iteration(prior, confusions, posterior, float(counts @ log_rows), moved)


def _most_likely(votes: Votes, expected: Probabilities, settings: Settings) -> tuple[Probabilities, Probabilities]:
    """M step, equations (2.3) and (2.4), with the pseudo-counts of the prior.

    Args:
        votes: `(R, P)`, by pattern.
        expected: `(P, C)`, rows of each pattern that are of each class.
        settings: for the prior.
    """
    classes = expected.shape[1]
    prior = expected.sum(axis=0) + settings.classes
    before = settings.wrong + (settings.right - settings.wrong) * np.eye(classes)
    flat, column = expected.ravel(), np.arange(classes)
    counted = np.empty((len(votes), classes, classes))
    # Not as a product of matrices: BLAS would use, and wait for, all cores.
    for rater, named in enumerate(votes + 1):
        cells = (named[:, np.newaxis] * classes + column).ravel()
        by_name = np.bincount(cells, weights=flat, minlength=(classes + 1) * classes)
        # Names are moved up by one, and the first, abstention, is left out.
        counted[rater] = before + by_name.reshape(classes + 1, classes)[1:].T
    return prior / prior.sum(), counted / counted.sum(axis=2, keepdims=True)


def _log_joint(votes: Votes, prior: Probabilities, confusions: Probabilities) -> NDArray[np.float64]:
    """Logarithm of equation (2.5) before it is normalised, `(P, C)`: an abstention says nothing."""
    with np.errstate(divide="ignore"):
        logs = np.log(confusions).transpose(0, 2, 1)
        found = np.tile(np.log(prior), (votes.shape[1], 1))
    for named, by_name in zip(votes, logs, strict=True):
        found += np.vstack([by_name, np.zeros(len(prior))])[named]
    return found


def _log_sum(values: NDArray[np.float64]) -> NDArray[np.float64]:
    highest = values.max(axis=1)
    found: NDArray[np.float64] = highest + np.log(np.exp(values - highest[:, np.newaxis]).sum(axis=1))
    return found


def _check(
    votes: Votes, classes: int, start: Probabilities | None, weights: NDArray[np.number[Any]] | None
) -> NDArray[np.float64]:
    """Refuse what does not fit; the weights as numbers."""
    if votes.ndim != 2 or not votes.size:
        raise ValueError(f"votes must be of shape (raters, rows), at least one of each, but got {votes.shape}.")
    if classes < 2:
        raise ValueError(f"classes must be at least 2, but got {classes}.")
    wrong = votes[(votes < -1) | (votes >= classes)]
    if len(wrong):
        raise ValueError(f"votes must be from -1 to {classes - 1}, but got {wrong[0]}.")
    rows = votes.shape[1]
    if start is not None and start.shape != (rows, classes):
        raise ValueError(f"start must be of shape {(rows, classes)}, but got {start.shape}.")
    found = np.ones(rows) if weights is None else weights.astype(np.float64)
    if found.shape != (rows,) or not (found >= 0).all():
        raise ValueError(f"weights must be {rows} numbers of 0 or more, but got the shape {found.shape}.")
    if not ((votes >= 0).any(axis=0) & (found > 0)).any():
        raise ValueError("votes must be on one row at least that has a weight, but there is no such row.")
    return found
