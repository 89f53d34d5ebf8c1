"""Another sampling rate, as torchaudio gives it, in rows of different lengths too."""

import pytest
import torch
from acclimate.framework.encoders.resample import Resample
from torch.nn import functional
from torchaudio.functional import resample

RATES = [(8000, 16000), (16000, 8000), (44100, 16000), (22050, 16000), (16000, 16000)]


@pytest.mark.parametrize(("from_rate", "to_rate"), RATES)
def test_is_torchaudios(from_rate: int, to_rate: int) -> None:
    waveform = torch.randn(2, 3333)
    module = Resample(from_rate, to_rate)
    found, expected = module(waveform), resample(waveform, from_rate, to_rate)
    # torchaudio rounds the filters' angles to float32.
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)
    assert int(module.lengths(torch.tensor([3333]))) == expected.shape[1]
    assert module.state_dict() == {}


def test_a_tone_keeps_its_pitch() -> None:
    time, slower = torch.arange(8000) / 8000, torch.arange(16000) / 16000
    found = Resample(8000, 16000)(torch.sin(2 * torch.pi * 440 * time).unsqueeze(0))
    expected = torch.sin(2 * torch.pi * 440 * slower).unsqueeze(0)
    torch.testing.assert_close(found[:, 100:-100], expected[:, 100:-100], atol=2e-3, rtol=0)


@pytest.mark.parametrize(("from_rate", "to_rate"), RATES)
@pytest.mark.parametrize("length", [1, 7, 50, 999])
def test_silence_behind_a_row_is_as_its_end(from_rate: int, to_rate: int, length: int) -> None:
    module, alone = Resample(from_rate, to_rate), torch.randn(1, length)
    own = int(module.lengths(torch.tensor([length])))
    padded = module(functional.pad(alone, (0, 777)))
    torch.testing.assert_close(padded[:, :own], module(alone), atol=1e-6, rtol=0)


def test_refuses_a_rate_of_nothing() -> None:
    with pytest.raises(ValueError, match="from_rate must be positive, but got 0"):
        Resample(0, 16000)
