"""The method that CONTRIBUTING.md adds works as it is printed there."""

import re
from pathlib import Path

import pytest
import torch
from acclimate.framework import Batch, Builder, Schema, Task, read_recipe
from acclimate.framework.data import FeaturesPreprocessing

TEXT = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")


def code_block(language: str) -> str:
    """The page's block of that language; there is exactly one."""
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    return str(block)


def make_batch(rows: int, *, labelled: bool) -> Batch:
    """Random rows of two modalities, the last row without audio."""
    present = torch.ones(rows, 2, dtype=torch.bool)
    present[-1, 0] = False
    return Batch(
        inputs={"audio": torch.randn(rows, 4), "video": torch.randn(rows, 3)},
        present=present,
        domain=torch.zeros(rows, dtype=torch.int64),
        index=torch.arange(rows),
        ids=tuple(str(row) for row in range(rows)),
        labels={"label": torch.arange(rows) % 2} if labelled else None,
    )


def test_the_methods_example_trains_an_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_methods.py").write_text(code_block("python"), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "mean-alignment.yaml").write_text(code_block("yaml"), encoding="utf-8")
    preprocessing = {
        name: FeaturesPreprocessing(mean=[0.0] * size, std=[1.0] * size) for name, size in (("audio", 4), ("video", 3))
    }
    schema = Schema(preprocessing, (Task("label", ("no", "yes")),))
    method = Builder(read_recipe(tmp_path / "mean-alignment.yaml")).build(schema)
    losses = method.step(make_batch(4, labelled=True), make_batch(3, labelled=False))
    means = {name: term for name, term in losses.terms.items() if name.startswith("means/")}
    assert set(means) == {"means/audio", "means/video"}
    means["means/audio"].value.backward()
    gradients = [parameter.grad for parameter in method.model.encoders["audio"].parameters()]
    assert any(gradient is not None and gradient.abs().sum() > 0 for gradient in gradients)
