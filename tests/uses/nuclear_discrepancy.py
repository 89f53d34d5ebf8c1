"""DALN, the task's own head as discriminator, as a user would write it: https://arxiv.org/abs/2203.14314."""

from collections.abc import Mapping

from acclimate.adapters.domain_adversarial import reverse_gradient
from acclimate.framework import Aligner, DomainSide, Layout, Side, Step, Term
from torch import Tensor, nn
from torch.linalg import matrix_norm


class NuclearDiscrepancy(Aligner):
    """Heads learn to be surer of the source than of the target, and features that they cannot be (equation 8)."""

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take the tasks that have classes."""
        self.tasks = [task.name for task in layout.tasks if not task.is_regression]

    def forward(self, step: Step) -> dict[str, Term]:
        """A term for each task, where there are both sides."""
        if step.source is None or step.target is None:
            return {}
        source, target = (self.sureness(step, name, side) for name, side in step.sides)
        return {task: Term(target[task] - source[task]) for task in self.tasks}

    def sureness(self, step: Step, name: DomainSide, side: Side) -> dict[str, Tensor]:
        """By task: the nuclear norm of the predictions for a side, a sample's share of it."""
        features = {key: reverse_gradient(side.outputs.features[key], 1.0) for key in side.batch.modalities}
        outputs = step.classify(features, side.batch.present, name)
        predictions = {task: outputs.joint_logits(task).softmax(dim=1) for task in self.tasks}
        return {task: matrix_norm(rows, "nuc") / len(side.batch) for task, rows in predictions.items()}
