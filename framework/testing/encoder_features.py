"""What Encoders promise of features: a vector for each row, which depends on that row alone and on all weights."""

from typing import Final

import torch
from torch import Tensor, nn

from ..batch import EncoderInput, Outputs
from ..interfaces import Encoder, Fused, Fusion
from ..layout import DomainSide
from ..model import MultimodalModel
from ..tensors.seeded import seeded
from .broken_promise import BrokenPromiseError, difference
from .encoder_case import EncoderCase, weight_gradients
from .layouts import DIGIT

SIDES: Final[tuple[DomainSide, ...]] = ("source", "target")

ROUNDING: Final = (1e-5, 1e-5)
"""Tolerances of features that are computed in batches of other shapes."""


def check_features(case: EncoderCase) -> None:
    """One finite float32 vector of `out_features` numbers for each row, of batches and steps of any number."""
    for training in (True, False):
        encoder = case.make(training=training)
        for rows in (1, 2, 5):
            if training and rows < case.least_rows:
                continue
            for values in _lengths(case, rows):
                for side in SIDES:
                    features = case.encode(encoder, values, domain_side=side)
                    _check_vectors(case, features, encoder.out_features, values)


def _lengths(case: EncoderCase, rows: int) -> list[Tensor]:
    if case.time_axis is None:
        return [case.inputs[:rows]]
    steps = case.inputs.shape[case.time_axis]
    return [case.stretched(rows, number) for number in (steps, steps // 2 + 1, 2 * steps + 1)]


def _check_vectors(case: EncoderCase, features: Tensor, width: int, values: Tensor) -> None:
    where = f"of inputs {tuple(values.shape)}"
    if features.shape != (len(values), width):
        raise BrokenPromiseError(
            f"{case.name}: features {where} must be of shape {(len(values), width)}, since out_features is {width}, "
            f"but are of {tuple(features.shape)}."
        )
    if features.dtype != torch.float32:
        raise BrokenPromiseError(f"{case.name}: features {where} must be torch.float32, but are {features.dtype}.")
    if not features.isfinite().all():
        raise BrokenPromiseError(f"{case.name}: features {where} are not finite.")


@torch.no_grad()
def check_rows_alone(case: EncoderCase) -> None:
    """In evaluation, a row's features do not depend on its batch."""
    encoder = case.make()
    together = case.encode(encoder, case.inputs[:5])
    for row in range(5):
        changed = difference(case.encode(encoder, case.inputs[[row]]), together[[row]], ROUNDING)
        if changed:
            raise BrokenPromiseError(f"{case.name}: the features of row {row} change when it is alone: {changed}.")


@torch.no_grad()
def check_tells_apart(case: EncoderCase) -> None:
    """Different rows have different features."""
    first, second = case.encode(case.make(), case.inputs[:2])
    distance, norm = (first - second).norm().item(), first.norm().item()
    if distance <= 1e-3 * norm:
        raise BrokenPromiseError(
            f"{case.name}: does not tell two rows apart: their features are at a distance of {distance:.4g}, of a norm "
            f"of {norm:.4g}."
        )


def check_weights(case: EncoderCase) -> None:
    """The gradient reaches every weight that trains, on one side at least, and no frozen one."""
    for rows in (case.least_rows, 4):
        encoder = case.make(training=True)
        with seeded(0), torch.no_grad():
            # Residual networks begin with some weights at zero, which hides others from the gradient.
            for weights in encoder.parameters():
                weights.add_(0.1 * torch.randn_like(weights))
        for side in SIDES:
            torch.autograd.backward(case.encode(encoder, case.inputs[:rows], domain_side=side).square().sum())
        for name, weights in encoder.named_parameters():
            reached = weights.grad is not None and bool(weights.grad.any())
            if reached != weights.requires_grad:
                rule = "trains" if weights.requires_grad else "is frozen"
                found = "reaches" if reached else "does not reach"
                raise BrokenPromiseError(f"{case.name}: the weight {name} {rule}, but the gradient {found} it.")
        if not len(weight_gradients(encoder)):
            raise BrokenPromiseError(f"{case.name}: the gradient reaches no weight.")


def check_same_seed(case: EncoderCase) -> None:
    """The same seed gives the same weights, features and gradients, bit by bit."""
    found = []
    for _ in ("first", "second"):
        encoder = case.make(training=True)
        with seeded(3):
            features = case.encode(encoder, case.inputs[:4])
            torch.autograd.backward(features.sum())
        found.append(torch.cat([features.detach().flatten(), weight_gradients(encoder)]))
    if not torch.equal(*found):
        changed = difference(found[1], found[0], (0.0, 0.0))
        raise BrokenPromiseError(f"{case.name}: the same seed gives other features or gradients: {changed}.")


@torch.no_grad()
def check_state(case: EncoderCase) -> None:
    """`state_dict` carries all that was learnt."""
    learnt, fresh = case.make(), case.make(seed=1)
    fresh.load_state_dict(learnt.state_dict())
    expected, found = case.encode(learnt, case.inputs[:3]), case.encode(fresh, case.inputs[:3])
    if not torch.equal(expected, found):
        changed = difference(found, expected, (0.0, 0.0))
        raise BrokenPromiseError(f"{case.name}: its state_dict does not carry all that it has learnt: {changed}.")


class _Sum(Fusion):
    """The sum of logits; joint features are those of the first modality."""

    def forward(self, outputs: Outputs, present: Tensor, domain_side: DomainSide) -> Fused:
        """Add."""
        logits = {task: torch.stack([*by_name.values()]).sum(dim=0) for task, by_name in outputs.logits.items()}
        return Fused(next(iter(outputs.features.values())), logits)


class _Linear(Encoder):
    """A second modality, beside the one that is tried."""

    def __init__(self) -> None:
        super().__init__()
        self.out_features = 3
        self.layer = nn.Linear(4, 3)

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Encode."""
        features: Tensor = self.layer(inputs.values)
        return features


def check_lost_rows(case: EncoderCase) -> None:
    """A model with it trains on rows some of which lack the modality, NaN standing in their place."""
    with seeded(0):
        model = MultimodalModel({"it": case.make(training=True), "other": _Linear()}, (DIGIT,), _Sum())
    inputs = case.inputs[:3].clone()
    if inputs.is_floating_point():
        inputs[1] = torch.nan
    present = torch.tensor([[True, True], [False, True], [True, True]])
    outputs = model({"it": inputs, "other": torch.ones(3, 4)}, present)
    torch.autograd.backward(outputs.joint_logits(DIGIT.name).sum())
    for name, weights in model.named_parameters():
        if weights.grad is not None and not weights.grad.isfinite().all():
            raise BrokenPromiseError(
                f"{case.name}: the gradient of {name} is not finite in a batch of which a row lacks the modality."
            )
