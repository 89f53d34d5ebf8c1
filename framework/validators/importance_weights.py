r"""How much likelier rows of the source are on the target, by a classifier of domains.

Bickel et al., "Discriminative learning for differing training and test distributions" (ICML 2007,
https://doi.org/10.1145/1273496.1273507), as DEV computes them (You et al., ICML 2019, equation 6,
https://proceedings.mlr.press/v97/you19a.html): with the probability d of a row of being the target's,

.. math:: w(x) = \frac{n_S}{n_T} \cdot \frac{d(x)}{1 - d(x)}
"""

import torch
from jaxtyping import Float
from torch import Tensor

from ..batch import Side
from ..layout import JOINT
from .logistic_regression import fit_logistic_regression
from .validator import Candidate


def importance_weights(
    source: Float[Tensor, "source width"], target: Float[Tensor, "target width"]
) -> Float[Tensor, " source"]:
    """Weights of the source's rows, mean about 1 where the target lies within the source.

    The classifier is a logistic regression, each domain's rows together counting alike. DEV's authors train a network
    of two layers on the source's training rows; here the rows are those that are scored, and the penalty keeps the
    classifier from knowing them by heart. Where domains can be told apart without error, all weights are about 0.

    Example:
        >>> generator = torch.Generator().manual_seed(0)
        >>> source, target = (torch.randn(400, 2, generator=generator) + shift for shift in (0.0, 1.0))
        >>> weights = importance_weights(source, target)
        >>> bool(weights[source[:, 0] > 1].mean() > 1 > weights[source[:, 0] < 0].mean())
        True
    """
    features = torch.cat([source, target])
    domains = torch.arange(len(features)) >= len(source)
    shares = torch.where(domains, len(features) / (2 * len(target)), len(features) / (2 * len(source)))
    logits = fit_logistic_regression(features, domains.long(), 2, shares.double()).logits(source)
    # Each domain counts alike, so the odds already are those of domains of one size.
    return (logits[:, 1] - logits[:, 0]).exp()


def candidate_weights(candidate: Candidate) -> Float[Tensor, " source"]:
    """`importance_weights` of the source's validation rows, by a candidate's joint features."""

    def features(side: Side) -> Tensor:
        return side.outputs.features[JOINT].double()

    source, target = candidate.both
    return importance_weights(features(source), features(target))
