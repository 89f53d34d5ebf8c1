"""Batch statistics of each domain: the target is normalised by its own, in the artefact too (change 3)."""

from pathlib import Path

import attrs
import pytest
import torch
from acclimate.exporters import Session, export_onnx
from acclimate.framework import Batch, Builder, DomainSide, Encoder, EncoderInput, Method, read_recipe
from acclimate.framework.testing import check_encoder, make_batch, make_schema
from torch import Tensor, nn


class DomainSpecific(Encoder):
    """A layer, and batch normalisation with statistics and weights of each side: https://arxiv.org/abs/1906.03950."""

    def __init__(self, in_features: int) -> None:
        super().__init__()
        self.out_features = in_features
        self.layer = nn.Linear(in_features, in_features, bias=False)
        self.norms = nn.ModuleDict({side: nn.BatchNorm1d(in_features) for side in ("source", "target")})

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Normalise by the side's own."""
        features: Tensor = self.norms[inputs.domain_side](self.layer(inputs.values))
        return features


def draw(seed: int, shift: float = 0.0) -> Batch:
    batch = make_batch(("image",), rows=64, labelled=not shift, seed=seed)
    return attrs.evolve(batch, inputs={"image": batch.inputs["image"] + shift})


@pytest.fixture
def method() -> Method:
    """After steps on both sides, of which the target lies elsewhere."""
    torch.manual_seed(0)
    encoders = {"image": {"class_path": "uses.test_statistics_per_domain.DomainSpecific", "init_args": {}}}
    method = Builder(read_recipe("source-only", {"model.encoders": encoders})).build(make_schema(("image",)))
    for seed in range(60):
        method.train().step(draw(seed), draw(seed, shift=5.0))
    return method.eval()


def test_it_keeps_what_an_encoder_promises() -> None:
    check_encoder(lambda: DomainSpecific(6), torch.randn(5, 6), least_rows=2)


def offset(method: Method, batch: Batch, side: DomainSide) -> float:
    return method.look(batch, side).outputs.features["image"].mean(dim=0).abs().max().item()


def test_each_side_is_normalised_by_its_own(method: Method) -> None:
    source, target = draw(99), draw(99, shift=5.0)
    assert offset(method, source, "source") < 0.5
    assert offset(method, target, "target") < 0.5
    assert offset(method, target, "source") > 2


@pytest.mark.usefixtures("exports")
def test_the_targets_statistics_are_exported(method: Method, tmp_path: Path) -> None:
    export_onnx(method.model, tmp_path, make_schema(("image",)))
    target = draw(99, shift=5.0)
    found = Session(tmp_path).run({"image": target.inputs["image"].numpy()})["logits"]
    expected = method.look(target, "target").outputs.joint_logits("digit").detach()
    torch.testing.assert_close(torch.from_numpy(found), expected, rtol=1e-4, atol=1e-5)
