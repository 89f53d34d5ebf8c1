"""Encoders of real size, with random weights: nothing is downloaded, and time does not depend on what they know."""

import torch
from acclimate.framework import Encoder, EncoderInput
from acclimate.framework.encoders import LogMelCNN, TimmImage
from acclimate.framework.encoders.convolution import feature_layer
from jaxtyping import Float
from torch import Tensor, nn

IMAGE_SIDE = 224
SAMPLING_RATE = 16_000
SECONDS = 3
TOKENS = 64
VOCABULARY = 30_522
"""Tokens of bert-base-uncased."""


class BertText(Encoder):
    """A BERT of 4 layers x 256 (google/bert_uncased_L-4_H-256_A-4) for token ids `(B, tokens)`; of its first token.

    Needs transformers.

    Args:
        out_features: length of the feature vectors.
        layers: of the transformer.
        width: of its hidden states, a multiple of 64.
    """

    def __init__(self, out_features: int, layers: int = 4, width: int = 256) -> None:
        super().__init__()
        from transformers import BertConfig, BertModel

        self.out_features = out_features
        config = BertConfig(
            vocab_size=VOCABULARY,
            hidden_size=width,
            num_hidden_layers=layers,
            num_attention_heads=width // 64,
            intermediate_size=4 * width,
        )
        self.bert = BertModel(config, add_pooling_layer=False)
        self.projection = feature_layer(width, out_features)

    def forward(self, inputs: EncoderInput) -> Float[Tensor, "batch out_features"]:
        """Encode token ids `(B, tokens)`; numbers are rounded down, as the schema has no kind of input for ids yet."""
        states: Tensor = self.bert(inputs.values.long()).last_hidden_state
        features: Tensor = self.projection(states[:, 0])
        return features


class Scaling(Encoder):
    """Multiplies feature vectors by weights: no encoder costs less, so what is left of a step is the method's own."""

    def __init__(self, out_features: int) -> None:
        super().__init__()
        self.out_features = out_features
        self.weight = nn.Parameter(torch.ones(out_features))

    def forward(self, inputs: EncoderInput) -> Float[Tensor, "batch out_features"]:
        """Scale vectors `(B, out_features)`."""
        return inputs.values * self.weight


def make_real_encoders(features: int) -> dict[str, Encoder]:
    """resnet18 at 224 x 224, log-mel and a CNN on 3 s at 16 kHz, BERT on 64 tokens."""
    return {
        "audio": LogMelCNN(SAMPLING_RATE, out_features=features),
        "image": TimmImage("resnet18", 3, IMAGE_SIDE, IMAGE_SIDE, out_features=features),
        "text": BertText(features),
    }


def make_scalings(features: int) -> dict[str, Encoder]:
    """No encoders, so to speak, for three modalities."""
    return {name: Scaling(features) for name in ("audio", "image", "text")}
