"""Metric learning between labels and features (MODfinity's MOML), which trains the class encoder.

Liu, Lv, Kang, Zhang, Liang, He: MODfinity: Unsupervised Domain Adaptation with Multimodal Information Flow
Intertwining, CVPR 2025,
https://openaccess.thecvf.com/content/CVPR2025/html/Liu_MODfinity_Unsupervised_Domain_Adaptation_with_Multimodal_Information_Flow_Intertwining_CVPR_2025_paper.html;
section 3.3. The authors' code: https://github.com/SCUTliu22/MoDfinity.
"""

from collections.abc import Mapping
from typing import get_args

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from ..framework.arguments import check_not_negative, check_one_of
from ..framework.batch import Side, Step, Term
from ..framework.interfaces import Aligner
from ..framework.layout import DomainSide, Layout, Task
from ..framework.tensors.presence import keep_present
from .class_encoder import ClassEncoder, shared_classes
from .contrast import ContrastForm, contrast_loss
from .terms import UNLABELLED, term_name, usable_labels


def metric_learning_loss(
    log_affinities: Float[Tensor, "batch classes"],
    labels: Int64[Tensor, " batch"],
    counted: Bool[Tensor, " batch"] | None = None,
    form: ContrastForm = "ratio",
) -> Float[Tensor, ""]:
    r""":math:`L_{MOML}` of one modality (eq. 2).

    The sums over samples j of the batch are sums over classes, weighted by the number of samples of each: of a sample
    only its label counts on that side. A class that the batch lacks does not count.

    Args:
        log_affinities: the logarithm of the affinity of each sample's features to each class.
        labels: class indices; a sample whose label is -1 does not count.
        counted: which samples count; None means all.
        form: whether sums run over each sample or the whole batch, see `contrast_loss`.

    Example:
        >>> log_affinities = torch.tensor([[3.0, 1.0], [1.0, 1.0]]).log()
        >>> round(metric_learning_loss(log_affinities, torch.tensor([0, 1])).item(), 4)  # log(6 / 4)
        0.4055
    """
    known = labels != UNLABELLED
    rows = (known if counted is None else known & counted).unsqueeze(1)
    positives = labels.unsqueeze(1) == torch.arange(log_affinities.shape[1], device=labels.device)
    numbers = (positives & rows).sum(dim=0)
    log_numbers = numbers.clamp(min=1).to(log_affinities.dtype).log()
    return contrast_loss(log_affinities + log_numbers, positives, rows & (numbers > 0), form)


class ModalAffinityMetricLearning(Aligner):
    """MOML: trains the class encoder so that a label's vector is close to the features of its samples (section 3.3).

    A term per side and modality, of the labels on the source and of the kept lessons on the target; with several tasks,
    the task's name stands behind. A regression task has none.

    Args:
        lambda_moml: the weight of each term, lambda in eq. 8.
        form: "sample" takes the mean over samples, as in the authors' code, "ratio" the ratio of batch sums, as
            printed, see `contrast_loss`. The ratio is dominated by the samples of highest affinity: a few sure ones
            make it 0, and the class encoder stays at chance.
        locked: whether the features get no gradient, as in the paper; otherwise they learn too ("Ours-unlock").

    Raises:
        ValueError: if an argument breaks its rule.
        RecipeError: when bound, if the recipe shares no class encoder.

    Example:
        >>> from acclimate.framework.testing import make_layout, make_step
        >>> classes, aligner = ClassEncoder(), ModalAffinityMetricLearning()
        >>> classes.bind(make_layout(), {})
        >>> aligner.bind(make_layout(), {"classes": classes})
        >>> {name: term.weight for name, term in aligner(make_step(sides=["source"])).items()}
        {'source/audio': 4.5, 'source/image': 4.5}
    """

    layout: Layout
    classes: ClassEncoder

    def __init__(self, lambda_moml: float = 4.5, form: ContrastForm = "sample", *, locked: bool = True) -> None:
        super().__init__()
        check_not_negative(lambda_moml=lambda_moml)
        check_one_of(get_args(ContrastForm), form=form)
        self.lambda_moml = lambda_moml
        self.form: ContrastForm = form
        self.locked = locked

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take the class encoder."""
        self.layout = layout
        self.classes = shared_classes(parts)

    def forward(self, step: Step) -> dict[str, Term]:
        """L_MOML of each side and modality."""
        terms: dict[str, Term] = {}
        for task in self.layout.tasks:
            for name, side in step.sides:
                labels = usable_labels(name, side, task)
                if labels is not None:
                    terms |= self._terms(name, side, task, labels)
        return terms

    def _terms(
        self, domain_side: DomainSide, side: Side, task: Task, labels: Int64[Tensor, " batch"]
    ) -> dict[str, Term]:
        terms: dict[str, Term] = {}
        for modality in self.layout.modalities:
            present = side.batch.has(modality)
            features = keep_present(side.outputs.task_features[task.name][modality], present)
            log_affinities = self.classes(features.detach() if self.locked else features, task.name)
            terms[term_name(f"{domain_side}/{modality}", task, self.layout)] = Term(
                metric_learning_loss(log_affinities, labels, present, self.form),
                self.lambda_moml,
                frozenset() if self.locked else frozenset({(domain_side, modality)}),
            )
        return terms
