"""Features of norm 1: in the model, and through the recipe."""

import torch
from acclimate.framework.tensors.unit_norm import SMALLEST_NORM, to_unit_norm

from .small import build, make_recipe


def test_a_recipe_can_ask_for_features_of_norm_one() -> None:
    for unit_norm in (False, True):
        model = build(make_recipe(model__unit_norm=unit_norm)).model
        present = torch.tensor([[True, True], [True, False], [True, True]])
        inputs = {"audio": torch.randn(3, 4), "video": torch.randn(3, 3)}
        features = model(inputs, present).features
        norms = torch.stack([features[name].norm(dim=1) for name in model.modalities], dim=1)
        assert torch.allclose(norms, present.float(), atol=1e-5) == unit_norm
        # A row without a modality has zeros, whatever the norm.
        assert norms[1, 1] == 0


def test_the_gradient_of_short_vectors_is_bounded() -> None:
    features = torch.zeros(3, 2, dtype=torch.float64)
    features[1, 0] = SMALLEST_NORM / 2
    features[2, 0] = 2 * SMALLEST_NORM
    features.requires_grad_()
    unit = to_unit_norm(features)
    (gradient,) = torch.autograd.grad(unit.sum(), features)
    torch.testing.assert_close(
        unit.detach().norm(dim=1),
        torch.tensor([0.0, SMALLEST_NORM / 2, 1.0], dtype=torch.float64),
        atol=1e-12,
        rtol=1e-5,
    )
    assert gradient.isfinite().all()
    assert gradient.abs().max() <= 1 / SMALLEST_NORM
