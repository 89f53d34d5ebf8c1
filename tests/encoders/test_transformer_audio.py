"""WavLM, wav2vec 2.0 and HuBERT in padded batches, against transformers' own models row by row."""

import json
import warnings
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from acclimate.framework import EncoderInput
from acclimate.framework.data.preprocessing import AudioPreprocessing
from acclimate.framework.encoders import TransformerAudio, make_encoder
from bits import assert_same_bits
from torch import Tensor, nn
from torch.nn import functional

SMALL: Final = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "conv_dim": [16] * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
}
TEXT: Final = {
    "model_type": "bert",
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "vocab_size": 9,
}
LENGTHS: Final = (4000, 2503, 401, 399, 20)
KINDS: Final = [
    *(
        {"model_type": name, "feat_extract_norm": norm, "do_stable_layer_norm": stable}
        for name, norm, stable in product(("hubert", "wav2vec2", "wavlm"), ("group", "layer"), (False, True))
    ),
    {"model_type": "hubert", "conv_pos_batch_norm": True},
    {"model_type": "hubert", "feat_proj_layer_norm": False},
]


def make_original(config: Mapping[str, Any]) -> nn.Module:
    """A model of transformers none of whose weights is zero."""
    from transformers import AutoConfig, AutoModel

    model: nn.Module = AutoModel.from_config(AutoConfig.for_model(**config)).eval()
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(0.1 * torch.randn_like(weights))
    return model


@pytest.fixture
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[nn.Module, Path]:
    """A model of transformers, and the folder that it was saved in."""
    model: Any = make_original(SMALL | request.param)
    model.save_pretrained(tmp_path / "model")
    return model, tmp_path / "model"


def draw(lengths: tuple[int, ...] = LENGTHS) -> tuple[Tensor, Tensor]:
    """Waveforms off zero, with NaN behind their ends, and their lengths."""
    waveforms = 0.3 * torch.randn(len(lengths), max(lengths)) + 0.1
    for row, length in enumerate(lengths):
        waveforms[row, length:] = torch.nan
    return waveforms, torch.tensor(lengths)


def states(encoder: TransformerAudio, waveforms: Tensor, lengths: Tensor) -> list[Tensor]:
    """Each row's own states of the last layer."""
    steps = encoder.steps(lengths)
    hidden = encoder.norm(encoder.lower.run(encoder.upper, encoder.trunk(waveforms, lengths), steps))
    return [hidden[row, : int(count)] for row, count in enumerate(steps)]


def original_states(model: nn.Module, waveform: Tensor, *, normalised: bool) -> Tensor:
    """The states that transformers makes of one unpadded waveform."""
    if normalised:
        waveform = (waveform - waveform.mean()) / torch.sqrt(waveform.var(correction=0) + 1e-7)
    waveform = functional.pad(waveform, (0, max(0, 400 - len(waveform))))
    with warnings.catch_warnings():
        # WavLM's attention mixes types of masks.
        warnings.simplefilter("ignore", UserWarning)
        found: Tensor = model(waveform.unsqueeze(0)).last_hidden_state[0]
    return found


@pytest.mark.parametrize("folder", KINDS, indirect=True, ids=lambda kind: "-".join(map(str, kind.values())))
def test_each_row_is_encoded_as_transformers_encodes_it_alone(folder: tuple[nn.Module, Path]) -> None:
    model, path = folder
    encoder = TransformerAudio(16000, pretrained=str(path), trainable_layers=1).eval()
    waveforms, lengths = draw()
    with torch.no_grad():
        found = states(encoder, waveforms, lengths)
        expected = [
            original_states(model, waveform[:length], normalised=True)
            for waveform, length in zip(waveforms, lengths.tolist(), strict=True)
        ]
    assert [len(row) for row in found] == [len(row) for row in expected] == [12, 7, 1, 1, 1]
    for row, alone in zip(found, expected, strict=True):
        torch.testing.assert_close(row, alone, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("folder", [{"model_type": "wavlm"}], indirect=True)
@pytest.mark.parametrize("wanted", [None, False, True])
def test_waveforms_are_normalised_as_the_folder_says(folder: tuple[nn.Module, Path], *, wanted: bool | None) -> None:
    model, path = folder
    if wanted is not None:
        (path / "preprocessor_config.json").write_text(json.dumps({"do_normalize": wanted}))
    encoder = TransformerAudio(16000, pretrained=str(path), trainable_layers=0).eval()
    waveforms, lengths = draw((1000,))
    assert encoder.normalise is (wanted is not False)
    with torch.no_grad():
        expected = original_states(model, waveforms[0], normalised=encoder.normalise)
        torch.testing.assert_close(states(encoder, waveforms, lengths)[0], expected, atol=2e-5, rtol=1e-4)
    rebuilt = make_encoder(
        TransformerAudio, AudioPreprocessing(sampling_rate=16000, samples=1000), encoder.portable_arguments()
    )
    rebuilt.load_state_dict(encoder.state_dict())
    with torch.no_grad():
        assert_same_bits(rebuilt.eval()(EncoderInput(waveforms)), encoder(EncoderInput(waveforms)))


@pytest.mark.parametrize("name", ["hubert", "wav2vec2", "wavlm"])
@pytest.mark.parametrize("trainable_layers", [None, 0, 1, 3])
def test_gradient_reaches_exactly_the_top_layers(name: str, trainable_layers: int | None) -> None:
    encoder = TransformerAudio(8000, config=SMALL | {"model_type": name}, trainable_layers=trainable_layers)
    waveforms, lengths = draw()
    encoder.train()(EncoderInput(waveforms, lengths)).square().sum().backward()
    reached = {key for key, weights in encoder.named_parameters() if weights.grad is not None}
    upper = {f"upper.{layer}" for layer in range(trainable_layers or 0)}
    found = {key if key.startswith("projection") else ".".join(key.split(".")[:2]) for key in reached}
    below = {key for key in found if key.startswith("lower")}
    assert found - below == upper | {"projection.0.weight", "projection.1.weight", "projection.1.bias"}
    assert bool(below) is (trainable_layers is None)
    assert (encoder.frozen is None) is (trainable_layers is None)
    if encoder.frozen is not None:
        assert not any(module.training for module in encoder.frozen.modules())


def test_cached_activations_give_the_same_features() -> None:
    encoder = TransformerAudio(8000, config=SMALL | {"model_type": "wavlm"}, trainable_layers=2).eval()
    waveforms, lengths = draw()
    with torch.no_grad():
        expected = encoder(EncoderInput(waveforms, lengths))
        activations, steps = encoder.trunk(waveforms, lengths), encoder.steps(lengths)
        activations = activations[:, : int(steps.max())].clone()
        for row, count in enumerate(steps.tolist()):
            activations[row, count:] = torch.nan
        torch.testing.assert_close(encoder.top(EncoderInput(activations, steps)), expected, atol=1e-6, rtol=1e-5)
        alone = encoder.trunk(waveforms[:1], None)
        assert alone.shape[1] == steps[0]
        torch.testing.assert_close(encoder.top(EncoderInput(alone, None)), expected[:1], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ["hubert", "wavlm"])
def test_runs_in_half_precision(name: str) -> None:
    encoder = TransformerAudio(8000, config=SMALL | {"model_type": name}, trainable_layers=2).train()
    waveforms, lengths = draw()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        features = encoder(EncoderInput(waveforms, lengths))
    features.float().sum().backward()
    assert features.isfinite().all()


def test_other_sampling_rates_are_resampled() -> None:
    config = SMALL | {"model_type": "wav2vec2"}
    usual, halved = TransformerAudio(16000, config=config).eval(), TransformerAudio(8000, config=config).eval()
    halved.load_state_dict(usual.state_dict())
    time = torch.arange(8000) / 16000
    sine = torch.sin(2 * torch.pi * 300 * time).unsqueeze(0)
    tone, half = EncoderInput(sine), EncoderInput(sine[:, ::2])
    with torch.no_grad():
        difference = (halved(half) - usual(tone)).norm()
        assert difference < 0.05 * (usual(tone) - usual(half)).norm()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "either pretrained or config must be given, but got neither"),
        ({"pretrained": "./nowhere"}, "pretrained must be a folder or a name .* but found no ./nowhere"),
        ({"config": TEXT}, "model_type must be one of hubert, wav2vec2, wavlm, but got 'bert'"),
        ({"config": SMALL | {"model_type": "wavlm"}, "trainable_layers": 4}, "from 0 to the model's 3, but got 4"),
        ({"config": SMALL | {"model_type": "wavlm"}, "sampling_rate": 0}, "from_rate must be positive, but got 0"),
        ({"config": SMALL | {"model_type": "wavlm"}, "out_features": 1}, "out_features must be at least 2, but got 1"),
    ],
)
def test_refuses(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        TransformerAudio(**({"sampling_rate": 16000} | arguments))
    assert "\n" not in str(caught.value)
