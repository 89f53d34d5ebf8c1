"""Distillation from modality to modality, each sample from the one that knows it best (MODfinity's MOD).

Liu, Lv, Kang, Zhang, Liang, He: MODfinity: Unsupervised Domain Adaptation with Multimodal Information Flow
Intertwining, CVPR 2025,
https://openaccess.thecvf.com/content/CVPR2025/html/Liu_MODfinity_Unsupervised_Domain_Adaptation_with_Multimodal_Information_Flow_Intertwining_CVPR_2025_paper.html;
section 3.5. The authors' code: https://github.com/SCUTliu22/MoDfinity.
"""

from collections.abc import Mapping, Sequence
from typing import get_args

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from ..framework.arguments import check_not_negative, check_one_of
from ..framework.batch import Lesson, Side, Step, Term
from ..framework.interfaces import Aligner
from ..framework.layout import Layout, Task
from ..framework.tensors.presence import keep_present
from .affinity import COSINE, AffinityMeasure, log_affinity
from .class_encoder import check_sizes, classification_tasks
from .contrast import ContrastForm, contrast_loss
from .terms import term_name


def distillation_loss(
    student: Float[Tensor, "batch width"],
    teachers: Float[Tensor, "batch width"],
    labels: Int64[Tensor, " batch"],
    taught: Bool[Tensor, " batch"],
    *,
    form: ContrastForm = "ratio",
    affinity: AffinityMeasure = COSINE,
) -> Float[Tensor, ""]:
    r""":math:`L_{MOD}^m` of one student modality m (eq. 7).

    Args:
        student: the features of modality m.
        teachers: the features of each sample's teacher modality, see `teacher_features`.
        labels: the pseudo-labels of the batch.
        taught: which samples are in :math:`LM^{(m)}`, see `taught_samples`.
        form: whether sums run over each sample or the whole batch, see `contrast_loss`.
        affinity: how the affinity of a student to a teacher is measured.

    Example:
        >>> features, labels = torch.eye(2), torch.tensor([0, 1])
        >>> right = distillation_loss(features, features, labels, labels >= 0)
        >>> wrong = distillation_loss(features, features.flip(0), labels, labels >= 0)
        >>> bool(right < wrong)
        True
    """
    log_affinities = log_affinity(keep_present(student, taught), keep_present(teachers, taught), affinity)
    positives = labels.unsqueeze(1) == labels
    return contrast_loss(log_affinities, positives, taught.unsqueeze(1) & taught, form)


def teacher_features(
    features: Sequence[Float[Tensor, "batch width"]], teacher: Int64[Tensor, " batch"]
) -> Float[Tensor, "batch width"]:
    r""":math:`F_i^{(\bar m_i)}`, the features of each sample's teacher modality, without gradient (section 3.5).

    A sample whose teacher is `JOINT_TEACHER` gets those of the first modality; it is not taught by one.
    """
    stacked = torch.stack([values.detach() for values in features])
    return stacked[teacher.clamp(min=0), torch.arange(len(teacher), device=teacher.device)]


def taught_samples(lesson: Lesson, present: Bool[Tensor, "batch modality"], student: int) -> Bool[Tensor, " batch"]:
    r""":math:`LM^{(m)}` (eq. 6): kept samples that another modality teaches and that have both, teacher and student."""
    by_modality = lesson.teacher >= 0
    has_teacher = present.gather(1, lesson.teacher.clamp(min=0).unsqueeze(1)).squeeze(1)
    return lesson.keep & by_modality & has_teacher & present[:, student] & (lesson.teacher != student)


class ModalAffinityDistillation(Aligner):
    """MOD: each modality learns from the features of the modality that teaches a sample better (section 3.5).

    A term per student modality on the target; with several tasks, the task's name stands behind. What the lessons do
    not keep, or the joint logits teach, does not count, nor a sample that lacks student or teacher. One modality has no
    other to learn from.

    Args:
        beta: the weight of each term; 1.2 is what the paper prints for CogBeacon.
        form: "sample" takes the mean over samples, as in the authors' code, "ratio" the ratio of batch sums, as
            printed, see `contrast_loss`. Under the ratio a few pairs of highest affinity make the loss small whatever
            becomes of all others: rounds of training ended with equal features for all classes.
        whole_batch: whether each modality learns every kept sample from each other modality, whoever teaches it, as in
            the authors' code, and not LM^(m) as printed. A term is then the mean over the other modalities. Rows are
            the samples of the later modality in the alphabet, the authors' image of image and audio, whichever of the
            two learns.
        affinity: how the affinity of a student to a teacher is measured.

    Raises:
        ValueError: if an argument breaks its rule.
        RecipeError: when bound, if the modalities' features differ in size.

    Example:
        >>> from acclimate.framework.testing import make_layout, make_step
        >>> aligner = ModalAffinityDistillation()
        >>> aligner.bind(make_layout(), {})
        >>> {name: sorted(term.reaches) for name, term in aligner(make_step()).items()}
        {'audio': [('target', 'audio')], 'image': [('target', 'image')]}
    """

    layout: Layout

    def __init__(
        self,
        beta: float = 1.2,
        form: ContrastForm = "sample",
        *,
        whole_batch: bool = False,
        affinity: AffinityMeasure = COSINE,
    ) -> None:
        super().__init__()
        check_not_negative(beta=beta)
        check_one_of(get_args(ContrastForm), form=form)
        self.beta = beta
        self.form: ContrastForm = form
        self.whole_batch = whole_batch
        self.affinity = affinity

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take the tasks; raises RecipeError where the modalities' features differ in size."""
        check_sizes(layout)
        self.layout = layout

    def forward(self, step: Step) -> dict[str, Term]:
        """L_MOD of each student, where there are lessons."""
        terms: dict[str, Term] = {}
        if step.target is None or len(self.layout.modalities) == 1:
            return terms
        for task in classification_tasks(self.layout):
            lesson = step.target.lessons.get(task.name)
            if lesson is None:
                continue
            for student, modality in enumerate(self.layout.modalities):
                loss = self._loss(step.target, task, lesson.for_student(modality), student)
                terms[term_name(modality, task, self.layout)] = Term(loss, self.beta, frozenset({("target", modality)}))
        return terms

    def _loss(self, side: Side, task: Task, lesson: Lesson, student: int) -> Float[Tensor, ""]:
        features = [side.outputs.task_features[task.name][name] for name in self.layout.modalities]
        present = side.batch.present
        if self.whole_batch:
            others = [other for other in range(len(features)) if other != student]
            pairs = [self._pair_loss(features, present, lesson, student, other) for other in others]
            return torch.stack(pairs).mean()
        taught = taught_samples(lesson, present, student)
        teachers = teacher_features(features, lesson.teacher)
        return distillation_loss(
            features[student], teachers, lesson.labels, taught, form=self.form, affinity=self.affinity
        )

    def _pair_loss(
        self,
        features: Sequence[Float[Tensor, "batch width"]],
        present: Bool[Tensor, "batch modality"],
        lesson: Lesson,
        student: int,
        teacher: int,
    ) -> Float[Tensor, ""]:
        taught = lesson.keep & present[:, student] & present[:, teacher]
        pair = (features[student], features[teacher].detach())
        rows, columns = pair if student > teacher else pair[::-1]
        return distillation_loss(rows, columns, lesson.labels, taught, form=self.form, affinity=self.affinity)
