"""DALN, the task's own head as discriminator, as a user would write it: https://arxiv.org/abs/2203.14314."""

from collections.abc import Mapping

from acclimate.adapters.domain_adversarial import reverse_gradient
from acclimate.framework import Aligner, Layout, Step, Term
from torch import nn
from torch.linalg import matrix_norm


class NuclearDiscrepancy(Aligner):
    """Heads learn to be surer of the source than of the target, and features that they cannot be (equation 8)."""

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take the task's name."""
        self.task = layout.tasks[0].name

    def forward(self, step: Step) -> dict[str, Term]:
        """One term, where there are both sides."""
        sureness = {}
        for name, side in step.sides:
            features = {
                modality: reverse_gradient(side.outputs.features[modality], 1.0) for modality in side.batch.modalities
            }
            logits = step.classify(features, side.batch.present, name).joint_logits(self.task)
            sureness[name] = matrix_norm(logits.softmax(dim=1), "nuc") / len(side.batch)
        return {"discrepancy": Term(sureness["target"] - sureness["source"])} if len(sureness) == 2 else {}
