"""Sound by an LSTM that tells speakers apart."""

from typing import Any, Final, Self

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from ..batch import EncoderInput
from .convolution import feature_layer
from .masked_lstm import MaskedLSTM
from .masking import clear_padding, mean_over_steps, row_lengths
from .pretrained import count_frozen, freeze
from .resample import Resample
from .speaker_mel import HOP, MELS, SAMPLING_RATE, SpeakerMel
from .trunk_encoder import TrunkEncoder
from .weight_files import read_weights

FRAMES: Final = 160
"""Of a window that the LSTM reads: 1.6 s."""

APART: Final = 77
"""Frames from the start of one window to that of the next."""

COVERAGE: Final = 0.75
"""Share of the last window that a waveform must fill; the first is read however short."""

LAYERS: Final = 3
"""Of the LSTM."""

SIZE: Final = 256
"""Of a state and of what tells speakers apart."""


class SpeakerLSTM(TrunkEncoder):
    """The speaker encoder of resemblyzer, for waveforms `(B, samples)` of any length.

    An LSTM of three layers reads windows of 1.6 s of a mel spectrogram, filled up with silence; a layer and a ReLU make
    of its last state a vector of norm 1, and the mean over a row's windows, of norm 1 again, tells speakers apart. That
    is what `VoiceEncoder.embed_utterance` computes; a last layer maps it to features. Other sampling rates than 16 kHz
    are resampled. Unlike `preprocess_wav`, nothing cuts silence out.

    Wan, Wang, Papir, Moreno: Generalized End-to-End Loss for Speaker Verification, ICASSP 2018,
    https://arxiv.org/abs/1710.10467; the code: https://github.com/resemble-ai/Resemblyzer.

    Args:
        sampling_rate: of the waveforms, in Hz.
        pretrained: the file `pretrained.pt` of resemblyzer; None for random weights.
        trainable_layers: how many LSTM layers train, from the top, and the layer upon them; None trains all.
        out_features: length of the feature vectors.

    Raises:
        ValueError: if the weights cannot be had or do not fit, or there are not as many layers.

    Example:
        >>> SpeakerLSTM(8000)(EncoderInput(torch.zeros(2, 4000), torch.tensor([4000, 1500]))).shape
        torch.Size([2, 64])
    """

    time_axis = 1

    def __init__(
        self,
        sampling_rate: int,
        *,
        pretrained: str | None = None,
        trainable_layers: int | None = None,
        out_features: int = 64,
    ) -> None:
        super().__init__()
        self._frozen_layers = count_frozen(LAYERS, trainable_layers) or 0
        self.out_features = out_features
        self.resample = Resample(sampling_rate, SAMPLING_RATE)
        self.front_end = SpeakerMel()
        self.layers = nn.ModuleList(MaskedLSTM(MELS if layer == 0 else SIZE, SIZE) for layer in range(LAYERS))
        self.voice = nn.Sequential(nn.Linear(SIZE, SIZE), nn.ReLU())
        if pretrained is not None:
            self._load(pretrained)
        self.projection = feature_layer(SIZE, out_features)
        if self.frozen is not None:
            freeze(self.frozen)

    @property
    def frozen(self) -> nn.Module | None:
        """The lower layers of the LSTM, and what stands upon it where none of it trains."""
        if not self._frozen_layers:
            return None
        return nn.ModuleList([*self.layers[: self._frozen_layers], *([] if self._has_top else [self.voice])])

    def train(self, mode: bool = True) -> Self:  # noqa: FBT001, FBT002 - torch's signature
        """Set the mode; what is frozen stays in evaluation mode."""
        super().train(mode)
        if self.frozen is not None:
            self.frozen.eval()
        return self

    def trunk(
        self, values: Float[Tensor, "batch samples"], lengths: Int64[Tensor, " batch"] | None
    ) -> Float[Tensor, "batch steps ..."]:
        """States of the highest frozen layer in all windows, or what tells speakers apart in each where none trains."""
        if self.frozen is None:
            return values
        with torch.no_grad():
            windows = self._windows(values, row_lengths(EncoderInput(values, lengths)))
            return self._read(windows, 0, self._frozen_layers)

    def steps(self, lengths: Int64[Tensor, " batch"]) -> Int64[Tensor, " batch"]:
        """How many windows each row has, or samples where nothing is frozen."""
        return lengths if self.frozen is None else _count_windows(self.resample.lengths(lengths))

    def top(self, activations: EncoderInput) -> Float[Tensor, "batch out_features"]:
        """The layers that train, and the mean over a row's own windows."""
        windows, own = activations.values, row_lengths(activations)
        if self.frozen is None:
            windows, own = self._windows(windows, own), _count_windows(self.resample.lengths(own))
        cleared = clear_padding(windows.flatten(2), own).reshape(windows.shape)
        voices = self._read(cleared, self._frozen_layers, LAYERS) if self._has_top else cleared
        features: Tensor = self.projection(functional.normalize(mean_over_steps(voices, own), dim=1))
        return features

    def forward(self, inputs: EncoderInput) -> Float[Tensor, "batch out_features"]:
        """Encode waveforms `(B, samples)`."""
        # The last window is left out where it is filled too little, of rows that are all of one length too.
        own = row_lengths(inputs)
        return self.top(EncoderInput(self.trunk(inputs.values, own), self.steps(own), inputs.domain_side))

    def portable_arguments(self) -> dict[str, Any]:
        """No pretrained weights."""
        return {"pretrained": None}

    @property
    def _has_top(self) -> bool:
        return self._frozen_layers < LAYERS

    def _windows(
        self, waveform: Float[Tensor, "batch samples"], lengths: Int64[Tensor, " batch"]
    ) -> Float[Tensor, "batch windows frames mels"]:
        """Spectrograms of all windows; silence beyond a row's end."""
        own = clear_padding(waveform.unsqueeze(2), lengths).squeeze(2)
        resampled = self.resample(own)
        spectrogram = self.front_end(resampled, self.resample.lengths(lengths))
        count = torch.sym_max(1, (resampled.shape[1] // HOP + 1 + APART - FRAMES) // APART + 1)
        starts = APART * torch.arange(count, device=waveform.device)
        frames = starts.unsqueeze(1) + torch.arange(FRAMES, device=waveform.device)
        return functional.pad(spectrogram, (0, 0, 0, FRAMES))[:, frames]

    def _read(
        self, windows: Float[Tensor, "batch windows frames size"], first: int, last: int
    ) -> Float[Tensor, "batch windows ..."]:
        """These layers of the LSTM in each window; after the uppermost, what tells speakers apart."""
        shape, states = windows.shape[:2], windows.flatten(0, 1)
        state = states
        for layer in self.layers[first:last]:
            states, state = layer(states)
        if last < LAYERS:
            return states.reshape(*shape, *states.shape[1:])
        voices: Tensor = functional.normalize(self.voice(state), dim=1)
        return voices.reshape(*shape, voices.shape[1])

    def _load(self, pretrained: str) -> None:
        weights = read_weights(pretrained)
        renamed = {}
        for name, weight in weights.items():
            part, _, kind = name.partition(".")
            if part == "lstm":
                kind, _, layer = kind.rpartition("_l")
                renamed[f"layers.{layer}.lstm.{kind}_l0"] = weight
            elif part == "linear":
                renamed[f"voice.0.{kind}"] = weight
        try:
            # It holds the two numbers of its training's loss, too.
            self.load_state_dict(renamed)
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise ValueError(f"pretrained: {pretrained} holds no weights of resemblyzer: {reason}") from error


def _count_windows(lengths: Int64[Tensor, " batch"]) -> Int64[Tensor, " batch"]:
    """How many windows rows of so many samples have: a last one that is filled too little is left out."""
    count = (lengths // HOP + 1 + APART - FRAMES).clamp(min=0) // APART + 1
    filled = lengths - (count - 1) * APART * HOP
    return torch.where((count > 1) & (filled < COVERAGE * FRAMES * HOP), count - 1, count)
