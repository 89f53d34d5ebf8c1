"""Encoders whose arguments a stranger chose: nothing is fetched, and what would never end is refused."""

import pytest
from acclimate.framework.encoders import SignalResNet, TemporalRelationNetwork, TransformerAudio, TransformerText

SIZES = {"model_type": "bert", "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}


@pytest.mark.parametrize(
    "field", ["_attn_implementation", "_name_or_path", "auto_map", "to_dict", "attn_implementation"]
)
def test_only_sizes_of_a_transformer_can_be_set(field: str) -> None:
    """An implementation of attention by the name of a repository would be fetched and run."""
    with pytest.raises(ValueError, match=f"config: bert has no field '{field}'"):
        TransformerText(8, 0, 4, config={**SIZES, field: "someone/code"})


@pytest.mark.parametrize("family", ["timm_wrapper", "timm_backbone", "gpt2", "wavlm", None])
def test_a_model_of_another_kind_is_not_even_made(family: str | None) -> None:
    with pytest.raises(ValueError, match=f"model_type must be one of bert, .*, but got {family!r}"):
        TransformerText(8, 0, 4, config={"model_type": family})
    with pytest.raises(ValueError, match="model_type must be one of hubert, wav2vec2, wavlm, but got 'bert'"):
        TransformerAudio(8000, config=SIZES)


def test_what_would_not_end_is_refused() -> None:
    with pytest.raises(ValueError, match="segments must be at most 20, but got 21"):
        TemporalRelationNetwork(in_features=2, segments=21)
    with pytest.raises(ValueError, match="depth must be at most 64, but got 1000000000"):
        SignalResNet(in_channels=3, depth=10**9)
    assert SignalResNet(in_channels=3, depth=64).out_features == 64
