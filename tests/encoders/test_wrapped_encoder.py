"""Any module of the user's as an Encoder."""

import pytest
import torch
from acclimate.framework import EncoderInput
from acclimate.framework.encoders import MLP, as_encoder
from bits import assert_same_bits
from torch import Tensor, nn

EXAMPLE = torch.ones(2, 3, 5)


class Pair(nn.Module):
    """Returns no tensor."""

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """The inputs twice."""
        return inputs, inputs


def test_an_encoder_stays_as_it_is() -> None:
    encoder = MLP(in_features=4)
    assert as_encoder(encoder) is encoder


def test_takes_the_modules_own_length() -> None:
    assert as_encoder(nn.Linear(4, 9)).out_features == 9


def test_finds_the_length_by_a_dry_run() -> None:
    encoder = as_encoder(nn.Flatten(), example=EXAMPLE)
    assert encoder.out_features == 15
    assert_same_bits(encoder(EncoderInput(EXAMPLE)), torch.ones(2, 15))


def test_a_dry_run_leaves_the_module_as_it_was() -> None:
    frozen, trained = nn.BatchNorm1d(15).eval(), nn.BatchNorm1d(15)
    module = nn.Sequential(nn.Flatten(), frozen, trained, nn.Dropout())
    state = torch.random.get_rng_state()
    as_encoder(module, example=EXAMPLE)
    assert [layer.training for layer in module] == [True, False, True, True]
    assert trained.num_batches_tracked == 0
    assert_same_bits(torch.random.get_rng_state(), state)


def test_the_module_trains() -> None:
    linear = nn.Linear(4, 2)
    as_encoder(linear)(EncoderInput(torch.ones(1, 4))).sum().backward()
    assert linear.weight.grad is not None
    assert linear.weight.grad.all()


@pytest.mark.parametrize(
    ("module", "out_features", "example", "message"),
    [
        (nn.Flatten(), None, None, "Flatten must say its number of features"),
        (nn.Flatten(), 0, None, "out_features must be positive, but got 0"),
        (nn.Flatten(), 7, EXAMPLE, "Flatten must give 7 features, but gave 15"),
        (nn.ReLU(), None, EXAMPLE, r"ReLU must give a vector per sample, \(2, features\), .* shape \(2, 3, 5\)"),
        (nn.Flatten(0), None, EXAMPLE, r"Flatten must give a vector per sample, .* shape \(30,\)"),
        (nn.Flatten(0, 1), None, EXAMPLE, r"Flatten must give a vector per sample, .* shape \(6, 5\)"),
        (Pair(), None, EXAMPLE, "Pair must return a tensor, but returned tuple"),
        (nn.Linear(4, 2), None, EXAMPLE, r"Linear does not take inputs of shape \(2, 3, 5\)"),
    ],
)
def test_refuses(module: nn.Module, out_features: int | None, example: Tensor | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        as_encoder(module, out_features, example)


def test_checks_what_the_module_gives_in_use() -> None:
    encoder = as_encoder(nn.Flatten(), out_features=6)
    with pytest.raises(ValueError, match="Flatten must give 6 features, but gave 15"):
        encoder(EncoderInput(EXAMPLE))
