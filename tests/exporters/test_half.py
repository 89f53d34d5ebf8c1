"""Encoders in half precision say what they say in float32, and raw sound stays in float32 until its powers are tame."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from acclimate.exporters.artefact import ArtefactConfig
from acclimate.exporters.components import export_encoder
from acclimate.exporters.full_precision import full_precision_modules
from acclimate.exporters.half import HalfEncoder
from acclimate.exporters.trial_batches import TrialRows
from acclimate.framework import Encoder, EncoderInput, Task
from acclimate.framework.data.preprocessing import AudioPreprocessing, FeaturesPreprocessing, Preprocessing
from acclimate.framework.data.schema import Schema
from acclimate.framework.encoders import LogMelCNN
from bits import same_bits
from encoders.encoder_cases import CASES
from torch import Tensor, nn

from .conversions import signal_to_noise, trained_case

pytestmark = pytest.mark.usefixtures("exports")

RECURRENT = ("lstm", "lstm_last", "signal_lstm", "speaker_lstm")
"""They run on packed sequences in torch, and are halved in their graphs only."""


def export_half(encoder: Encoder, preprocessing: Preprocessing, rows: Tensor) -> onnx.ModelProto:
    schema = Schema({"it": preprocessing}, (Task("label", ("a", "b")),))
    lengths = () if encoder.time_axis is None else ("it",)
    config = ArtefactConfig(schema=schema, opset=20, recipe=None, versions={}, metadata={}, lengths=lengths)
    pool = TrialRows(rows.numpy(), encoder.time_axis)
    return export_encoder(HalfEncoder(encoder).eval(), "it", pool, config, unit_norm=False)


@pytest.mark.parametrize("name", [name for name in CASES if name not in RECURRENT])
def test_every_encoder_is_near_itself_in_float32(name: str) -> None:
    case, encoder = CASES[name], trained_case(name)
    rows = case.inputs(4, seed=9)
    half = HalfEncoder(encoder).eval()
    with torch.no_grad():
        found, expected = half(EncoderInput(rows)), encoder(EncoderInput(rows))
        assert found.dtype == torch.float32
        assert signal_to_noise(found, expected) > 40
        if encoder.time_axis is not None:
            lengths = torch.tensor([rows.shape[case.axis], 1, 2, 3])
            assert signal_to_noise(half(EncoderInput(rows, lengths)), encoder(EncoderInput(rows, lengths))) > 40


@pytest.mark.parametrize("name", ["log_mel_cnn", "lstm", "speaker_lstm", "timm_convolutional", "transformer_text"])
def test_graphs_in_half_precision_are_near_the_encoder(name: str) -> None:
    case, encoder = CASES[name], trained_case(name)
    rows = case.inputs(5, seed=9)
    graph = export_half(encoder, case.preprocessing, rows)
    onnx.checker.check_model(graph, full_check=True)
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        if encoder.time_axis is not None:
            lengths = torch.tensor([rows.shape[case.axis], 1, 2, 5, 7])
            (found,) = session.run(None, {"it": rows.numpy(), "it_length": lengths.numpy()})
            expected = encoder(EncoderInput(rows, lengths))
        else:
            (found,), expected = session.run(None, {"it": rows.numpy()}), encoder(EncoderInput(rows))
    assert found.dtype == np.float32
    assert signal_to_noise(torch.from_numpy(found), expected) > 45


def test_weights_take_half_the_room_and_filters_stay_as_they_are() -> None:
    graph = export_half(trained_case("log_mel_cnn"), CASES["log_mel_cnn"].preprocessing, CASES["log_mel_cnn"].inputs(2))
    types = {tensor.name: tensor.data_type for tensor in graph.graph.initializer}
    filters = [kind for name, kind in types.items() if ".front_end." in name]
    weights = [kind for name, kind in types.items() if name.endswith(".weight")]
    assert filters == [onnx.TensorProto.FLOAT] * 2
    assert set(weights) == {onnx.TensorProto.FLOAT16}
    assert len(weights) == 4


@pytest.mark.parametrize("loudness", [1e-3, 1.0, 1e3])
def test_sound_too_quiet_or_loud_for_half_precision_is_heard(loudness: float) -> None:
    encoder = trained_case("log_mel_cnn")
    sound = loudness * CASES["log_mel_cnn"].inputs(3)
    with torch.no_grad():
        powers = torch.nn.functional.conv1d(sound.unsqueeze(1), encoder.front_end.kernels).square()
        assert (powers.max() > torch.finfo(torch.float16).max) == (loudness > 1)
        assert signal_to_noise(HalfEncoder(encoder).eval()(EncoderInput(sound)), encoder(EncoderInput(sound))) > 40


def test_modules_without_parameters_stay_in_float32_and_others_say_so() -> None:
    names = {name: [found for found, _ in full_precision_modules(CASES[name].make())] for name in CASES}
    assert names["speaker_lstm"] == ["resample", "front_end"]
    assert names["timm_spectrogram"] == ["front_end"]
    assert names["transformer_audio_wavlm"] == ["resample"]
    assert {name for name, found in names.items() if not found} >= {"mlp", "small_cnn", "lstm", "transformer_text"}


class Powers(nn.Module):
    """A learnt front end, whose powers are more than half precision can hold."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(1e3))

    def forward(self, inputs: Tensor) -> Tensor:
        """Powers around 1."""
        return (inputs * self.gain).square() / 1e6


class Learnt(Encoder):
    """A learnt front end and a layer."""

    def __init__(self) -> None:
        super().__init__()
        self.out_features = 4
        self.powers = Powers()
        self.layer = nn.Linear(6, 4)

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Encode `(B, 6)`."""
        features: Tensor = self.layer(self.powers(inputs.values))
        return features


@pytest.mark.parametrize("marked", [True, False])
def test_a_module_with_parameters_can_ask_for_float32(marked: bool) -> None:  # noqa: FBT001 - a parameter of the test
    torch.manual_seed(0)
    encoder, rows = Learnt().eval(), torch.rand(3, 6) + 0.5
    if marked:
        encoder.powers.computes_in_float32 = True
    with torch.no_grad():
        found, expected = HalfEncoder(encoder).eval()(EncoderInput(rows)), encoder(EncoderInput(rows))
    assert bool(found.isfinite().all()) == marked
    if marked:
        assert signal_to_noise(found, expected) > 50


class Matrix(Encoder):
    """Weights of its own, in no module within."""

    def __init__(self) -> None:
        super().__init__()
        self.out_features = 4
        self.weight = nn.Parameter(torch.randn(6, 4))

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Encode `(B, 6)`."""
        return inputs.values @ self.weight


def test_weights_of_the_encoder_itself_meet_values_of_their_type() -> None:
    torch.manual_seed(0)
    encoder, rows = Matrix().eval(), EncoderInput(torch.rand(3, 6))
    with torch.no_grad():
        assert signal_to_noise(HalfEncoder(encoder).eval()(rows), encoder(rows)) > 50


def test_a_module_without_parameters_can_ask_for_half_precision() -> None:
    encoder = LogMelCNN(sampling_rate=8000, width=8)
    encoder.front_end.computes_in_float32 = False
    assert not list(full_precision_modules(encoder))


class Normalised(Encoder):
    """Batch normalisation whose statistics half precision cannot hold."""

    def __init__(self, *, affine: bool) -> None:
        super().__init__()
        self.out_features = 4
        self.norm = nn.BatchNorm1d(4, affine=affine)

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Normalise `(B, 4)`."""
        features: Tensor = self.norm(inputs.values)
        return features


@pytest.mark.parametrize("affine", [True, False])
def test_statistics_of_batches_outside_of_half_precision_count(affine: bool) -> None:  # noqa: FBT001
    torch.manual_seed(0)
    encoder = Normalised(affine=affine).train()
    rows = torch.randn(500, 4) * torch.tensor([1e-4, 1.0, 300.0, 3000.0])
    for _ in range(30):
        encoder(EncoderInput(rows))
    encoder.eval()
    assert encoder.norm.running_var is not None
    assert encoder.norm.running_var.max() > torch.finfo(torch.float16).max
    with torch.no_grad():
        assert signal_to_noise(HalfEncoder(encoder).eval()(EncoderInput(rows)), encoder(EncoderInput(rows))) > 55


def test_the_encoder_itself_is_left_as_it_is() -> None:
    encoder = trained_case("timm_convolutional")
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    HalfEncoder(encoder)
    after = encoder.state_dict()
    assert all(same_bits(after[name], value) and after[name].dtype == value.dtype for name, value in before.items())
    assert not any(module._forward_pre_hooks for module in encoder.modules())  # noqa: SLF001


def test_what_an_artefact_takes_and_gives_is_float32() -> None:
    parts = {"sound": AudioPreprocessing(8000, 2000), "vector": FeaturesPreprocessing([0.0] * 10, [1.0] * 10)}
    for name, part in zip(("log_mel_cnn", "mlp"), parts.values(), strict=True):
        graph = export_half(trained_case(name), part, CASES[name].inputs(2)).graph
        assert [port.name for port in (*graph.input, *graph.output)] == ["it", "it_features"]
        assert {port.type.tensor_type.elem_type for port in (*graph.input, *graph.output)} == {onnx.TensorProto.FLOAT}
