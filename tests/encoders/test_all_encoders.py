"""What every encoder promises, in torch and in ONNX Runtime."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from acclimate.adapters import LateSum
from acclimate.exporters import Session, export_onnx
from acclimate.framework import Encoder, EncoderInput, MultimodalModel, Schema, Task
from acclimate.framework.data.preprocessing import FeaturesPreprocessing
from acclimate.framework.encoders import MLP
from acclimate.framework.encoders.trunk_cache import TrunkCache
from acclimate.framework.interfaces import TrunkEncoder
from acclimate.framework.training.torch_predictor import TorchPredictor
from encoders.encoder_cases import CASES, Case
from numpy.typing import NDArray
from torch import Tensor

ENCODERS = {name: case.make() for name, case in CASES.items()}
MASKED = sorted(name for name, encoder in ENCODERS.items() if encoder.time_axis is not None)
FROZEN = sorted(
    name for name, encoder in ENCODERS.items() if isinstance(encoder, TrunkEncoder) and encoder.frozen is not None
)
TASKS = (Task("label", ("no", "maybe", "yes")),)
# Operators that ONNX Runtime computes slowly or inexactly, or on the CPU alone.
UNWANTED = {"STFT", "DFT", "Loop", "Scan", "If"}


@pytest.fixture(params=MASKED)
def masked(request: pytest.FixtureRequest) -> Case:
    """One of the cases whose encoder tells padding from data."""
    return CASES[request.param]


def some_lengths(case: Case, rows: int) -> Tensor:
    """Different ones, the shortest of a single step and the longest of all."""
    return torch.linspace(case.preprocessing.shape[case.axis - 1], 1, rows).to(torch.int64)


def spoil(inputs: Tensor, lengths: Tensor, axis: int, value: float) -> Tensor:
    """The inputs with something else behind each row's end; a token that there is where they are token ids."""
    spoilt = inputs.clone()
    for row, length in enumerate(lengths.tolist()):
        padding = spoilt[row].narrow(axis - 1, length, spoilt.shape[axis] - length)
        padding.fill_(value if spoilt.is_floating_point() else int(inputs.max()))
    return spoilt


@pytest.mark.parametrize("batch", [1, 2, 5])
@pytest.mark.parametrize("training", [True, False])
def test_gives_one_vector_per_sample(case: Case, batch: int, *, training: bool) -> None:
    encoder = case.make().train(training)
    for steps in case.lengths:
        features = encoder(EncoderInput(case.inputs(batch, steps=steps)))
        assert features.shape == (batch, encoder.out_features)
        assert features.dtype == torch.float32
        assert features.isfinite().all()


def test_rows_are_independent_in_evaluation(case: Case) -> None:
    encoder = case.make().eval()
    inputs = case.inputs(5)
    others = torch.cat([inputs[:1], case.inputs(4, seed=1)])
    with torch.no_grad():
        together = encoder(EncoderInput(inputs))
        alone = torch.cat([encoder(EncoderInput(inputs[row : row + 1])) for row in range(5)])
        beside_others = encoder(EncoderInput(others))
    torch.testing.assert_close(alone, together, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(beside_others[:1], together[:1], atol=1e-5, rtol=1e-5)


def test_tells_samples_apart(case: Case) -> None:
    encoder = case.make().eval()
    with torch.no_grad():
        first, second = encoder(EncoderInput(case.inputs(2)))
    assert (first - second).norm() > 1e-3 * first.norm()


@pytest.mark.parametrize("batch", [1, 4])
def test_gradients_reach_every_trainable_parameter_and_no_frozen_one(case: Case, batch: int) -> None:
    encoder = case.make().train()
    with torch.no_grad():
        # Residual networks begin with some weights at zero, which hides others from the gradient.
        for weights in encoder.parameters():
            weights.add_(0.1 * torch.randn_like(weights))
    encoder(EncoderInput(case.inputs(batch))).square().sum().backward()
    reached = {name for name, weights in encoder.named_parameters() if weights.grad is not None and weights.grad.any()}
    assert reached == {name for name, weights in encoder.named_parameters() if weights.requires_grad}
    assert reached


def test_same_seed_gives_the_same_features(case: Case) -> None:
    def features() -> torch.Tensor:
        torch.manual_seed(3)
        encoder = case.make().train()
        made: torch.Tensor = encoder(EncoderInput(case.inputs(4)))
        made.sum().backward()
        gradients = [weights.grad.flatten() for weights in encoder.parameters() if weights.grad is not None]
        return torch.cat([made.detach().flatten(), *gradients])

    assert torch.equal(features(), features())


def test_state_carries_all_that_was_learned(case: Case) -> None:
    learned, fresh = case.make(), case.make()
    fresh.load_state_dict(learned.state_dict())
    with torch.no_grad():
        assert torch.equal(fresh.eval()(EncoderInput(case.inputs(3))), learned.eval()(EncoderInput(case.inputs(3))))


def test_lengths_follow_the_axis_of_the_preprocessing(masked: Case) -> None:
    assert masked.make().time_axis == masked.axis


@pytest.mark.parametrize("training", [True, False])
def test_what_stands_in_the_padding_reaches_nothing(masked: Case, *, training: bool) -> None:
    encoder, lengths = masked.make().train(training), some_lengths(masked, 4)
    found = []
    for value in (0.0, torch.nan, torch.inf, 1e30):
        torch.manual_seed(0)
        encoder.zero_grad()
        features = encoder(EncoderInput(spoil(masked.inputs(4), lengths, masked.axis, value), lengths))
        features.sum().backward()
        gradients = [weights.grad.flatten() for weights in encoder.parameters() if weights.grad is not None]
        found.append(torch.cat([features.detach().flatten(), *gradients]))
    assert found[0].isfinite().all()
    assert all(torch.equal(one, found[0]) for one in found[1:])


def test_a_padded_row_is_encoded_as_it_is_alone(masked: Case) -> None:
    encoder, inputs, lengths = masked.make().eval(), masked.inputs(4), some_lengths(masked, 4)
    longer = torch.cat([inputs, inputs], dim=masked.axis)
    with torch.no_grad():
        together, padded_more = encoder(EncoderInput(inputs, lengths)), encoder(EncoderInput(longer, lengths))
        alone = torch.cat(
            [
                encoder(EncoderInput(inputs[row : row + 1].narrow(masked.axis, 0, length)))
                for row, length in enumerate(lengths.tolist())
            ]
        )
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(padded_more, together, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", FROZEN)
def test_a_cached_trunk_and_its_top_make_the_whole(name: str, tmp_path: Path) -> None:
    case, cache = CASES[name], TrunkCache(tmp_path)
    encoder = case.make().eval()
    assert isinstance(encoder, TrunkEncoder)
    lengths = None if encoder.time_axis is None else some_lengths(case, 3)
    steps = None if lengths is None else encoder.steps(lengths)
    with torch.no_grad():
        expected = encoder(EncoderInput(case.inputs(3), lengths))
        for _ in ("computed", "read"):
            found = encoder.top(EncoderInput(cache.activations(encoder, case.inputs(3), lengths), steps))
            torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


def test_the_model_trains_on_rows_some_of_which_lack_the_modality(case: Case) -> None:
    model, inputs = _model(case.make()), case.inputs(3)
    if inputs.is_floating_point():
        inputs[1] = torch.nan
    present = torch.tensor([[True, True], [False, True], [True, True]])
    others = torch.randn(3, 4)
    outputs = model({"it": inputs, "other": others}, present)
    assert not outputs.features["it"][1].any()
    outputs.logits["label"]["joint"].sum().backward()
    gradients = [weights.grad for weights in model.parameters() if weights.grad is not None]
    assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.exported])
def test_agrees_with_torch_each_time_that_it_is_exported(name: str, tmp_path: Path) -> None:
    """`export_onnx` itself compares at other batch sizes and lengths, with NaN in absent slots."""
    case = CASES[name]
    for attempt in ("first", "second"):
        model = _model(case.make())
        export_onnx(model, tmp_path / attempt, _schema(case), form="mask")  # whose graph has no branch of its own
        session, predict = Session(tmp_path / attempt), TorchPredictor(model)
        for batch, steps in _shapes(case):
            inputs = {"it": case.inputs(batch, steps=steps, seed=1).numpy(), "other": np.ones((batch, 4), np.float32)}
            lengths = _own_lengths(case, inputs["it"])
            expected = predict(inputs, np.ones((batch, 2), dtype=np.bool_), lengths)["label"]["joint"]
            found = session.run(inputs, lengths=lengths)["logits"]
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    operators = {node.op_type for node in onnx.load(tmp_path / "second" / "model.onnx").graph.node}
    assert operators & UNWANTED == set()


def _model(encoder: Encoder) -> MultimodalModel:
    return MultimodalModel({"it": encoder, "other": MLP(in_features=4, hidden=())}, TASKS, LateSum())


def _schema(case: Case) -> Schema:
    return Schema({"it": case.preprocessing, "other": FeaturesPreprocessing(mean=(0.0,) * 4, std=(1.0,) * 4)}, TASKS)


def _shapes(case: Case) -> list[tuple[int, int | None]]:
    """Batch sizes and steps: others than the preprocessing's only where the graph is told lengths."""
    steps = (None,) if case.make().time_axis is None else case.lengths
    return [(batch, number) for number in steps for batch in (1, 4)]


def _own_lengths(case: Case, rows: NDArray[Any]) -> dict[str, NDArray[np.int64]]:
    if case.make().time_axis is None:
        return {}
    return {"it": np.maximum(1, rows.shape[case.axis] - 2 * np.arange(len(rows))).astype(np.int64)}
