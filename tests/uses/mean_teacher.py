"""A mean teacher with a bank of features as a user would write it: https://arxiv.org/abs/1703.01780."""

import copy
from collections.abc import Mapping

import torch
from acclimate.framework import JOINT, Aligner, Layout, Step, Term
from torch import Tensor, nn


class MeanTeacher(Aligner):
    """Features of target samples learn to be those that a moving average of the model made of them."""

    bank: Tensor

    def __init__(self, momentum: float = 0.9) -> None:
        super().__init__()
        self.momentum = momentum

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Copy the model, and make room for a feature of each target sample."""
        self.teacher = copy.deepcopy(parts["model"]).requires_grad_(requires_grad=False)
        self.register_buffer("bank", torch.zeros(layout.samples["target"], layout.joint_size))

    def observe(self, step: Step) -> None:
        """The teacher follows the model, and puts what it sees into the bank."""
        assert step.model is not None
        for own, learnt in zip(self.teacher.parameters(), step.model.parameters(), strict=True):
            own.lerp_(learnt, 1 - self.momentum)
        if step.target is not None:
            self.bank[step.target.batch.index] = step.target.ask(self.teacher.eval()).features[JOINT]

    def forward(self, step: Step) -> dict[str, Term]:
        """One term, where there is a target."""
        if step.target is None:
            return {}
        difference = step.target.outputs.features[JOINT] - self.bank[step.target.batch.index]
        reaches = frozenset(key for key in step.representations if key[0] == "target")
        return {"consistency": Term(difference.square().mean(), reaches=reaches)}
