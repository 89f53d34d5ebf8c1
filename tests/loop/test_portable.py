"""A run whose encoder began from a file is opened where the file is gone."""

from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from acclimate.framework import Encoder, EncoderInput, RecipeError
from acclimate.framework.data import read_table
from acclimate.framework.experiments.comparison import adapt_table
from acclimate.framework.experiments.saved_method import load_run
from acclimate.framework.training.run_options import RunOptions
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from .small import SIZES, make_experiment, make_recipe, write_table


class FromFile(Encoder):
    """Its first weights come from a file, and say how large it is."""

    def __init__(self, in_features: int, pretrained: str | None = None, out_features: int | None = None) -> None:
        super().__init__()
        weights: dict[str, Tensor] = {}
        if pretrained is not None:
            if not Path(pretrained).is_file():
                raise ValueError(f"pretrained must be a file, but there is none at {pretrained}.")
            weights = load_file(pretrained)
            out_features = len(weights["bias"])
        self.out_features = out_features or 3
        self.layer = nn.Linear(in_features, self.out_features)
        if weights:
            self.layer.load_state_dict(weights)

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Encode `(B, in_features)`."""
        features: Tensor = self.layer(inputs.values).relu()
        return features

    def portable_arguments(self) -> dict[str, Any]:
        """Its size in place of the file."""
        return {"pretrained": None, "out_features": self.out_features}


def test_a_run_is_opened_where_the_pretrained_weights_are_gone(tmp_path: Path) -> None:
    name, size = next(iter(SIZES.items()))
    weights = tmp_path / "weights.safetensors"
    save_file(nn.Linear(size, 7).state_dict(), weights)
    spec = {"class_path": "loop.test_portable.FromFile", "init_args": {"pretrained": str(weights)}}
    recipe = make_recipe(model__encoders={name: spec})
    table = read_table(write_table(tmp_path))
    adapt_table(
        make_experiment(table, recipe), tmp_path / "run", RunOptions(accelerator=Accelerator(cpu=True)), reference=None
    )
    weights.unlink()
    method, _, opened = load_run(tmp_path / "run", "last")
    assert opened == recipe
    encoder = method.model.encoders[name]
    assert isinstance(encoder, FromFile)
    assert encoder.out_features == 7
    saved = load_file(tmp_path / "run" / "checkpoints" / "last.safetensors")
    torch.testing.assert_close(encoder.layer.weight.detach(), saved[f"method.model.encoders.{name}.layer.weight"])
    experiment = make_experiment(table, recipe)
    schema, domains = experiment.open()
    with pytest.raises(RecipeError, match=r"pretrained must be a file, but there is none at .*weights.safetensors"):
        experiment.build(recipe, schema, domains)
