"""Encoders that are told no lengths compute the same in ONNX Runtime at any, and on real data."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from acclimate.framework import Encoder, EncoderInput
from acclimate.framework.encoders import LogMelCNN, SmallCNN
from encoders.encoder_cases import CASES
from torch import Tensor, nn

pytestmark = pytest.mark.usefixtures("exports")

Runtime = Callable[[Tensor], Tensor]


class Told(nn.Module):
    """Puts a graph's input into the object that encoders are given."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, inputs: Tensor) -> Tensor:
        """The encoder's features."""
        features: Tensor = self.encoder(EncoderInput(inputs))
        return features


def export(encoder: Encoder, example: Tensor, *, any_length: bool, path: Path) -> Runtime:
    """Write the encoder to `path` and open it in ONNX Runtime."""
    dimensions = {0: "batch"} | ({example.ndim - 1: "length"} if any_length else {})
    with torch.no_grad():
        program = torch.onnx.export(
            Told(encoder).eval(),
            (),
            kwargs={"inputs": example},
            dynamic_shapes={"inputs": dimensions},
            output_names=["features"],
            verbose=False,
        )
    program.save(path, external_data=False)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def run(inputs: Tensor) -> Tensor:
        (features,) = session.run(["features"], {"inputs": inputs.numpy()})
        return torch.from_numpy(np.asarray(features))

    return run


def assert_equal_to_torch(encoder: Encoder, run: Runtime, inputs: Tensor) -> None:
    with torch.no_grad():
        torch.testing.assert_close(run(inputs), encoder(EncoderInput(inputs)), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(("name", "longer"), [("log_mel_cnn", 5001), ("signal_resnet", 131)])
def test_agrees_with_torch_at_any_length_without_being_told(name: str, longer: int, tmp_path: Path) -> None:
    case = CASES[name]
    encoder = case.make()
    run = export(encoder, case.inputs(2), any_length=True, path=tmp_path / "encoder.onnx")
    for batch in (1, 17):
        assert_equal_to_torch(encoder, run, case.inputs(batch, seed=batch))
        assert_equal_to_torch(encoder, run, case.inputs(batch, seed=batch, steps=longer))


def test_agrees_with_torch_on_speech(speech: Tensor, tmp_path: Path) -> None:
    encoder = LogMelCNN(sampling_rate=8000)
    run = export(encoder, speech[:2], any_length=True, path=tmp_path / "encoder.onnx")
    assert_equal_to_torch(encoder, run, speech)
    assert_equal_to_torch(encoder, run, speech[:1, :3777])
    assert_equal_to_torch(encoder, run, 1e-2 * speech)
    silence = torch.zeros(2, 4000)
    assert run(silence).isfinite().all()
    assert_equal_to_torch(encoder, run, silence)


def test_agrees_with_torch_on_digits(digits: Tensor, tmp_path: Path) -> None:
    encoder = SmallCNN(in_channels=1, height=28, width=28)
    run = export(encoder, digits[:2], any_length=False, path=tmp_path / "encoder.onnx")
    assert_equal_to_torch(encoder, run, digits)
