"""Text by a pretrained transformer."""

from collections.abc import Mapping
from typing import Any, Final

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from ..arguments import check_one_of, check_positive
from ..batch import EncoderInput
from .convolution import feature_layer
from .masking import clear_padding, mean_over_steps, own_steps, row_lengths
from .pretrained import PretrainedEncoder, count_frozen, freeze, load_transformer

FAMILIES: Final = ("bert", "camembert", "distilbert", "electra", "roberta", "xlm-roberta")
"""As the `model_type` of a configuration names them; MiniLM's is bert."""

OWN_VOCABULARY: Final = 0.9
"""Share of a pretrained model's tokens that its own tokenizer has at least: some models have room for a few more."""


class TransformerText(PretrainedEncoder):
    """A BERT-like model of transformers, for texts as the numbers of their tokens `(B, T)`.

    A pretrained model needs its own tokenizer: give the recipe `data.preprocessing.<modality>.tokenizer`, which may be
    the same folder. Features are the mean of the last layer's states over a text's own tokens, or the state of its
    first, through a last layer. Tokens behind a text's end count for nothing, whatever they are.

    Args:
        vocabulary_size: number of tokens of the preprocessing.
        padding_id: the token that pads.
        max_length: tokens of a text at most.
        pretrained: a folder with config.json and model.safetensors, or the model's name on the Hugging Face hub.
        config: in place of `pretrained`, for random weights: `model_type`, one of `FAMILIES`, and sizes, as
            transformers' configuration class has them.
        trainable_layers: how many layers train, from the top, while those below and the embeddings stay as they are;
            the papers train three. None trains everything.
        pooling: "mean" over a text's own tokens, or "first", of the token [CLS] or <s>.
        out_features: length of the feature vectors.

    Raises:
        ValueError: if the model cannot be had, is of another kind, has fewer layers or positions, or has another
            vocabulary.

    Example:
        >>> config = {"model_type": "bert", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
        >>> encoder = TransformerText(vocabulary_size=8, padding_id=0, max_length=4, config=config, trainable_layers=1)
        >>> encoder(EncoderInput(torch.tensor([[2, 7, 3, 0], [2, 5, 6, 3]]), torch.tensor([3, 4]))).shape
        torch.Size([2, 64])
    """

    time_axis = 1

    def __init__(
        self,
        vocabulary_size: int,
        padding_id: int,
        max_length: int,
        *,
        pretrained: str | None = None,
        config: Mapping[str, Any] | None = None,
        trainable_layers: int | None = None,
        pooling: str = "mean",
        out_features: int = 64,
    ) -> None:
        check_positive(vocabulary_size=vocabulary_size, max_length=max_length)
        check_one_of(("first", "mean"), pooling=pooling)
        if config is not None:
            config = {"vocab_size": vocabulary_size, "pad_token_id": padding_id, **config}
        model, found = load_transformer(pretrained, config, FAMILIES)
        super().__init__(found)
        embeddings, layers = _parts(model, found.model_type)
        _check_vocabulary(vocabulary_size, found.vocab_size, pretrained)
        _check_positions(max_length, embeddings[0])
        frozen = count_frozen(len(layers), trainable_layers)
        self.out_features = out_features
        self.pooling = pooling
        self.padding_id = padding_id if found.pad_token_id is None else found.pad_token_id
        self.lower = _Lower(embeddings, layers[: frozen or 0])
        self.upper = layers[frozen or 0 :]
        self.projection = feature_layer(found.hidden_size, out_features)
        self._is_frozen = frozen is not None
        if self._is_frozen:
            freeze(self.lower)
        # Loaded models come in evaluation mode.
        self.train()

    @property
    def frozen(self) -> nn.Module | None:
        """The embeddings and the layers below those that train; None where all train."""
        return self.lower if self._is_frozen else None

    def trunk(
        self, values: Int64[Tensor, "batch tokens"], lengths: Int64[Tensor, " batch"] | None
    ) -> Float[Tensor, "batch tokens width"]:
        """States of the highest frozen layer; the embeddings where no layer is frozen."""
        own = own_steps(row_lengths(EncoderInput(values, lengths)), values.shape[1])
        states: Tensor = self.lower(torch.where(own, values, self.padding_id), own)
        return states

    def top(self, activations: EncoderInput) -> Float[Tensor, "batch out_features"]:
        """The layers that train, the mean over a text's own tokens, and the last layer."""
        lengths = row_lengths(activations)
        states = clear_padding(activations.values, lengths)
        bias = _to_bias(own_steps(lengths, states.shape[1]), states.dtype)
        for layer in self.upper:
            states = layer(states, bias)
        pooled = states[:, 0] if self.pooling == "first" else mean_over_steps(states, lengths)
        features: Tensor = self.projection(pooled)
        return features


class _Lower(nn.Module):
    """Embeddings, and layers of the model from the lowest."""

    def __init__(self, embeddings: nn.Module, layers: nn.ModuleList) -> None:
        super().__init__()
        self.embeddings = embeddings
        self.layers = layers

    def forward(
        self, tokens: Int64[Tensor, "batch tokens"], own: Bool[Tensor, "batch tokens"]
    ) -> Float[Tensor, "batch tokens width"]:
        states: Tensor = self.embeddings(tokens)
        bias = _to_bias(own, states.dtype)
        for layer in self.layers:
            states = layer(states, bias)
        return states


def _to_bias(own: Bool[Tensor, "batch tokens"], dtype: torch.dtype) -> Float[Tensor, "batch 1 1 tokens"]:
    """What is added to the attention scores, so that no token attends to padding."""
    # Not minus infinity: tokens that stand in an absent slot may be all padding to a graph.
    lowest = torch.finfo(dtype).min
    return torch.zeros(own.shape, dtype=dtype, device=own.device).masked_fill(~own, lowest)[:, None, None]


def _parts(model: Any, model_type: str) -> tuple[nn.Sequential, nn.ModuleList]:  # noqa: ANN401 - of transformers
    """What makes states of tokens, and the layers upon it."""
    layers: nn.ModuleList = (model.transformer if model_type == "distilbert" else model.encoder).layer
    # ELECTRA's embeddings may be narrower than its layers.
    widening = [model.embeddings_project] if hasattr(model, "embeddings_project") else []
    return nn.Sequential(model.embeddings, *widening), layers


def _check_vocabulary(given: int, own: int, pretrained: str | None) -> None:
    if given > own or (pretrained is not None and given < OWN_VOCABULARY * own):
        raise ValueError(
            f"the model knows {own} tokens, but the preprocessing has {given}: give it the model's own tokenizer, by "
            "data.preprocessing.<modality>.tokenizer."
        )


def _check_positions(max_length: int, embeddings: Any) -> None:  # noqa: ANN401 - of transformers
    # RoBERTa and its kin count positions from behind the padding's number.
    positions = embeddings.position_embeddings.num_embeddings - getattr(embeddings, "padding_idx", -1) - 1
    if max_length > positions:
        raise ValueError(
            f"max_length must be at most {positions}, the model's positions, but got {max_length}: set "
            "data.preprocessing.<modality>.max_length."
        )
