"""Properties that all weightings share, on Gram matrices alone. A new one adds its line to WEIGHTINGS."""

from collections.abc import Callable, Mapping

import pytest
import torch
from acclimate.adapters import (
    ClosedFormWeighting,
    EqualWeighting,
    GradientBalance,
    ParetoWeighting,
    PSDMatrix,
    TorchJDWeighting,
    Weighting,
)
from acclimate.framework import Representation, Term
from bits import assert_same_bits
from torch import Tensor


def torchjd(name: str) -> Weighting:
    return TorchJDWeighting(f"torchjd.aggregation.{name}").weighting


WEIGHTINGS: Mapping[str, Callable[[], Weighting]] = {
    "equal": EqualWeighting,
    "pareto": ParetoWeighting,
    "closed-form": ClosedFormWeighting,
    "torchjd-mgda": lambda: torchjd("MGDAWeighting"),
    "torchjd-upgrad": lambda: torchjd("UPGradWeighting"),
    "torchjd-imtl-g": lambda: torchjd("IMTLGWeighting"),
}


def draw(terms: int, width: int = 20, *, seed: int = 0) -> Tensor:
    """Gradients of so many terms in rows."""
    return torch.randn(terms, width, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def gram_of(gradients: Tensor) -> PSDMatrix:
    return gradients @ gradients.T


MATRICES: Mapping[str, PSDMatrix] = {
    "one term": gram_of(draw(1)),
    "two terms": gram_of(draw(2)),
    "seven terms": gram_of(draw(7)),
    "pulling together": gram_of(draw(3) + 2 * draw(1, seed=1)),
    "opposed": gram_of(torch.cat([draw(2), -0.5 * draw(2, seed=0) + 0.1 * draw(2, seed=1)])),
    "singular": gram_of(draw(5, 2)),
    "of lengths far apart": gram_of(draw(3) * torch.tensor([[1e-3], [1.0], [1e3]], dtype=torch.float64)),
    "with a term without gradient": gram_of(draw(3) * torch.tensor([[1.0], [0.0], [1.0]], dtype=torch.float64)),
}

each_weighting = pytest.mark.parametrize("make", WEIGHTINGS.values(), ids=list(WEIGHTINGS))
each_matrix = pytest.mark.parametrize("gram", MATRICES.values(), ids=list(MATRICES))


@each_weighting
@each_matrix
def test_a_finite_weight_for_each_term(make: Callable[[], Weighting], gram: PSDMatrix) -> None:
    weights = make()(gram)
    assert weights.shape == (len(gram),)
    assert weights.dtype == gram.dtype
    assert weights.isfinite().all()
    assert weights.sum() > 0


@each_weighting
@each_matrix
def test_terms_may_come_in_any_order(make: Callable[[], Weighting], gram: PSDMatrix) -> None:
    order = torch.randperm(len(gram), generator=torch.Generator().manual_seed(1))
    shuffled = gram[order][:, order]
    assert_same_sum(shuffled, make()(shuffled), make()(gram)[order])


@each_weighting
@each_matrix
@pytest.mark.parametrize("scale", [1e-6, 1e4])
def test_the_scale_of_all_gradients_makes_no_difference(
    make: Callable[[], Weighting], gram: PSDMatrix, scale: float
) -> None:
    assert_same_sum(gram, make()(scale * gram), make()(gram))


def assert_same_sum(gram: PSDMatrix, found: Tensor, expected: Tensor) -> None:
    """The sums of gradients by these weights are equal, within a thousandth of the longest gradient.

    TorchJD solves to a tolerance; and where gradients depend on each other, several weights give the same sum.
    """
    difference = found - expected
    assert (difference @ gram @ difference).clamp(min=0.0).sqrt() <= 1e-3 * gram.diagonal().max().sqrt()


@each_weighting
@pytest.mark.parametrize("terms", [1, 4])
def test_gradients_of_one_length_at_right_angles_weigh_the_same(make: Callable[[], Weighting], terms: int) -> None:
    weights = make()(0.5 * torch.eye(terms, dtype=torch.float64))
    torch.testing.assert_close(weights, weights.mean().expand(terms))


@each_weighting
def test_asking_changes_nothing(make: Callable[[], Weighting]) -> None:
    gram = MATRICES["seven terms"].clone()
    weighting = make()
    first = weighting(gram)
    assert_same_bits(gram, MATRICES["seven terms"])
    assert_same_bits(weighting(gram), first)


# From weights to the sum: what GradientBalance does with them.


class Two(Weighting):
    """Two for each term, in a shape that is right or wrong."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, gram: PSDMatrix, /) -> Tensor:
        """Twos that hang on the matrix's graph, if it has any."""
        return 2.0 + 0.0 * gram.sum().expand(self.shape)


def make_terms() -> tuple[dict[str, Term], dict[Representation, Tensor]]:
    features = draw(4, 3).requires_grad_()
    terms = {"a": Term(features.square().sum()), "b": Term(features.sum(), weight=3.0)}
    return terms, {("source", "audio"): features}


def test_weights_are_constants_and_come_beside_the_terms_own() -> None:
    terms, representations = make_terms()
    total = GradientBalance(Two(2))(terms, representations)
    torch.testing.assert_close(total, 2 * terms["a"].value + 6 * terms["b"].value)
    (features,) = representations.values()
    (found,) = torch.autograd.grad(total, features)
    torch.testing.assert_close(found, 4 * features.detach() + 6)


def test_no_weighting_is_asked_of_terms_without_a_gradient() -> None:
    terms = {"a": Term(torch.tensor(1.0)), "b": Term(torch.tensor(3.0))}
    torch.testing.assert_close(GradientBalance(Two(2))(terms, {}), torch.tensor(2.0))


@pytest.mark.parametrize("shape", [(2, 1), (1,), ()])
def test_refuses_weights_that_are_not_one_for_each_term(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"Two must give weights of the shape \(2,\), one for each term, but got"):
        GradientBalance(Two(*shape))(*make_terms())
