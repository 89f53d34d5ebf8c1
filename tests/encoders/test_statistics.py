"""Statistics of signals and of spectrograms against numpy's, computed row by row in float64."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from acclimate.framework import EncoderInput
from acclimate.framework.encoders import LogMel, LogMelMLP, SignalStatistics
from acclimate.framework.encoders.band_powers import BandPowers
from acclimate.framework.encoders.log_mel_mlp import moments
from numpy.typing import NDArray

WINDOW, BANDS, FLOOR, EPSILON = 16, 3, 1e-3, 1e-4
EDGES = (1, 2, 4, 9)  # 9 ** (1 / 3) and 9 ** (2 / 3), rounded


def expected(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """The statistics of a signal `(C, T)`, one after another."""
    seen = np.vstack([signal, np.sqrt((signal**2).mean(axis=0))])
    centred = seen - seen.mean(axis=1, keepdims=True)
    variance = (centred**2).mean(axis=1) + EPSILON
    steps = seen.shape[1]
    found = [
        seen.mean(axis=1),
        np.sqrt(variance),
        seen.min(axis=1),
        seen.max(axis=1),
        np.abs(np.diff(seen, axis=1)).sum(axis=1) / steps,
        (centred[:, 1:] * centred[:, :-1]).sum(axis=1) / steps / variance,
        np.concatenate([expected_bands(channel) for channel in centred]),
    ]
    pairs = [(i, j) for i in range(len(signal)) for j in range(i + 1, len(signal))]
    found.append(np.array([(centred[i] * centred[j]).mean() / np.sqrt(variance[i] * variance[j]) for i, j in pairs]))
    return np.concatenate(found)


def expected_bands(channel: NDArray[np.float64]) -> NDArray[np.float64]:
    half = WINDOW // 2
    padded = np.concatenate([np.zeros(half), channel, np.zeros(half)])
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    starts = range(0, len(padded) - WINDOW + 1, half)
    spectra = [np.abs(np.fft.rfft(padded[start : start + WINDOW] * hann)) * 2 / hann.sum() for start in starts]
    powers = np.mean(np.square(spectra), axis=0)
    sums = np.array([powers[low:high].sum() for low, high in pairwise(EDGES)])
    return np.log1p(sums / FLOOR) / np.log1p(1 / FLOOR)


def test_each_row_has_the_statistics_of_its_own_values() -> None:
    lengths = torch.tensor([40, 39, 24, 8, 2, 1])
    signals = torch.randn(6, 3, 40, generator=torch.Generator().manual_seed(1))
    signals[3] *= 5
    for signal, length in zip(signals, lengths.tolist(), strict=True):
        signal[:, length:] = torch.nan
    statistics = SignalStatistics(3, WINDOW, BANDS)
    found = statistics(signals, lengths)
    assert found.shape == (6, statistics.size)
    for row, length in enumerate(lengths.tolist()):
        reference = expected(signals[row, :, :length].double().numpy())
        np.testing.assert_allclose(found[row].numpy(), reference, atol=2e-5, rtol=2e-5)
    torch.testing.assert_close(statistics(signals[:1])[0], found[0])


def test_a_constant_has_no_power_no_change_and_no_correlation() -> None:
    signals = torch.tensor([2.0, -1.0]).view(1, 2, 1).expand(1, 2, 50)
    found = SignalStatistics(2, WINDOW, BANDS, magnitude=False)(signals)[0]
    torch.testing.assert_close(found[:8], torch.tensor([2.0, -1.0, 0.01, 0.01, 2.0, -1.0, 2.0, -1.0]))
    torch.testing.assert_close(found[8:], torch.zeros(len(found) - 8))


def test_the_magnitude_does_not_change_where_the_device_is_turned() -> None:
    generator = torch.Generator().manual_seed(2)
    signals = torch.randn(2, 3, 50, generator=generator)
    rotation, _ = torch.linalg.qr(torch.randn(3, 3, generator=generator))
    statistics = SignalStatistics(3, WINDOW, BANDS)
    before, after = (statistics(turned) for turned in (signals, torch.matmul(rotation, signals)))
    last = [3, 7, 11, 15, 19, 23, *range(24 + 3 * BANDS, 24 + 4 * BANDS)]
    torch.testing.assert_close(after[:, last], before[:, last], atol=1e-5, rtol=1e-5)
    assert (after - before).abs().mean() > 0.05


def test_a_sine_is_in_its_band() -> None:
    time = torch.arange(320).view(1, 320, 1)
    for band, frequency in enumerate((1, 3, 6)):
        found = BandPowers(WINDOW, BANDS)(torch.sin(2 * torch.pi * frequency / WINDOW * time), torch.tensor([320]))
        assert found.argmax() == band
        assert found[0, 0, band] == pytest.approx(1.0, abs=0.1)


def test_gradients_are_those_of_finite_differences() -> None:
    signals = torch.randn(2, 2, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(3), requires_grad=True)
    statistics = SignalStatistics(2, window=4, bands=2).double()
    assert torch.autograd.gradcheck(lambda values: statistics(values, torch.tensor([9, 5])), (signals,))


@pytest.mark.parametrize(("window", "bands"), [(4, 2), (16, 8), (64, 8), (64, 32), (100, 7)])
def test_each_frequency_is_in_one_band_and_the_constant_part_in_none(window: int, bands: int) -> None:
    filters = BandPowers(window, bands).filters
    torch.testing.assert_close(filters.sum(dim=1), torch.tensor([0.0] + [1.0] * (window // 2)))
    assert filters.sum(dim=0).min() >= 1


def test_moments_of_a_spectrogram_are_those_of_its_own_frames() -> None:
    values = torch.randn(2, 7, 4, generator=torch.Generator().manual_seed(4))
    values[1, 3:] = torch.nan
    found = moments(values, torch.tensor([7, 3])).double().numpy()
    for row, own in zip(found, (values[0].double().numpy(), values[1, :3].double().numpy()), strict=True):
        np.testing.assert_allclose(row, np.concatenate([own.mean(0), np.sqrt(own.var(0) + EPSILON)]), atol=1e-6)


def test_sound_is_described_whatever_its_loudness() -> None:
    encoder = LogMelMLP(8000, hidden=()).eval()
    noise = torch.randn(1, 2000, generator=torch.Generator().manual_seed(5))
    loud, quiet = (encoder(EncoderInput(scale * noise)) for scale in (1.0, 0.5))
    torch.testing.assert_close(quiet, loud, atol=0.05, rtol=0)
    spectrogram = LogMel(8000)(noise).transpose(1, 2)
    features = encoder.mlp(EncoderInput(moments(spectrogram, torch.tensor([spectrogram.shape[1]]))))
    torch.testing.assert_close(loud, features)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"channels": 0}, "channels must be positive, but got 0"),
        ({"channels": 3, "window": 15}, "window must be an even number of values, 4 at least, but got 15"),
        ({"channels": 3, "window": 2}, "window must be an even number of values, 4 at least, but got 2"),
        ({"channels": 3, "bands": 0}, "bands must be positive, but got 0"),
        ({"channels": 3, "bands": 33}, "bands must be at most half of the window, 32, but got 33"),
    ],
)
def test_refuses(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SignalStatistics(**arguments)
