"""The front end against torchaudio's, on noise, tones and speech."""

import pytest
import torch
from acclimate.framework.encoders import LogMel
from torch import Tensor
from torchaudio.transforms import MelSpectrogram

FLOOR = 3e-7


def reference(waveform: Tensor, sampling_rate: int, mels: int) -> Tensor:
    """Torchaudio's log-mel spectrogram in float64, in units where a sine of amplitude 1 has power 1."""
    window, hop = round(0.032 * sampling_rate), round(0.010 * sampling_rate)
    spectrogram = MelSpectrogram(sampling_rate, n_fft=window, hop_length=hop, n_mels=mels, pad_mode="constant").double()
    scale = (2 / torch.hann_window(window, dtype=torch.float64).sum()) ** 2
    return torch.log(spectrogram(waveform.double()) * scale / FLOOR + 1)


def unnormalised(sampling_rate: int, mels: int = 40) -> LogMel:
    return LogMel(sampling_rate, mels=mels, floor=FLOOR, moments=(0.0, 1.0))


@pytest.mark.parametrize(("sampling_rate", "mels"), [(8000, 40), (16000, 64), (22050, 40), (44100, 64)])
def test_matches_torchaudio_on_noise(sampling_rate: int, mels: int) -> None:
    noise = 0.1 * torch.randn(3, sampling_rate)
    measured = unnormalised(sampling_rate, mels)(noise)
    torch.testing.assert_close(measured.double(), reference(noise, sampling_rate, mels), atol=2.5e-5, rtol=0)


def test_matches_torchaudio_on_speech(speech: Tensor) -> None:
    measured = unnormalised(8000)(speech)
    torch.testing.assert_close(measured.double(), reference(speech, 8000, 40), atol=2.5e-5, rtol=0)


def test_a_sine_of_amplitude_one_has_power_one_in_its_band() -> None:
    time = torch.arange(8000) / 8000
    # The 32nd of the window's frequencies, 31.25 Hz apart; the two beside it hold a quarter of the power each.
    sine = torch.sin(2 * torch.pi * 1000 * time).unsqueeze(0)
    front_end = unnormalised(8000)
    weights = front_end.filters[:, 31:34] @ torch.tensor([0.25, 1.0, 0.25])
    powers = (front_end(sine)[0, :, 50].exp() - 1) * FLOOR
    assert powers.argmax() == weights.argmax()
    torch.testing.assert_close(powers.max(), weights.max(), atol=1e-4, rtol=1e-4)


def test_takes_out_loudness(speech: Tensor) -> None:
    loud = speech[:, :2000] / speech[:, :2000].abs().amax(dim=1, keepdim=True)
    own_moments, fixed_moments = LogMel(8000), LogMel(8000, moments=(5.0, 3.0))
    change = (own_moments(0.7 * loud) - own_moments(loud)).abs().mean()
    fixed_change = (fixed_moments(0.7 * loud) - fixed_moments(loud)).abs().mean()
    assert change < 0.25 * fixed_change


def test_normalises_each_sample_by_its_own_moments() -> None:
    spectrogram = LogMel(8000)(torch.randn(2, 4000) * torch.tensor([[0.01], [1.0]]))
    torch.testing.assert_close(spectrogram.mean(dim=(1, 2)), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(spectrogram.std(dim=(1, 2), correction=0), torch.ones(2), atol=1e-2, rtol=0)


def test_normalises_by_given_moments() -> None:
    noise = torch.randn(2, 4000)
    torch.testing.assert_close(LogMel(8000, moments=(-3.0, 2.0))(noise), (unnormalised(8000)(noise) + 3) / 2)


@pytest.mark.parametrize("sampling_rate", [8000, 11025])
@pytest.mark.parametrize("moments", [None, (-3.0, 2.0)])
def test_each_row_has_the_frames_of_its_own_values_alone(
    sampling_rate: int, moments: tuple[float, float] | None
) -> None:
    """The window is even at 8000 Hz and odd at 11025 Hz; lengths lie on both sides of where a frame is added."""
    front_end = LogMel(sampling_rate, moments=moments)
    hop = front_end.hop
    lengths = torch.tensor([1, hop - 1, hop, hop + 1, 7 * hop, 7 * hop + 1, 900])
    waveforms = torch.randn(len(lengths), 900)
    for waveform, length in zip(waveforms, lengths.tolist(), strict=True):
        waveform[length:] = torch.nan
    spectrograms, frames = front_end(waveforms, lengths), front_end.frames(lengths).tolist()
    for waveform, length, spectrogram, own in zip(waveforms, lengths.tolist(), spectrograms, frames, strict=True):
        alone = front_end(waveform[:length].unsqueeze(0))[0]
        assert alone.shape[1] == own
        torch.testing.assert_close(spectrogram[:, :own], alone, atol=1e-5, rtol=1e-5)
        assert not spectrogram[:, own:].any()


def test_is_computed_in_float32_under_autocast() -> None:
    noise = torch.randn(2, 4000)
    front_end = LogMel(8000)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = front_end(noise)
    torch.testing.assert_close(inside, front_end(noise))


def test_silence_is_zero() -> None:
    assert not LogMel(8000)(torch.zeros(2, 4000)).any()


def test_adds_nothing_to_the_weights() -> None:
    assert LogMel(8000).state_dict() == {}
    assert list(LogMel(8000).parameters()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sampling_rate": 0}, "sampling_rate must be positive, but got 0"),
        ({"sampling_rate": 8000, "mels": 0}, "mels must be positive, but got 0"),
        ({"sampling_rate": 8000, "mels": 200}, "mels must be so few that each band holds a frequency"),
        ({"sampling_rate": 8000, "floor": 0.0}, "floor must be positive, but got 0.0"),
        ({"sampling_rate": 8000, "moments": (0.0, 0.0)}, "moments must have a positive standard deviation"),
        ({"sampling_rate": 8000, "window_length": 0.005}, "window_length must hold"),
        ({"sampling_rate": 8000, "hop_length": 0.0}, "hop_length must be positive"),
    ],
)
def test_refuses(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LogMel(**arguments)
