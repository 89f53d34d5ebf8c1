"""Models of transformers: where they come from, what is said when they do not, and how they are built again."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from acclimate.framework.encoders.pretrained import count_frozen, load_transformer, portable_config
from bits import assert_same_bits

TINY = {"model_type": "bert", "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
TINY |= {"intermediate_size": 8, "vocab_size": 20, "max_position_embeddings": 12}


def save(folder: Path) -> Any:  # noqa: ANN401
    model, _ = load_transformer(None, TINY)
    saved: Any = model
    saved.save_pretrained(folder)
    return model


def test_a_folder_gives_its_weights(tmp_path: Path) -> None:
    saved = save(tmp_path)
    loaded, config = load_transformer(str(tmp_path), None)
    assert config.hidden_size == 16
    assert loaded.state_dict().keys() == saved.state_dict().keys()
    for name, weights in saved.state_dict().items():
        assert_same_bits(loaded.state_dict()[name], weights, name)


def test_a_file_of_torch_gives_its_tensors_and_runs_nothing(tmp_path: Path) -> None:
    saved, _ = load_transformer(None, TINY)
    (tmp_path / "config.json").write_text(json.dumps(TINY))
    torch.save(saved.state_dict(), tmp_path / "pytorch_model.bin")
    loaded, _ = load_transformer(str(tmp_path), None)
    for name, weights in saved.state_dict().items():
        assert_same_bits(loaded.state_dict()[name], weights, name)
    trap = tmp_path / "trap"
    torch.save(saved.state_dict() | {"more": Call(Path.touch, trap)}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ValueError, match="must hold tensors alone"):
        load_transformer(str(tmp_path), None)
    assert not trap.exists()


class Call:
    """What is unpickled calls a function."""

    def __init__(self, function: Callable[..., Any], *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[object, ...]]:
        """The call in place of this object."""
        return self.call


def test_half_precision_becomes_float32(tmp_path: Path) -> None:
    save(tmp_path).half().save_pretrained(tmp_path)
    loaded, _ = load_transformer(str(tmp_path), None)
    assert {weights.dtype for weights in loaded.parameters()} == {torch.float32}


@pytest.mark.parametrize("config", [TINY, {"model_type": "distilbert", "hidden_size": 32, "n_heads": 2, "dim": 32}])
def test_a_configuration_rebuilds_the_same_model(config: dict[str, Any]) -> None:
    model, made = load_transformer(None, config)
    again, remade = load_transformer(None, json.loads(json.dumps(portable_config(made))))
    assert remade.to_dict() == made.to_dict()
    again.load_state_dict(model.state_dict())


def test_a_configuration_is_short(tmp_path: Path) -> None:
    save(tmp_path)
    _, config = load_transformer(str(tmp_path), None)
    assert portable_config(config) == TINY


def write(folder: Path, **files: bytes) -> str:
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_bytes(content)
    return str(folder)


SMALL_BERT = json.dumps(TINY).encode()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "Unrecognized model"),
        ({"config__json": b'{"model_type": "nosuch"}'}, "model type `nosuch`"),
        ({"config__json": b"{"}, "is not a valid JSON file"),
        ({"config__json": SMALL_BERT}, "no file named model.safetensors"),
        ({"config__json": SMALL_BERT, "pytorch_model__bin": b"x"}, "must hold tensors alone"),
        ({"config__json": SMALL_BERT, "model__safetensors": b"x" * 30}, "header too large"),
    ],
)
def test_a_folder_that_does_not_serve_is_one_line(tmp_path: Path, files: dict[str, bytes], message: str) -> None:
    folder = write(tmp_path, **files)
    with pytest.raises(ValueError, match=message) as caught:
        load_transformer(folder, None)
    assert str(caught.value).startswith(f"pretrained: cannot load {folder!r}: ")
    assert "\n" not in str(caught.value)


def test_weights_that_are_not_there_are_named(tmp_path: Path) -> None:
    save(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(TINY | {"num_hidden_layers": 3}))
    with pytest.raises(ValueError, match=r"lacks weights of BertModel, such as encoder\.layer\.2\.attention"):
        load_transformer(str(tmp_path), None)


@pytest.mark.parametrize(
    ("pretrained", "config", "message"),
    [
        (None, None, "either pretrained or config must be given, but got neither."),
        ("x", TINY, "either pretrained or config must be given, but got both."),
        (
            "./no/folder",
            None,
            "pretrained must be a folder or a name on the Hugging Face hub, but found no ./no/folder.",
        ),
        (None, {}, "config must have a known model_type, such as bert, but got None."),
        (None, {"model_type": "brt"}, "config must have a known model_type, such as bert, but got 'brt'."),
        (
            None,
            TINY | {"hiden_size": 3},
            "config: bert has no field 'hiden_size'; did you mean 'hidden_size'?",
        ),
        (
            None,
            TINY | {"hidden_size": 15},
            "config: cannot make a model of type bert: The hidden size (15) is not a multiple",
        ),
        (
            None,
            TINY | {"hidden_size": "x"},
            "config: cannot make a model of type bert: Validation error for field 'hidden_size':",
        ),
    ],
)
def test_refuses(pretrained: str | None, config: dict[str, Any] | None, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        load_transformer(pretrained, config)
    assert "\n" not in str(caught.value)


def test_how_many_layers_are_frozen() -> None:
    assert [count_frozen(12, trainable) for trainable in (None, 0, 3, 12)] == [None, 12, 9, 0]
    for trainable in (-1, 13):
        with pytest.raises(ValueError, match=f"trainable_layers must be from 0 to the model's 12, but got {trainable}"):
            count_frozen(12, trainable)
