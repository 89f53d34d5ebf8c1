"""Multinomial logistic regression of features: the small classifier that some scores train.

Our own, since what depends on it is needed where scikit-learn is not: as many Newton-like steps as it takes (L-BFGS),
from 0, on features of unit variance. The problem is convex, so no number is drawn.
"""

from typing import Final

import attrs
import torch
from jaxtyping import Float, Int64
from torch import Tensor

PENALTY: Final = 1.0
"""On half the sum of squares of the weights, beside the sum of the rows' losses: scikit-learn's C = 1."""

STEPS: Final = 200
"""Of L-BFGS at most."""


@attrs.frozen(eq=False)
class LogisticRegression:
    """Weights of a linear classifier.

    Args:
        mean: of the features it was fitted on, `(d,)`.
        scale: their standard deviations, 1 where a feature does not vary.
        weight: `(d, C)`.
        bias: `(C,)`.
    """

    mean: Float[Tensor, " width"]
    scale: Float[Tensor, " width"]
    weight: Float[Tensor, "width classes"]
    bias: Float[Tensor, " classes"]

    def logits(self, features: Float[Tensor, "samples width"]) -> Float[Tensor, "samples classes"]:
        """Logits of rows."""
        return (features.double() - self.mean) / self.scale @ self.weight + self.bias


@torch.enable_grad()
def fit_logistic_regression(
    features: Float[Tensor, "samples width"],
    labels: Int64[Tensor, " samples"],
    classes: int,
    row_weights: Float[Tensor, " samples"] | None = None,
) -> LogisticRegression:
    """Fit the classifier that is most likely, less `PENALTY`.

    Args:
        features: of the rows; they are scaled to unit variance.
        labels: classes.
        classes: how many there are.
        row_weights: how much each row counts; once if None.

    Example:
        >>> features, labels = torch.tensor([[0.0], [1.0], [10.0], [11.0]]), torch.tensor([0, 0, 1, 1])
        >>> fit_logistic_regression(features, labels, classes=2).logits(features).argmax(dim=1).tolist()
        [0, 0, 1, 1]
    """
    values = features.detach().double()
    mean, scale = values.mean(dim=0), values.std(dim=0, correction=0)
    scale = torch.where(scale > 0, scale, 1.0)
    scaled = (values - mean) / scale
    weight = torch.zeros(values.shape[1], classes, dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(classes, dtype=torch.float64, requires_grad=True)
    counts = torch.ones(len(values), dtype=torch.float64) if row_weights is None else row_weights.double()
    optimizer: torch.optim.Optimizer = torch.optim.LBFGS(
        [weight, bias], max_iter=STEPS, line_search_fn="strong_wolfe", tolerance_change=1e-10
    )

    def loss() -> float:
        optimizer.zero_grad()
        losses = torch.nn.functional.cross_entropy(scaled @ weight + bias, labels, reduction="none")
        # Over the number of rows, so that steps are of one size whatever their number.
        value = ((counts * losses).sum() + PENALTY / 2 * weight.square().sum()) / len(values)
        torch.autograd.backward(value)
        return value.item()

    optimizer.step(loss)
    return LogisticRegression(mean, scale, weight.detach(), bias.detach())
