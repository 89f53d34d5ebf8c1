"""Properties that all Fusions share. A new method adds its line to FUSIONS."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import onnxruntime
import pytest
import torch
from acclimate.adapters.affinity_fusion import Affinity
from acclimate.adapters.class_encoder import ClassEncoder
from acclimate.adapters.concatenation import Concatenation
from acclimate.adapters.late_sum import LateSum
from acclimate.adapters.tensor_product import TensorProduct
from acclimate.adapters.tensor_projections import TensorProjections
from acclimate.framework.batch import Outputs
from acclimate.framework.interfaces import Fusion, Part
from acclimate.framework.layout import Layout
from acclimate.framework.testing import DIGIT, FUSION_PROMISES, SCORE, FusionCase, make_scene
from torch import Tensor, nn

FUSIONS: Mapping[str, Callable[[], Fusion]] = {
    "late-sum": LateSum,
    "concatenation": Concatenation,
    "concatenation-hidden": lambda: Concatenation(hidden=8),
    "affinity": Affinity,
    "tensor-product": TensorProduct,
}
PARTS: Mapping[str, Callable[[], nn.Module]] = {"classes": ClassEncoder, "projections": TensorProjections}
"""Modules that some Fusions share with other parts, by the name that they look for."""

each_fusion = pytest.mark.parametrize("make", FUSIONS.values(), ids=list(FUSIONS))


@pytest.mark.parametrize("promise", FUSION_PROMISES)
@pytest.mark.parametrize("name", FUSIONS)
def test_promise(name: str, promise: str) -> None:
    FUSION_PROMISES[promise](FusionCase(FUSIONS[name], name, PARTS))


def bind(fusion: Fusion, layout: Layout) -> Fusion:
    """Bind, with the same weights at each call."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        parts = {name: make() for name, make in PARTS.items()}
        for part in parts.values():
            if isinstance(part, Part):
                part.bind(layout, parts)
        fusion.bind(layout, parts)
    return fusion


class _Graph(nn.Module):
    """A Fusion of two modalities and one task with tensors in and out, as an exporter sees it."""

    def __init__(self, fusion: Fusion) -> None:
        super().__init__()
        self.fusion = fusion

    def forward(self, audio: Tensor, image: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        features = {"audio": audio, "image": image}
        logits = {"digit": {name: values[:, :3] for name, values in features.items()}}
        fused = self.fusion(Outputs(features, logits, {"digit": features}), present > 0.5, "target")
        return fused.features, fused.logits["digit"]


@pytest.mark.usefixtures("exports")
@each_fusion
def test_export(make: Callable[[], Fusion], tmp_path: Path) -> None:
    fusion = bind(make(), make_scene(2).layout)
    graph = _Graph(fusion).eval()
    example = (torch.randn(3, 5), torch.randn(3, 5), torch.ones(3, 2))
    path = tmp_path / "fusion.onnx"
    axes = ({0: torch.export.Dim.DYNAMIC},) * 3
    torch.onnx.export(graph, example, dynamo=True, dynamic_shapes=axes, verbose=False).save(path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for number in (1, 3, 17):
        audio, image = torch.randn(number, 5), torch.full((number, 5), torch.nan)
        inputs = {"audio": audio, "image": image, "present": torch.tensor([[1.0, 0.0]]).repeat(number, 1)}
        found = session.run(None, {name: value.numpy() for name, value in inputs.items()})
        for expected, output in zip(graph(**inputs), found, strict=True):
            torch.testing.assert_close(torch.from_numpy(output), expected)


def test_late_sum_adds_logits_and_concatenates_features() -> None:
    features = {"audio": torch.tensor([[1.0], [2.0]]), "image": torch.tensor([[3.0, 4.0], [5.0, 6.0]])}
    logits = {
        "digit": {"audio": torch.tensor([[1.0, -1.0], [2.0, 0.0]]), "image": torch.tensor([[0.5, 4.0], [7.0, 7.0]])}
    }
    present = torch.tensor([[True, True], [True, False]])
    fused = LateSum()(Outputs(features, logits, {"digit": features}), present, "source")
    torch.testing.assert_close(fused.logits["digit"], torch.tensor([[1.5, 3.0], [2.0, 0.0]]))
    torch.testing.assert_close(fused.features, torch.tensor([[1.0, 3.0, 4.0], [2.0, 0.0, 0.0]]))


def test_concatenation_has_its_own_joint_head() -> None:
    scene = make_scene(2, tasks=(DIGIT, SCORE))
    fusion = bind(Concatenation(), scene.layout).double()
    outputs, present = scene.side("target", labelled=False).outputs, scene.rows["target"].present
    fused = fusion(attrs.evolve(outputs, features=dict(scene.rows["target"].features)), present, "target")
    joint = torch.cat([outputs.features["audio"], outputs.features["image"]], dim=1)
    torch.testing.assert_close(fused.features, joint)
    for task, size in (("digit", 3), ("score", 1)):
        head = fusion.get_submodule(f"heads.{task}")
        assert isinstance(head, nn.Linear)
        assert head.weight.shape == (size, joint.shape[1])
        torch.testing.assert_close(fused.logits[task], joint @ head.weight.T + head.bias)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden": 0}, "hidden must be positive, but got 0"),
        ({"hidden": 8, "dropout": 1.0}, r"dropout must be within \[0, 1\), but got 1.0"),
        ({"dropout": 0.3}, "hidden is None and dropout 0.3"),
    ],
)
def test_concatenation_refuses(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Concatenation(**arguments)
