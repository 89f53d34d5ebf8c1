"""A weighting of competing terms that is not ours: written in four lines, tested on matrices, named in a recipe."""

from pathlib import Path

import pytest
import torch
from acclimate.adapters import GradientBalance, PSDMatrix, Weighting
from acclimate.framework import Builder, read_recipe
from acclimate.framework.testing import make_batch, make_schema
from torch import Tensor

RECIPE = """
extends: boomda
name: boomda-by-length
balancers:
  alignment:
    balancer:
      class_path: acclimate.adapters.GradientBalance
      init_args: {weighting: {class_path: uses.test_weighting.ByLength, init_args: {power: -1.0}}}
"""


class ByLength(Weighting):
    """Each term by a power of its gradient's length."""

    def __init__(self, power: float = -1.0) -> None:
        super().__init__()
        self.power = power

    def forward(self, gram: PSDMatrix, /) -> Tensor:
        """The lengths to that power, scaled to the sum 1."""
        powers = gram.diagonal().sqrt() ** self.power
        return powers / powers.sum()


def draw_gram(terms: int) -> Tensor:
    gradients = torch.randn(terms, 7, generator=torch.Generator().manual_seed(terms))
    return gradients @ gradients.T


def test_by_hand() -> None:
    torch.testing.assert_close(ByLength()(torch.tensor([[1.0, 0.5], [0.5, 9.0]])), torch.tensor([0.75, 0.25]))


@pytest.mark.parametrize("terms", [1, 2, 5])
def test_on_matrices_alone(terms: int) -> None:
    gram, order = draw_gram(terms), torch.randperm(terms, generator=torch.Generator().manual_seed(0))
    weights = ByLength()(gram)
    torch.testing.assert_close(ByLength()(gram[order][:, order]), weights[order])
    torch.testing.assert_close(ByLength()(100.0 * gram), weights)


def test_a_recipe_names_it(tmp_path: Path) -> None:
    path = tmp_path / "boomda-by-length.yaml"
    path.write_text(RECIPE, encoding="utf-8")
    method = Builder(read_recipe(path)).build(make_schema())
    balance = method.groups["alignment"].balancer
    assert isinstance(balance, GradientBalance)
    assert isinstance(balance.weighting, ByLength)
    losses = method.step(make_batch(), make_batch(labelled=False, seed=1))
    values = [losses.terms[f"coral/{name}"].value for name in ("audio", "image", "joint")]
    assert min(values) < losses.balanced["alignment"] / method.groups["alignment"].weight < max(values)
    torch.autograd.backward(losses.total)
    assert all(weight.grad is not None and weight.grad.any() for weight in method.model.encoders.parameters())
