"""What every encoder promises."""

import pytest
import torch
from encoders.encoder_cases import Case


@pytest.mark.parametrize("batch", [1, 2, 5])
@pytest.mark.parametrize("training", [True, False])
def test_gives_one_vector_per_sample(case: Case, batch: int, *, training: bool) -> None:
    encoder = case.make().train(training)
    for longer in (False, True):
        features = encoder(case.inputs(batch, longer=longer))
        assert features.shape == (batch, encoder.out_features)
        assert features.dtype == torch.float32
        assert features.isfinite().all()


def test_rows_are_independent_in_evaluation(case: Case) -> None:
    encoder = case.make().eval()
    inputs = case.inputs(5)
    others = inputs.clone()
    others[1:] *= 100
    with torch.no_grad():
        together = encoder(inputs)
        alone = torch.cat([encoder(inputs[row : row + 1]) for row in range(5)])
        beside_others = encoder(others)
    torch.testing.assert_close(alone, together, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(beside_others[:1], together[:1], atol=1e-5, rtol=1e-5)


def test_tells_samples_apart(case: Case) -> None:
    encoder = case.make().eval()
    with torch.no_grad():
        first, second = encoder(case.inputs(2))
    assert (first - second).norm() > 1e-3 * first.norm()


@pytest.mark.parametrize("batch", [1, 4])
def test_gradients_reach_every_parameter(case: Case, batch: int) -> None:
    encoder = case.make().train()
    with torch.no_grad():
        # Residual networks begin with some weights at zero, which hides others from the gradient.
        for weights in encoder.parameters():
            weights.add_(0.1 * torch.randn_like(weights))
    encoder(case.inputs(batch)).square().sum().backward()
    lost = [name for name, weights in encoder.named_parameters() if weights.grad is None or not weights.grad.any()]
    assert lost == []


def test_same_seed_gives_the_same_features(case: Case) -> None:
    def features() -> torch.Tensor:
        torch.manual_seed(3)
        encoder = case.make().train()
        made: torch.Tensor = encoder(case.inputs(4))
        made.sum().backward()
        return torch.cat([made.detach().flatten(), *(weights.grad.flatten() for weights in encoder.parameters())])

    assert torch.equal(features(), features())


def test_state_carries_all_that_was_learned(case: Case) -> None:
    learned, fresh = case.make(), case.make()
    fresh.load_state_dict(learned.state_dict())
    with torch.no_grad():
        assert torch.equal(fresh.eval()(case.inputs(3)), learned.eval()(case.inputs(3)))
