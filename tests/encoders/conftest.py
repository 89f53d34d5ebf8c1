"""Each encoder in turn, and real recordings and images."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from acclimate.framework.tensors.seeded import seeded
from encoders.encoder_cases import CASES, Case
from torch import Tensor


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with seeded(0):
        yield


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    """One of `CASES`."""
    return CASES[request.param]


@pytest.fixture(scope="session")
def speech(shared_data: Path) -> Tensor:
    """Spoken digits `(24, 8000)`: one second at 8 kHz each, shorter ones filled with silence."""
    with zipfile.ZipFile(shared_data / "avdigits" / "fsdd_wav.zip") as archive:
        names = [name for name in archive.namelist() if name.endswith(".wav")][::125]
        return torch.stack([_one_second(archive.read(name)) for name in names])


def _one_second(recording: bytes) -> Tensor:
    values, sampling_rate = soundfile.read(io.BytesIO(recording), dtype="float32")
    assert sampling_rate == 8000
    return torch.from_numpy(np.pad(values, (0, max(0, 8000 - len(values))))[:8000])


@pytest.fixture(scope="session")
def digits(shared_data: Path) -> Tensor:
    """Images of digits `(60, 1, 28, 28)`, values in [0, 1]."""
    with np.load(shared_data / "avdigits" / "images.npz") as file:
        return torch.from_numpy(file["images"][::50]).float().unsqueeze(1) / 255
