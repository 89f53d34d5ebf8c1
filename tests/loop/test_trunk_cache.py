"""The cache of trunks: what it gives, what makes another entry, and what damage, bounds and several processes do."""

import warnings
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
import torch
from acclimate.adapters import LateSum
from acclimate.framework import EncoderInput, MultimodalModel, Task
from acclimate.framework.encoders import TimmImage, TransformerAudio, TransformerText
from acclimate.framework.encoders.trunk_cache import TrunkCache
from acclimate.framework.encoders.trunk_encoder import TrunkEncoder
from bits import assert_same_bits
from torch import Tensor, nn

from .trunks import ToyTrunk

INPUTS = torch.randn(4, 6, 3, generator=torch.Generator().manual_seed(0))
LENGTHS = torch.tensor([6, 1, 3, 4])


def make_trunk(seed: int = 0, **arguments: float) -> ToyTrunk:
    torch.manual_seed(seed)
    return ToyTrunk(3, **arguments)


def entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("lengths", [LENGTHS, None])
def test_what_is_cached_is_what_the_trunk_makes(tmp_path: Path, lengths: Tensor | None) -> None:
    encoder, cache = make_trunk().eval(), TrunkCache(tmp_path)
    first, again = cache.activations(encoder, INPUTS, lengths), cache.activations(encoder, INPUTS, lengths)
    assert_same_bits(first, again)
    assert encoder.computed.rows == len(INPUTS)
    steps = None if lengths is None else encoder.steps(lengths)
    torch.testing.assert_close(encoder.top(EncoderInput(first, steps)), encoder(EncoderInput(INPUTS, lengths)))


def test_no_gradient_reaches_the_trunk_and_all_reach_the_top(tmp_path: Path) -> None:
    encoder = make_trunk()
    activations = TrunkCache(tmp_path).activations(encoder, INPUTS, LENGTHS)
    assert not activations.requires_grad
    encoder.top(EncoderInput(activations, encoder.steps(LENGTHS))).sum().backward()
    assert encoder.last.weight.grad is not None


def test_rows_behind_their_end_are_zero(tmp_path: Path) -> None:
    activations = TrunkCache(tmp_path).activations(make_trunk(), INPUTS, LENGTHS)
    assert activations.shape == (4, 3, 6)
    assert not activations[1, 1:].any()
    assert activations[0].all()


def test_neither_padding_nor_the_rest_of_the_batch_makes_another_entry(tmp_path: Path) -> None:
    encoder, cache = make_trunk(), TrunkCache(tmp_path)
    whole = cache.activations(encoder, INPUTS, LENGTHS)
    padded = torch.full((4, 9, 3), torch.nan)
    for row, length in enumerate(LENGTHS):
        padded[row, :length] = INPUTS[row, :length]
    backwards = torch.tensor([3, 2, 1, 0])
    assert_same_bits(cache.activations(encoder, padded[backwards], LENGTHS[backwards])[backwards], whole)
    assert encoder.computed.rows == len(INPUTS)


def test_a_value_does_not_depend_on_what_else_was_missing(tmp_path: Path) -> None:
    encoder = make_trunk()
    whole = TrunkCache(tmp_path / "a").activations(encoder, INPUTS, LENGTHS)
    cache = TrunkCache(tmp_path / "b")
    cache.activations(encoder, INPUTS[2:3], LENGTHS[2:3])
    assert_same_bits(cache.activations(encoder, INPUTS, LENGTHS), whole)


def _change_weight(encoder: ToyTrunk) -> None:
    weight = next(encoder.lower.parameters())
    weight.copy_(weight + 1)


def _replace_weight(encoder: ToyTrunk) -> None:
    first: nn.Linear = encoder.lower[0]  # type: ignore[assignment]
    first.weight = nn.Parameter(first.weight + 1, requires_grad=False)


def _load_weights(encoder: ToyTrunk) -> None:
    encoder.load_state_dict(make_trunk(1).state_dict())


@pytest.mark.parametrize("change", [_change_weight, _replace_weight, _load_weights])
def test_a_changed_trunk_is_noticed(tmp_path: Path, change: Callable[[ToyTrunk], None]) -> None:
    encoder, cache = make_trunk(), TrunkCache(tmp_path)
    before = cache.activations(encoder, INPUTS, LENGTHS)
    with torch.no_grad():
        change(encoder)
    after = cache.activations(encoder, INPUTS, LENGTHS)
    torch.testing.assert_close(after, TrunkCache(tmp_path / "other").activations(encoder, INPUTS, LENGTHS))
    assert not torch.allclose(before, after)


def test_a_setting_that_no_weight_shows_makes_other_entries(tmp_path: Path) -> None:
    cache = TrunkCache(tmp_path)
    one, other = (cache.activations(make_trunk(stretch=stretch), INPUTS, LENGTHS) for stretch in (1.0, 2.0))
    torch.testing.assert_close(2 * one, other)


def test_equal_trunks_share_entries_and_a_trained_top_does_not_matter(tmp_path: Path) -> None:
    first, second = make_trunk(), make_trunk()
    with torch.no_grad():
        second.last.weight.add_(1)
    TrunkCache(tmp_path).activations(first, INPUTS, LENGTHS)
    TrunkCache(tmp_path).activations(second, INPUTS, LENGTHS)
    assert (first.computed.rows, second.computed.rows) == (4, 0)


def test_another_input_type_or_precision_makes_other_entries(tmp_path: Path) -> None:
    encoder, cache = make_trunk(), TrunkCache(tmp_path)
    cache.activations(encoder, INPUTS, LENGTHS)
    changed = INPUTS.clone()
    changed[0, 5, 2] += 1e-6
    cache.activations(encoder, changed, LENGTHS)
    assert encoder.computed.rows == 5
    with torch.autocast("cpu", torch.bfloat16):
        rounded = cache.activations(encoder, INPUTS, LENGTHS)
        again = cache.activations(encoder, INPUTS, LENGTHS)
    assert encoder.computed.rows == 9
    assert rounded.dtype == torch.bfloat16
    assert_same_bits(rounded, again)
    cache.activations(encoder.double(), INPUTS.double(), LENGTHS)
    assert encoder.computed.rows == 13


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def _exchange(path: Path) -> None:
    other = next(found for found in entries(path.parents[1]) if found != path)
    path.write_bytes(other.read_bytes())


@pytest.mark.parametrize("damage", [_truncate, _flip, _exchange, lambda path: path.write_bytes(b"")])
def test_a_damaged_entry_is_computed_again(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    encoder = make_trunk()
    whole = TrunkCache(tmp_path).activations(encoder, INPUTS, LENGTHS)
    damage(entries(tmp_path)[0])
    assert_same_bits(TrunkCache(tmp_path).activations(encoder, INPUTS, LENGTHS), whole)
    assert encoder.computed.rows == 5
    assert_same_bits(TrunkCache(tmp_path).activations(encoder, INPUTS, LENGTHS), whole)
    assert encoder.computed.rows == 5


def test_an_encoder_without_a_frozen_trunk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no frozen trunk"):
        TrunkCache(tmp_path).activations(ToyTrunk(3, freeze=False), INPUTS, LENGTHS)


def _fill(folder: Path, max_bytes: int, seed: int) -> None:
    """In a process of its own: rows that others share, and rows that they do not."""
    torch.set_num_threads(1)
    warnings.simplefilter("error")
    encoder, cache = make_trunk(), TrunkCache(folder, max_bytes)
    own = torch.randn(40, 6, 3, generator=torch.Generator().manual_seed(seed))
    shared = torch.randn(40, 6, 3, generator=torch.Generator().manual_seed(0))
    for _ in range(3):
        for inputs in (own, shared):
            lengths = torch.full((40,), 6)
            found = cache.activations(encoder, inputs, lengths)
            torch.testing.assert_close(found, encoder.trunk(inputs, lengths).detach())


def test_two_processes_fill_a_cache_together(tmp_path: Path, processes: ForkServerContext) -> None:
    both = [processes.Process(target=_fill, args=(tmp_path, 2**20, seed)) for seed in (1, 2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    assert len(entries(tmp_path)) == 120


def test_trunks_of_any_shape_are_kept(tmp_path: Path) -> None:
    class Fixed(TrunkEncoder):
        out_features = 2

        def __init__(self) -> None:
            super().__init__()
            self.lower = nn.Linear(3, 2).requires_grad_(requires_grad=False)

        @property
        def frozen(self) -> nn.Module | None:
            return self.lower

        def trunk(self, values: Tensor, lengths: Tensor | None) -> Tensor:
            activations: Tensor = self.lower(values)
            return activations

        def top(self, activations: EncoderInput) -> Tensor:
            return activations.values.flatten(1)

    encoder, inputs = Fixed(), torch.randn(2, 5, 3)
    first = TrunkCache(tmp_path).activations(encoder, inputs)
    assert_same_bits(TrunkCache(tmp_path).activations(encoder, inputs), first)
    torch.testing.assert_close(first, encoder.trunk(inputs, None))


_TINY = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 24}
_SPEECH = {**_TINY, "conv_dim": [8, 8], "conv_kernel": [10, 4], "conv_stride": [5, 4], "num_conv_pos_embeddings": 4}


def _text() -> tuple[TrunkEncoder, Tensor, Tensor | None]:
    encoder = TransformerText(20, 0, 9, config={"model_type": "bert", **_TINY}, trainable_layers=1)
    return encoder, torch.randint(1, 20, (3, 9)), torch.tensor([4, 9, 1])


def _audio() -> tuple[TrunkEncoder, Tensor, Tensor | None]:
    config = {"model_type": "wavlm", "num_conv_pos_embedding_groups": 2, "num_feat_extract_layers": 2, **_SPEECH}
    return TransformerAudio(8000, config=config, trainable_layers=1), torch.randn(3, 900), torch.tensor([300, 900, 40])


def _image() -> tuple[TrunkEncoder, Tensor, Tensor | None]:
    return (
        TimmImage("resnet10t", in_channels=3, height=32, width=32, trainable_layers=1),
        torch.rand(3, 3, 32, 32),
        None,
    )


@pytest.mark.parametrize("make", [_text, _audio, _image])
def test_encoders_of_the_library_are_cached(
    tmp_path: Path, make: Callable[[], tuple[TrunkEncoder, Tensor, Tensor | None]]
) -> None:
    pytest.importorskip("transformers")
    torch.manual_seed(0)
    encoder, inputs, lengths = make()
    model = MultimodalModel({"input": encoder}, [Task("label", ["a", "b"])], LateSum())
    present = torch.ones(3, 1, dtype=torch.bool)
    given = {} if lengths is None else {"input": lengths}

    def features() -> Tensor:
        torch.manual_seed(1)
        return model.train()({"input": inputs}, present, "source", given).features["input"]

    plain = features()
    assert model.cache_trunks(TrunkCache(tmp_path)) == ("input",)
    computed, read = features(), features()
    assert len(entries(tmp_path)) == 3
    assert_same_bits(computed, read)
    # The same dropout too: the top sees as many steps on either road.
    torch.testing.assert_close(computed, plain, rtol=1e-3, atol=1e-4)
    model.cache_trunks(None)
    assert_same_bits(features(), plain)
