"""Information maximisation on the target: sure of each sample, even over classes.

Bridle, Heading, MacKay: Unsupervised Classifiers, Mutual Information and 'Phantom Targets', NIPS 1991,
https://proceedings.neurips.cc/paper/1991/hash/a8abb4bb284b5b27aa7cb790dc20f80b-Abstract.html; RNA, IJCV 2024,
https://doi.org/10.1007/s11263-024-01998-9, section 3.6, whose authors' code is
https://github.com/EgocentricVision/RNA-TTA.
"""

import math
from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor, nn

from ..framework.arguments import check_not_negative
from ..framework.batch import Step, Term
from ..framework.interfaces import Aligner
from ..framework.layout import JOINT, Layout
from .terms import reach, term_name


def mean_entropy(logits: Float[Tensor, "batch classes"]) -> Float[Tensor, ""]:
    """Mean over samples of the entropy of the softmax, in nats.

    Example:
        >>> import torch
        >>> round(mean_entropy(torch.tensor([[0.0, 0.0], [100.0, 0.0]])).item(), 4)  # log(2) / 2
        0.3466
    """
    log_probabilities = logits.log_softmax(dim=1)
    return -(log_probabilities.exp() * log_probabilities).sum(dim=1).mean()


def entropy_of_mean(logits: Float[Tensor, "batch classes"]) -> Float[Tensor, ""]:
    """Entropy of the mean softmax, in nats.

    Example:
        >>> import torch
        >>> round(entropy_of_mean(torch.tensor([[0.0, 100.0], [100.0, 0.0]])).item(), 4)  # log(2)
        0.6931
    """
    # In logarithms: a class whose mean probability underflows to 0 would otherwise have an infinite gradient.
    log_mean = logits.log_softmax(dim=1).logsumexp(dim=0) - math.log(len(logits))
    return -(log_mean.exp() * log_mean).sum()


def information_maximisation_loss(logits: Float[Tensor, "batch classes"]) -> Float[Tensor, ""]:
    r""":math:`-E_x \sum_c p_c(x) \log p_c(x) + \sum_c \bar p_c \log \bar p_c` (RNA, section 3.6), to be minimised.

    Between -log C, where each sample is sure and the classes are even, and 0. A batch of one gives 0 without gradient.

    Example:
        >>> import torch
        >>> sure_and_even = torch.tensor([[100.0, 0.0], [0.0, 100.0]])
        >>> round(information_maximisation_loss(sure_and_even).item(), 4)
        -0.6931
    """
    return mean_entropy(logits) - entropy_of_mean(logits)


class InformationMaximisation(Aligner):
    """L_IM on the joint logits of the target: the term `joint`, one per task.

    A regression task has no term, nor has a step without target.

    Args:
        lambda_im: the weight of each term. The paper prints none; the default is ours.

    Raises:
        ValueError: if `lambda_im` is negative.

    Example:
        >>> from acclimate.framework.testing import make_layout, make_step
        >>> aligner = InformationMaximisation()
        >>> aligner.bind(make_layout(), {})
        >>> terms = aligner(make_step())
        >>> list(terms), bool(terms["joint"].value < 0)
        (['joint'], True)
    """

    layout: Layout

    def __init__(self, lambda_im: float = 1.0) -> None:
        super().__init__()
        check_not_negative(lambda_im=lambda_im)
        self.lambda_im = lambda_im

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take the tasks."""
        self.layout = layout

    def forward(self, step: Step) -> dict[str, Term]:
        """L_IM of each classification task."""
        if step.target is None:
            return {}
        outputs = step.target.outputs
        return {
            term_name(JOINT, task, self.layout): Term(
                information_maximisation_loss(outputs.joint_logits(task.name)),
                self.lambda_im,
                reach("target", self.layout),
            )
            for task in self.layout.tasks
            if not task.is_regression
        }
