"""What encoders of sequences look at, and arguments that they refuse."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from acclimate.framework import Encoder, EncoderInput
from acclimate.framework.encoders import LSTM, FrameMLP, LogMelCNN, SignalLSTM, SignalResNet, TemporalRelationNetwork
from bits import same_bits
from torch import Tensor


def features(encoder: Encoder, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
    with torch.no_grad():
        found: Tensor = encoder.eval()(EncoderInput(inputs, lengths))
        return found


@pytest.mark.parametrize(
    ("steps", "segments", "middles"),
    [
        (1, 3, {0}),
        (2, 2, {0, 1}),
        (5, 5, {0, 1, 2, 3, 4}),
        (10, 5, {1, 3, 5, 7, 9}),
        (30, 3, {5, 15, 25}),
        (7, 2, {1, 5}),
        (3, 5, {0, 1, 2}),
    ],
)
@pytest.mark.parametrize("padding", [0, 4])
def test_relations_see_the_middle_of_each_segment(steps: int, segments: int, middles: set[int], padding: int) -> None:
    encoder = TemporalRelationNetwork(in_features=4, segments=segments, hidden=8)
    inputs = torch.randn(1, steps + padding, 4, requires_grad=True)
    encoder.eval()(EncoderInput(inputs, torch.tensor([steps]))).square().sum().backward()
    assert inputs.grad is not None
    assert set(inputs.grad[0].abs().sum(dim=1).nonzero().flatten().tolist()) == middles


@pytest.mark.parametrize(
    ("segments", "multi_scale", "relations", "sets"),
    [
        (5, True, 3, [3, 3, 3, 1]),
        (5, True, 100, [10, 10, 5, 1]),
        (5, False, 3, [1]),
        (2, True, 3, [1]),
    ],
)
def test_relations_look_at_sets_of_frames_in_their_order(
    segments: int, relations: int, sets: list[int], *, multi_scale: bool
) -> None:
    encoder = TemporalRelationNetwork(4, segments, multi_scale=multi_scale, relations=relations, hidden=8)
    found = [buffer for name, buffer in encoder.named_buffers() if name.endswith("sets")]
    assert [len(chosen) for chosen in found] == sets
    for chosen in found:
        assert (chosen.diff(dim=1) > 0).all()
        assert len(chosen.unique(dim=0)) == len(chosen)
        assert 0 <= chosen.min() <= chosen.max() < segments


def test_a_relation_is_the_sum_over_its_sets() -> None:
    encoder = TemporalRelationNetwork(4, segments=3, relations=2, hidden=8, out_features=5).eval()
    inputs = torch.randn(1, 3, 4)
    frames = encoder.frame(inputs)[0]
    pairs, triples = encoder.scales
    # Two of the three pairs: the first and the second.
    of_pairs = sum(pairs.of_set(torch.cat([frames[0], frames[second]])) for second in (1, 2))
    expected = encoder.top(pairs.of_sum(of_pairs) + triples.of_sum(triples.of_set(frames.flatten())))
    torch.testing.assert_close(features(encoder, inputs)[0], expected.detach())


@pytest.mark.parametrize(
    ("make", "tells"),
    [
        (lambda: FrameMLP(6), False),
        (lambda: LSTM(6), True),
        (lambda: LSTM(6, pooling="last"), True),
        (lambda: TemporalRelationNetwork(6), True),
    ],
    ids=["frame_mlp", "lstm", "lstm_last", "temporal_relation"],
)
def test_all_but_the_mean_of_frames_tell_their_order(make: Callable[[], Encoder], *, tells: bool) -> None:
    encoder, inputs = make(), torch.randn(1, 5, 6)
    difference = (features(encoder, inputs) - features(encoder, inputs.flip(1))).abs().max()
    assert bool(difference > 1e-3) is tells


def test_the_last_state_pools_differently_from_the_mean() -> None:
    mean, last = LSTM(6), LSTM(6, pooling="last")
    last.load_state_dict(mean.state_dict())
    inputs, one = torch.randn(2, 5, 6), torch.tensor([1, 1])
    assert (features(mean, inputs) - features(last, inputs)).abs().max() > 1e-3
    torch.testing.assert_close(features(mean, inputs, one), features(last, inputs, one))


def test_an_lstm_over_signals_is_one_over_their_values() -> None:
    signals, sequences = SignalLSTM(3), LSTM(3)
    sequences.load_state_dict(signals.state_dict())
    inputs, lengths = torch.randn(2, 3, 9), torch.tensor([9, 4])
    torch.testing.assert_close(features(signals, inputs, lengths), features(sequences, inputs.transpose(1, 2), lengths))


@pytest.mark.parametrize(
    ("encoder", "argument", "shape"), [(LogMelCNN, 8000, (2, 1501)), (SignalResNet, 3, (2, 3, 37))]
)
def test_masking_changes_neither_the_weights_nor_whole_rows(
    encoder: Callable[..., Encoder], argument: int, shape: tuple[int, ...]
) -> None:
    def make(**options: bool) -> Encoder:
        torch.manual_seed(0)
        return encoder(argument, **options)

    plain, masked, inputs = make(), make(masked=True), torch.randn(shape)
    assert (plain.time_axis, masked.time_axis) == (None, inputs.ndim - 1)
    weights = masked.state_dict()
    assert list(plain.state_dict()) == list(weights)
    assert all(same_bits(value, weights[name]) for name, value in plain.state_dict().items())
    expected = features(plain, inputs)
    torch.testing.assert_close(features(masked, inputs), expected)
    whole = torch.full(shape[:1], shape[-1])
    torch.testing.assert_close(features(masked, inputs, whole), expected, atol=1e-5, rtol=1e-5)


def test_a_masked_sound_of_any_number_of_frames_is_encoded_as_it_is_alone() -> None:
    """Maps are halved three times: odd and even numbers of frames end differently, at each of them."""
    encoder, lengths = LogMelCNN(8000, width=8, masked=True), 80 * torch.arange(16) + 1
    sounds = 0.1 * torch.randn(16, 1201)
    alone = [features(encoder, sound[:length].unsqueeze(0)) for sound, length in zip(sounds, lengths, strict=True)]
    torch.testing.assert_close(features(encoder, sounds, lengths), torch.cat(alone), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("encoder", "arguments", "message"),
    [
        (LSTM, {"in_features": 0}, "in_features must be positive, but got 0"),
        (SignalLSTM, {"in_channels": 0}, "in_channels must be positive, but got 0"),
        (LSTM, {"layers": 0}, "layers must be positive, but got 0"),
        (LSTM, {"pooling": "max"}, "pooling must be one of last, mean, but got 'max'"),
        (LSTM, {"dropout": -0.1}, r"dropout must be within \[0, 1\), but got -0.1"),
        (LSTM, {"out_features": 1}, "out_features must be at least 2, but got 1"),
        (FrameMLP, {"hidden": ()}, "hidden must hold at least one size, but it is empty"),
        (FrameMLP, {"hidden": (4, 1)}, "hidden must be at least 2, but got 1"),
        (FrameMLP, {"in_features": 0}, "in_features must be positive, but got 0"),
        (TemporalRelationNetwork, {"segments": 1}, "segments must be at least 2, but got 1"),
        (TemporalRelationNetwork, {"relations": 0}, "relations must be positive, but got 0"),
        (TemporalRelationNetwork, {"out_features": 1}, "out_features must be at least 2, but got 1"),
        (TemporalRelationNetwork, {"dropout": 1.0}, r"dropout must be within \[0, 1\), but got 1.0"),
    ],
)
def test_refuses(encoder: type[Encoder], arguments: dict[str, Any], message: str) -> None:
    size = {"in_channels": 3} if encoder is SignalLSTM else {"in_features": 3}
    with pytest.raises(ValueError, match=message):
        encoder(**{**size, **arguments})
