"""The LSTM of rows of different lengths, against torch's own on each row alone, and in ONNX Runtime."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from acclimate.framework.encoders import MaskedLSTM
from torch import Tensor

LENGTHS = torch.tensor([6, 1, 9, 4])
SHAPES = pytest.mark.parametrize(
    ("layers", "bidirectional"),
    [(1, False), (2, False), (1, True), (3, True)],
    ids=["one", "two", "both", "three_both"],
)


def rows(steps: int = 9) -> Tensor:
    inputs = torch.randn(len(LENGTHS), steps, 5)
    for row, length in enumerate(LENGTHS):
        inputs[row, length:] = torch.nan
    return inputs


@SHAPES
def test_says_of_each_row_what_torch_says_of_it_alone(layers: int, *, bidirectional: bool) -> None:
    masked, inputs = MaskedLSTM(5, 8, layers, bidirectional=bidirectional), rows()
    states, last = masked(inputs, LENGTHS)
    assert states.shape == (4, 9, masked.out_features)
    for row, length in enumerate(LENGTHS):
        alone, (hidden, _) = masked.lstm(inputs[row : row + 1, :length])
        torch.testing.assert_close(states[row, :length], alone[0])
        assert not states[row, length:].any()
        torch.testing.assert_close(last[row], hidden[-2:].flatten() if bidirectional else hidden[-1, 0])


def test_no_lengths_mean_whole_rows() -> None:
    masked, inputs = MaskedLSTM(5, 8, bidirectional=True), torch.randn(2, 7, 5)
    for found, expected in zip(masked(inputs), masked(inputs, torch.tensor([7, 7])), strict=True):
        torch.testing.assert_close(found, expected)


@pytest.mark.usefixtures("exports_anew")
@pytest.mark.parametrize(
    ("layers", "bidirectional", "told", "times"), [(1, False, True, 2), (2, True, True, 1), (2, False, False, 2)]
)
def test_says_the_same_in_onnx_runtime_each_time_that_it_is_exported(
    layers: int, *, bidirectional: bool, told: bool, times: int, tmp_path: Path
) -> None:
    axes = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    for attempt in range(times):
        masked = MaskedLSTM(5, 8, layers, bidirectional=bidirectional).eval()
        example = {"inputs": torch.zeros(2, 3, 5)} | ({"lengths": torch.tensor([3, 2])} if told else {})
        program = torch.onnx.export(
            masked,
            (),
            kwargs=example,
            dynamic_shapes={"inputs": axes} | ({"lengths": {0: torch.export.Dim.DYNAMIC}} if told else {}),
            verbose=False,
        )
        program.save(tmp_path / f"{attempt}.onnx")
        session = onnxruntime.InferenceSession(tmp_path / f"{attempt}.onnx", providers=["CPUExecutionProvider"])
        for steps in (9, 14):
            inputs = rows(steps) if told else torch.randn(3, steps, 5)
            lengths = {"lengths": LENGTHS.numpy()} if told else {}
            found = session.run(None, {"inputs": inputs.numpy()} | lengths)
            with torch.no_grad():
                expected = masked(inputs, LENGTHS if told else None)
            for values, reference in zip(found, expected, strict=True):
                np.testing.assert_allclose(values, reference.numpy(), rtol=1e-4, atol=1e-6)


def test_gradients_reach_all_weights_and_no_padding() -> None:
    masked, inputs = MaskedLSTM(5, 8, 2, bidirectional=True), rows().requires_grad_()
    states, last = masked(inputs, LENGTHS)
    (states.square().sum() + last.sum()).backward()
    assert all(weights.grad is not None and weights.grad.any() for weights in masked.parameters())
    assert inputs.grad is not None
    for row, length in enumerate(LENGTHS):
        assert inputs.grad[row, :length].abs().sum(dim=1).all()
        assert not inputs.grad[row, length:].any()


@pytest.mark.parametrize("name", ["input_size", "hidden_size", "layers"])
def test_refuses(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be positive, but got 0"):
        MaskedLSTM(**{"input_size": 3, "hidden_size": 4, name: 0})
