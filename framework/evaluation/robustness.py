r"""Relative and effective robustness: what is left of a model as its input gets worse.

Measures of MultiBench (Liang et al., NeurIPS Datasets and Benchmarks 2021) after Taori et al. (NeurIPS 2020), as its
code (eval_scripts/robustness.py) computes them. $f(\sigma)$ is the score at severity $\sigma$, higher being better, and
$\sigma$ runs from 0, the clean input, to 1, the worst. MultiBench also maps both measures to [0, 1] by the best and the
worst method beside it, which is not done here: a model's figure would change with the company it is in.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def relative_robustness(severities: Sequence[float], scores: Sequence[float]) -> float:
    r"""Area under the curve of scores over severities: how good the model is under corruption, on average.

    $\tau = \int_0^1 f(\sigma) \, d\sigma$, by trapezoids between the severities.

    Args:
        severities: rising, 0 first; the last one counts as $\sigma = 1$.
        scores: at these severities.

    Raises:
        ValueError: if there are less than two severities, they do not rise from 0, or scores are not as many.

    Example:
        >>> round(relative_robustness([0.0, 1.0, 2.0], [0.9, 0.7, 0.3]), 6)
        0.65
    """
    return _integrate(_to_sigma(severities), _to_scores(scores, severities))


def effective_robustness(severities: Sequence[float], scores: Sequence[float], baseline: Sequence[float]) -> float:
    r"""How much better the model withstands corruption than a baseline whose curve starts at the same clean score.

    $\rho = \int_0^1 f(\sigma) - \beta(\sigma) \, d\sigma$ with $\beta(\sigma) = b(\sigma) + f(0) - b(0)$, where $b$ is
    the baseline: late fusion in MultiBench, source-only here. Above 0, the model loses less than the baseline does.
    MultiBench's code sums over severities where this integrates, so that the value does not grow with their number.

    Args:
        severities: rising, 0 first; the last one counts as $\sigma = 1$.
        scores: of the model, at these severities.
        baseline: scores of the baseline, at the same ones.

    Raises:
        ValueError: if there are less than two severities, they do not rise from 0, or scores are not as many.

    Example:
        >>> round(effective_robustness([0.0, 1.0, 2.0], [0.9, 0.8, 0.7], baseline=[0.8, 0.5, 0.2]), 6)
        0.2
    """
    model, other = _to_scores(scores, severities), _to_scores(baseline, severities)
    return _integrate(_to_sigma(severities), model - (other + model[0] - other[0]))


def _to_sigma(severities: Sequence[float]) -> NDArray[np.float64]:
    sigma = np.asarray(severities, dtype=np.float64)
    if len(sigma) < 2 or sigma[0] != 0 or not (np.diff(sigma) > 0).all():
        raise ValueError(f"severities must be two or more that rise from 0, but got {list(severities)}.")
    scaled: NDArray[np.float64] = sigma / sigma[-1]
    return scaled


def _to_scores(scores: Sequence[float], severities: Sequence[float]) -> NDArray[np.float64]:
    found = np.asarray(scores, dtype=np.float64)
    if found.shape != (len(severities),):
        raise ValueError(f"scores must be as many as severities, {len(severities)}, but got {len(found)}.")
    return found


def _integrate(sigma: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    return float((np.diff(sigma) * (values[1:] + values[:-1]) / 2).sum())
