"""Every encoder computes the same in ONNX Runtime, at other batch sizes and lengths than it was exported with."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from acclimate.framework import Encoder
from acclimate.framework.encoders import LogMelCNN, SmallCNN
from encoders.encoder_cases import Case
from torch import Tensor

Runtime = Callable[[Tensor], Tensor]

# Operators that ONNX Runtime computes slowly or inexactly, or on the CPU alone.
UNWANTED = {"STFT", "DFT", "Loop", "Scan", "If"}


def export(encoder: Encoder, example: Tensor, *, any_length: bool, path: Path) -> Runtime:
    """Write the encoder to `path` and open it in ONNX Runtime."""
    dimensions = {0: "batch"} | ({example.ndim - 1: "length"} if any_length else {})
    with torch.no_grad():
        program = torch.onnx.export(
            encoder.eval(),
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
        torch.testing.assert_close(run(inputs), encoder(inputs), atol=1e-5, rtol=1e-4)


def test_agrees_with_torch(case: Case, tmp_path: Path) -> None:
    encoder = case.make()
    any_length = case.longer != case.shape
    run = export(encoder, case.inputs(2), any_length=any_length, path=tmp_path / "encoder.onnx")
    for batch in (1, 3, 17):
        assert_equal_to_torch(encoder, run, case.inputs(batch, seed=batch))
        assert_equal_to_torch(encoder, run, case.inputs(batch, seed=batch, longer=True))
    operators = {node.op_type for node in onnx.load(tmp_path / "encoder.onnx").graph.node}
    assert operators & UNWANTED == set()


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
