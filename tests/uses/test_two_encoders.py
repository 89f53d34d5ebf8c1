"""ADDA's two encoders: what is lost on a side trains its own, and the target's is shipped (change 3)."""

from pathlib import Path

import onnx
import pytest
import torch
from acclimate.exporters import Session, export_onnx
from acclimate.framework import Builder, DomainSide, Method, read_recipe
from acclimate.framework.testing import check_encoder, make_batch, make_schema

from .encoder_by_side import EncoderBySide

ENCODERS = {"features": {"class_path": "uses.encoder_by_side.EncoderBySide"}}


@pytest.fixture
def method() -> Method:
    """Of vectors of one modality, before any training."""
    torch.manual_seed(0)
    return Builder(read_recipe("source-only", {"model.encoders": ENCODERS})).build(make_schema(("image",)))


def test_they_keep_what_an_encoder_promises() -> None:
    check_encoder(lambda: EncoderBySide(6), torch.randn(5, 6))


@pytest.mark.parametrize("side", ["source", "target"])
def test_what_is_lost_on_a_side_reaches_its_encoder_alone(method: Method, side: DomainSide) -> None:
    method.look(make_batch(("image",)), side).outputs.joint_logits("digit").square().sum().backward()
    weights = dict(method.model.encoders.named_parameters())
    reached = {name for name, weight in weights.items() if weight.grad is not None and weight.grad.any()}
    assert reached == {f"image.{side}.weight", f"image.{side}.bias"}


@pytest.mark.usefixtures("exports")
def test_the_targets_alone_is_exported(method: Method, tmp_path: Path) -> None:
    export_onnx(method.model, tmp_path, make_schema(("image",)), form="split")
    batch = make_batch(("image",))
    found = torch.from_numpy(Session(tmp_path).run({"image": batch.inputs["image"].numpy()})["logits"])
    target, source = (method.look(batch, side).outputs.joint_logits("digit").detach() for side in ("target", "source"))
    torch.testing.assert_close(found, target, rtol=1e-4, atol=1e-5)
    assert (found - source).abs().max() > 0.1
    weights = onnx.load(tmp_path / "encoders" / "image.onnx").graph.initializer
    assert {weight.name for weight in weights} == {"encoder.target.weight", "encoder.target.bias"}
