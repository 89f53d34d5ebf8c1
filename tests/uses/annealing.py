"""A user's script: trains an annealed recipe of 3,000 steps, and once more from where it was killed."""

import json
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import torch
from acclimate.framework import RunOptions, adapt, read_recipe
from acclimate.framework.data import read_table
from acclimate.framework.experiments.experiment import Experiment
from acclimate.framework.training.display import Display
from torch import Tensor

ANNEALED = """
extends: source-only
name: annealed
model:
  encoders: {features: {class_path: acclimate.framework.encoders.MLP, init_args: {hidden: [4], out_features: 4}}}
stages:
  - {name: source, steps: 3000, target: false}
training:
  batch_size: 2
  optimizer: {class_path: uses.annealing.NotedSGD, init_args: {lr: 0.01}}
  learning_rate: {decay: inverse, alpha: 10, beta: 0.75}
  parameter_groups:
    model.heads.*: {lr_factor: 10}
"""
"""As Ganin et al. (JMLR 2016, section 5.2.2) anneal the rate, with ten times the rate on the heads."""


class NotedSGD(torch.optim.SGD):
    """Notes the rate of each group at each step: of the heads, then of all else."""

    rates: ClassVar[list[list[float]]] = []

    def __init__(self, params: Iterable[Tensor], lr: float) -> None:
        super().__init__(params, lr=lr)
        self.register_step_pre_hook(self._note)

    @classmethod
    def _note(cls, optimizer: torch.optim.Optimizer, *_: object) -> None:
        cls.rates.append(sorted((group["lr"] for group in optimizer.param_groups), reverse=True))


class Killed(Display):
    """Keeps what a run leaves that is killed after so many steps, and lets it go on."""

    def __init__(self, steps: int, out: Path, kept: Path) -> None:
        self.left, self.out, self.kept = steps, out, kept

    def step(self, epochs: float, loss: Tensor) -> None:
        """Copy the folder at the step after."""
        self.left -= 1
        if self.left == -1:
            shutil.copytree(self.out, self.kept)


def main(folder: Path) -> None:
    """Train in `folder/whole`; then go on in `folder/killed` from step 1,234 of it. The rates of both to rates.json."""
    from uses.annealing import NotedSGD as Noted

    (folder / "annealed.yaml").write_text(ANNEALED)
    recipe = read_recipe(folder / "annealed.yaml")
    experiment = Experiment(recipe, read_table(folder / "table.csv"), "here")
    schema, domains = experiment.open()
    whole, killed = folder / "whole", folder / "killed"
    method = experiment.build(recipe, schema, domains)
    adapt(method, recipe, domains, whole, RunOptions(display=Killed(1234, whole, killed), checkpoint_every=1234))
    adapt(experiment.build(recipe, schema, domains), recipe, domains, killed, RunOptions(resume=True))
    (folder / "rates.json").write_text(json.dumps(Noted.rates))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
