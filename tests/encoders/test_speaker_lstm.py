"""The speaker encoder of resemblyzer, against its own code on real weights and real speech."""

import importlib
import importlib.util
import io
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from acclimate.framework import EncoderInput
from acclimate.framework.encoders import SpeakerLSTM
from acclimate.framework.encoders.speaker_mel import LOUDNESS, SpeakerMel
from bits import assert_same_bits
from numpy.typing import NDArray
from torch import Tensor, nn

LENGTHS = (30000, 48000, 8000, 500, 1)


def mel_spectrogram(waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    """What librosa's `melspectrogram` computes of a waveform of 16 kHz, by numpy's Fourier transform in float64."""
    padded = np.pad(waveform.astype(np.float64), 200)
    frames = np.lib.stride_tricks.sliding_window_view(padded, 400)[::160]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    powers = np.abs(np.fft.rfft(frames * window)) ** 2
    # Slaney's scale: linear up to 1000 Hz, then 27 steps for each factor of 6.4.
    step = 200 / 3
    top = 15 + 27 * np.log(8) / np.log(6.4)
    mels = np.linspace(0, top, 42)
    edges = np.where(mels < 15, step * mels, 1000 * 6.4 ** ((mels - 15) / 27))
    frequencies = np.arange(201) * 40.0
    rising = (frequencies - edges[:-2, np.newaxis]) / np.diff(edges)[:-1, np.newaxis]
    falling = (edges[2:, np.newaxis] - frequencies) / np.diff(edges)[1:, np.newaxis]
    filters = np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, np.newaxis]
    found: NDArray[np.float32] = (powers @ filters.T).astype(np.float32)
    return found


@pytest.fixture(scope="module")
def folder() -> Path:
    """Where resemblyzer is installed; it is not imported, since it imports much that nobody needs here."""
    found = importlib.util.find_spec("resemblyzer")
    if found is None or found.origin is None:
        pytest.skip("the speaker encoder's weights, resemblyzer, are not installed")
    return Path(found.origin).parent


@pytest.fixture
def voice_encoder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 - a class of an untyped library
    """Resemblyzer's own encoder, with the one function of librosa's that it needs by numpy."""
    audio, package = ModuleType("resemblyzer.audio"), ModuleType("resemblyzer")
    audio.wav_to_mel_spectrogram = mel_spectrogram
    package.__path__ = [str(folder)]
    package.audio = audio
    for name, module in {"resemblyzer": package, "resemblyzer.audio": audio}.items():
        monkeypatch.setitem(sys.modules, name, module)
    made = importlib.import_module("resemblyzer.voice_encoder").VoiceEncoder("cpu", verbose=False).eval()
    for name in ("hparams", "voice_encoder"):
        del sys.modules[f"resemblyzer.{name}"]
    return made


def draw() -> tuple[Tensor, Tensor]:
    """Waveforms with NaN behind their ends, and their lengths."""
    waveforms = 0.1 * torch.randn(len(LENGTHS), max(LENGTHS))
    for row, length in enumerate(LENGTHS):
        waveforms[row, length:] = torch.nan
    return waveforms, torch.tensor(LENGTHS)


def voices(encoder: SpeakerLSTM, waveforms: Tensor, lengths: Tensor) -> Tensor:
    """What tells speakers apart, before the last layer."""
    projection, encoder.projection = encoder.projection, nn.Identity()
    with torch.no_grad():
        found: Tensor = encoder.eval()(EncoderInput(waveforms, lengths))
    encoder.projection = projection
    return found


def test_hears_what_librosa_computes() -> None:
    waveforms, lengths = draw()
    spectrogram = SpeakerMel()(waveforms, lengths)
    for row, length in enumerate(LENGTHS[:4]):
        expected = torch.from_numpy(mel_spectrogram(waveforms[row, :length].numpy()))
        torch.testing.assert_close(spectrogram[row, : len(expected)], expected, atol=1e-4, rtol=1e-4)
        assert not spectrogram[row, len(expected) + 2 :].any()


def test_quiet_waveforms_are_made_louder_and_loud_ones_left() -> None:
    noise, lengths = torch.randn(1, 4000), torch.tensor([4000])
    usual = noise / noise.square().mean().sqrt() * LOUDNESS
    expected = SpeakerMel()(usual, lengths)
    torch.testing.assert_close(SpeakerMel()(0.01 * usual, lengths), expected)
    torch.testing.assert_close(SpeakerMel()(2 * usual, lengths), 4 * expected)
    assert SpeakerMel()(torch.zeros(1, 4000), lengths).eq(0).all()


@pytest.mark.parametrize("trainable_layers", [None, 0, 2])
def test_is_resemblyzers_own_embedding(folder: Path, voice_encoder: Any, trainable_layers: int | None) -> None:  # noqa: ANN401
    encoder = SpeakerLSTM(16000, pretrained=str(folder / "pretrained.pt"), trainable_layers=trainable_layers)
    waveforms, lengths = draw()
    found = voices(encoder, waveforms, lengths)
    for row, length in enumerate(LENGTHS[:4]):
        expected = torch.from_numpy(voice_encoder.embed_utterance(waveforms[row, :length].numpy()))
        torch.testing.assert_close(found[row], expected, atol=2e-5, rtol=1e-3)
    with torch.no_grad():
        activations, steps = encoder.trunk(waveforms, lengths), encoder.steps(lengths)
        expected = encoder(EncoderInput(waveforms, lengths))
        torch.testing.assert_close(encoder.top(EncoderInput(activations, steps)), expected, atol=1e-5, rtol=1e-4)


def test_windows_are_counted_as_resemblyzer_does(voice_encoder: Any) -> None:  # noqa: ANN401
    encoder = SpeakerLSTM(16000, trainable_layers=0)
    lengths = range(1, 200_000, 1777)
    expected = [len(voice_encoder.compute_partial_slices(length, 1.3, 0.75)[0]) for length in lengths]
    assert_same_bits(encoder.steps(torch.tensor(lengths)), expected)
    assert len(set(expected)) > 10


def test_hears_who_speaks(folder: Path, shared_data: Path) -> None:
    with zipfile.ZipFile(shared_data / "avdigits" / "fsdd_wav.zip") as archive:
        files = [name for name in archive.namelist() if name.endswith(("_1.wav", "_2.wav"))]
        sounds = [soundfile.read(io.BytesIO(archive.read(name)), dtype="float32")[0] for name in files]
    names = [name.split("_")[1] for name in files]
    lengths = torch.tensor([len(sound) for sound in sounds])
    waveforms = nn.utils.rnn.pad_sequence([torch.from_numpy(sound) for sound in sounds], batch_first=True)
    encoder = SpeakerLSTM(8000, pretrained=str(folder / "pretrained.pt"))
    found = voices(encoder, waveforms, lengths)
    similarity = (found @ found.T).fill_diagonal_(-1)
    nearest = [names[int(row)] for row in similarity.argmax(dim=1)]
    correct = sum(guess == name for guess, name in zip(nearest, names, strict=True))
    assert correct > 0.8 * len(names)


@pytest.mark.parametrize("trainable_layers", [None, 0, 1, 3])
def test_gradient_reaches_exactly_the_top_layers(trainable_layers: int | None) -> None:
    encoder = SpeakerLSTM(16000, trainable_layers=trainable_layers)
    encoder(EncoderInput(*draw())).square().sum().backward()
    reached = {name for name, weights in encoder.named_parameters() if weights.grad is not None}
    trained = range(3 - (3 if trainable_layers is None else trainable_layers), 3)
    parts = {".".join(name.split(".")[:2]) for name in reached if name.startswith("layers")}
    assert parts == {f"layers.{layer}" for layer in trained}
    assert any(name.startswith("voice") for name in reached) is (trainable_layers != 0)
    assert (encoder.frozen is None) is (trainable_layers in {None, 3})


def test_refuses(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="trainable_layers must be from 0 to the model's 3, but got 4"):
        SpeakerLSTM(16000, trainable_layers=4)
    torch.save({"a": torch.ones(1)}, tmp_path / "other.pt")
    with pytest.raises(ValueError, match=r"other.pt holds no weights of resemblyzer: .*Missing") as caught:
        SpeakerLSTM(16000, pretrained=str(tmp_path / "other.pt"))
    assert "\n" not in str(caught.value)
