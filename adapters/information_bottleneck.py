"""The Gaussian information bottleneck of A3D2 and Boomda.

Sun, Zhang, Hong, Zhu, Zeng: A3D2, ACL 2025, https://aclanthology.org/2025.acl-long.967/, eq. 5, whose authors' code is
https://github.com/sunjunaimer/A3D2; Sun, Zhang, Hong, Zhu, Gao: Boomda, AAAI 2026,
https://arxiv.org/abs/2511.08152, eq. 5.

Of a representation Z with a diagonal Gaussian model, I(X; Z) is up to a constant half its log-variance. Both papers add
it, times beta, to the cross-entropies of all modalities and of the joint (which `Supervised` gives).
"""

from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ..framework.arguments import check_not_negative, check_one_of, check_positive
from ..framework.batch import Step, Term
from ..framework.interfaces import Aligner
from ..framework.layout import JOINT, Layout
from ..framework.tensors.presence import keep_present
from .terms import reach

VarianceForm: TypeAlias = Literal["log", "log1p"]


def feature_variance(
    features: Float[Tensor, "batch width"], counted: Bool[Tensor, " batch"] | None = None, correction: int = 0
) -> Float[Tensor, " width"]:
    """Variance of each coordinate over the rows that count; 0 where there are not more of them than `correction`.

    Example:
        >>> feature_variance(torch.tensor([[1.0], [3.0]])).item()
        1.0
    """
    rows = torch.ones(len(features), dtype=torch.bool, device=features.device) if counted is None else counted
    values = keep_present(features, rows)
    number = rows.sum()
    mean = values.sum(dim=0) / number.clamp(min=1)
    deviations = keep_present(features - mean, rows)
    enough = number > correction
    return torch.where(enough, deviations.square().sum(dim=0) / (number - correction).clamp(min=1), 0.0)


def log_variance(
    features: Float[Tensor, "batch width"],
    counted: Bool[Tensor, " batch"] | None = None,
    *,
    form: VarianceForm = "log",
    epsilon: float = 1e-5,
    correction: int = 0,
) -> Float[Tensor, ""]:
    r""":math:`\frac12 \log|\Sigma| = \frac12 \sum_j \log(\sigma_j^2 + \epsilon)` with diagonal Sigma (eq. 5).

    Args:
        features: the features of one modality, or the joint ones.
        counted: which rows count; None means all.
        form: "log" as printed, or "log1p", half the sum of log(1 + variance), which is 0 where features collapse.
        epsilon: bounds the printed form from below by half the width times its logarithm: collapsed coordinates would
            otherwise be worth minus infinity. The papers print none.
        correction: 0 divides by the number of rows, 1 by one less. The papers do not say which.

    Example:
        >>> round(log_variance(torch.tensor([[1.0], [3.0]]), form="log1p").item(), 4)  # log(2) / 2
        0.3466
    """
    variance = feature_variance(features, counted, correction)
    return 0.5 * (variance.log1p() if form == "log1p" else (variance + epsilon).log()).sum()


class InformationBottleneck(Aligner):
    """Half the log-variance of the source's features: one term per modality, and `joint`.

    With unit-norm features of width d each variance is about 1/d, so the value is large (about -700 at d = 256) and
    the gradient is what counts: it pulls coordinates together. It cannot fall below what epsilon allows.

    Args:
        beta: the weight of each term, 1e-3 in A3D2 and 5e-4 in Boomda.
        joint: whether the joint features count too, as printed; the authors' code leaves them out.
        form: "log" as printed, or the bounded "log1p" of the authors' code.
        epsilon: what is added to each variance of the printed form, see `log_variance`.
        correction: what the number of rows is lessened by in a variance, see `log_variance`.

    Raises:
        ValueError: if an argument breaks its rule.

    Example:
        >>> from acclimate.framework.testing import make_layout, make_step
        >>> aligner = InformationBottleneck(beta=5e-4)
        >>> aligner.bind(make_layout(), {})
        >>> {name: term.weight for name, term in aligner(make_step()).items()}
        {'audio': 0.0005, 'image': 0.0005, 'joint': 0.0005}
    """

    layout: Layout

    def __init__(
        self,
        beta: float = 1e-3,
        *,
        joint: bool = True,
        form: VarianceForm = "log",
        epsilon: float = 1e-5,
        correction: int = 0,
    ) -> None:
        super().__init__()
        check_not_negative(beta=beta)
        check_one_of(get_args(VarianceForm), form=form)
        check_positive(epsilon=epsilon)
        if correction not in {0, 1}:
            raise ValueError(f"correction must be 0 or 1, but got {correction}.")
        self.beta = beta
        self.joint = joint
        self.form: VarianceForm = form
        self.epsilon = epsilon
        self.correction = correction

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take the modalities."""
        self.layout = layout

    def forward(self, step: Step) -> dict[str, Term]:
        """The regulariser of each modality over the samples that have it, and of the joint features over all."""
        if step.source is None:
            return {}
        side = step.source
        terms = {
            modality: Term(
                self._value(side.outputs.features[modality], side.batch.has(modality)),
                self.beta,
                frozenset({("source", modality)}),
            )
            for modality in self.layout.modalities
        }
        if self.joint:
            terms[JOINT] = Term(self._value(side.outputs.features[JOINT]), self.beta, reach("source", self.layout))
        return terms

    def _value(
        self, features: Float[Tensor, "batch _"], counted: Bool[Tensor, " batch"] | None = None
    ) -> Float[Tensor, ""]:
        return log_variance(features, counted, form=self.form, epsilon=self.epsilon, correction=self.correction)
