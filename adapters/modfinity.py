"""Modal-affinity multimodal domain adaptation (MODfinity).

Liu, Lv, Kang, Zhang, Liang, He: MODfinity: Unsupervised Domain Adaptation with Multimodal Information Flow
Intertwining, CVPR 2025. The affinity itself, the class encoder and the fusion stand in `affinity.py`.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias, cast, get_args

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from ..framework.arguments import check_not_negative, check_one_of, check_within
from ..framework.batch import Lesson, Side, Step, Term
from ..framework.errors import RecipeError
from ..framework.interfaces import Aligner, TeacherSelector
from ..framework.layout import DomainSide, Layout, Task
from .affinity import (
    COSINE,
    AffinityMeasure,
    ClassEncoder,
    check_sizes,
    classification_tasks,
    log_affinity,
    shared_classes,
)
from .terms import UNLABELLED, keep_present, mean_over, term_name, usable_labels

Form: TypeAlias = Literal["ratio", "sample"]


def contrast_loss(
    log_affinities: Float[Tensor, "rows columns"],
    positives: Bool[Tensor, "rows columns"],
    counted: Bool[Tensor, "rows columns"],
    form: Form = "ratio",
) -> Float[Tensor, ""]:
    r"""Minus the logarithm of the affinity of positive pairs over that of all pairs (what eq. 2 and 7 have in common).

    Args:
        log_affinities: of every row with every column.
        positives: pairs that belong together.
        counted: pairs that count at all.
        form: "ratio" is the ratio of sums over the batch, :math:`-\log \frac{\sum_i \sum_{j \in i^+} \phi_{ij}}{\sum_i
            \sum_j \phi_{ij}}`, as printed; "sample" the mean over rows of :math:`-\log \frac{\sum_{j \in i^+}
            \phi_{ij}}{\sum_j \phi_{ij}}`, as in the authors' code.

    Returns:
        0, still part of the graph, where no pair is positive; a row without a positive pair does not count in the mean.

    Example:
        >>> log_affinities = torch.tensor([[3.0, 1.0], [1.0, 1.0]]).log()
        >>> positives, counted = torch.eye(2, dtype=torch.bool), torch.ones(2, 2, dtype=torch.bool)
        >>> round(contrast_loss(log_affinities, positives, counted).item(), 4)  # log(6 / 4)
        0.4055
        >>> round(contrast_loss(log_affinities, positives, counted, "sample").item() * 2, 4)  # log(4 / 3) + log(2)
        0.9808
    """
    lowest = torch.finfo(log_affinities.dtype).min
    right = counted & positives
    everything = torch.where(counted, log_affinities, lowest)
    correct = torch.where(right, log_affinities, lowest)
    if form == "ratio":
        everything, correct, right = everything.view(1, -1), correct.view(1, -1), right.view(1, -1)
    return mean_over(everything.logsumexp(dim=1) - correct.logsumexp(dim=1), right.any(dim=1))


def metric_learning_loss(
    log_affinities: Float[Tensor, "batch classes"],
    labels: Int64[Tensor, " batch"],
    counted: Bool[Tensor, " batch"] | None = None,
    form: Form = "ratio",
) -> Float[Tensor, ""]:
    r""":math:`L_{MOML}` of one modality (eq. 2).

    The sums over samples j of the batch are sums over classes, weighted by the number of samples of each: of a sample
    only its label counts on that side. A class that the batch lacks does not count.

    Args:
        log_affinities: of each sample's features to each class.
        labels: class indices; -1 does not count.
        counted: which samples count; None means all.
        form: see `contrast_loss`.
    """
    known = labels != UNLABELLED
    rows = (known if counted is None else known & counted).unsqueeze(1)
    positives = labels.unsqueeze(1) == torch.arange(log_affinities.shape[1], device=labels.device)
    numbers = (positives & rows).sum(dim=0)
    log_numbers = numbers.clamp(min=1).to(log_affinities.dtype).log()
    return contrast_loss(log_affinities + log_numbers, positives, rows & (numbers > 0), form)


def distillation_loss(
    student: Float[Tensor, "batch width"],
    teachers: Float[Tensor, "batch width"],
    labels: Int64[Tensor, " batch"],
    taught: Bool[Tensor, " batch"],
    *,
    form: Form = "ratio",
    affinity: AffinityMeasure = COSINE,
) -> Float[Tensor, ""]:
    r""":math:`L_{MOD}^m` of one student modality m (eq. 7).

    Args:
        student: features of modality m.
        teachers: features of each sample's teacher modality, see `teacher_features`.
        labels: pseudo-labels.
        taught: which samples are in :math:`LM^{(m)}`, see `taught_samples`.
        form: see `contrast_loss`.
        affinity: how it is measured.
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


def best_affinity(
    log_affinities: Float[Tensor, "modality batch classes"], present: Bool[Tensor, "batch modality"]
) -> tuple[Int64[Tensor, " batch"], Int64[Tensor, " batch"], Float[Tensor, " batch"]]:
    r"""Teacher modality, pseudo-label and confidence: :math:`(\bar m_i, \bar k_i)` and :math:`R_i` (eq. 3 and 4).

    Of equal affinities the first modality in the alphabet wins, then the first class.

    Returns:
        Index of the modality, index of the class, and the logarithm of R, which has R's order.
    """
    classes = log_affinities.shape[2]
    there = torch.where(present.T.unsqueeze(2), log_affinities, torch.finfo(log_affinities.dtype).min)
    flat = there.transpose(0, 1).flatten(start_dim=1)
    best = flat.argmax(dim=1)
    return best // classes, best % classes, flat.gather(1, best.unsqueeze(1)).squeeze(1)


def top_share(confidence: Float[Tensor, " samples"], share: float) -> Bool[Tensor, " samples"]:
    """Which samples are among the share that is surest: the top alpha % of eq. 5.

    The paper does not say how alpha N is rounded: up, so that a small target keeps something. Of equally sure samples
    the first ones are kept, so that the number holds.

    Example:
        >>> top_share(torch.tensor([0.5, 0.9, 0.5, 0.1]), 0.3).tolist()
        [True, True, False, False]
    """
    # Not 4 of 30 samples for a share of 0.1, of which 0.1 + 0.1 + ... is a little more.
    number = math.ceil(share * len(confidence) * (1 - 1e-9))
    kept = torch.zeros_like(confidence, dtype=torch.bool)
    kept[confidence.argsort(descending=True, stable=True)[:number]] = True
    return kept


class _LearningMaterial(nn.Module):
    """LM (eq. 5): what was decided of each sample of the target, by its index."""

    labels: Tensor
    teacher: Tensor
    confidence: Tensor
    keep: Tensor

    def __init__(self, samples: int) -> None:
        super().__init__()
        self.register_buffer("labels", torch.zeros(samples, dtype=torch.int64))
        self.register_buffer("teacher", torch.zeros(samples, dtype=torch.int64))
        self.register_buffer("confidence", torch.zeros(samples))
        self.register_buffer("keep", torch.zeros(samples, dtype=torch.bool))

    def lesson(self, index: Int64[Tensor, " batch"]) -> Lesson:
        """Of some samples, on the device where their index is."""
        fields = (self.labels, self.teacher, self.confidence, self.keep)
        return Lesson(*(field[index.to(field.device)].to(index.device) for field in fields))


class SampleFiltering(TeacherSelector):
    """Fine-grained sample filtering (S2, section 3.4): ranks the whole target by affinity and keeps the surest.

    Before each round every sample gets a pseudo-label, the modality that teaches it, and a confidence; those with the
    top alpha % of confidence are kept, and alpha rises from round to round. All this stays as it is for the round.
    Before the first round no sample is kept.

    Each classification task is ranked by itself, and a round trains on the samples that any task keeps; a lesson's
    `keep` is its own task's. A regression task has no classes, so its lessons keep no sample.

    Args:
        alpha: by how much the kept share rises at each study, up to 1.

    Raises:
        ValueError: if `alpha` is not within (0, 1].
        RecipeError: when bound, if the size of the target is not known, or the recipe shares no class encoder.
    """

    layout: Layout
    classes: ClassEncoder
    studies: Tensor

    def __init__(self, alpha: float = 0.15) -> None:
        super().__init__()
        check_within("(0, 1]", alpha=alpha)
        self.alpha = alpha
        self.material = nn.ModuleDict()
        self.register_buffer("studies", torch.zeros((), dtype=torch.int64))

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take the class encoder, and make room for a lesson per sample of the target."""
        samples = layout.samples.get("target", 0)
        if samples < 1:
            raise RecipeError("samples of the target must be known: a lesson is kept for each of them, but got 0.")
        self.layout = layout
        self.classes = shared_classes(parts)
        for task in classification_tasks(layout):
            self.material[task.name] = _LearningMaterial(samples)

    @torch.no_grad()
    def study(self, target: Iterable[Side]) -> Bool[Tensor, " target"] | None:
        """Fix the lessons of a round; returns the samples that any task keeps, or None without such tasks."""
        self.studies += 1
        seen = torch.zeros(self.layout.samples["target"], dtype=torch.bool, device=self.studies.device)
        for side in target:
            seen[side.batch.index] = True
            for name, material in self._materials():
                self._look(side, name, material)
        kept = torch.zeros_like(seen)
        rows = seen.nonzero().flatten()
        for _, material in self._materials():
            material.keep.fill_(False)  # noqa: FBT003 - torch's own signature
            material.keep[rows] = top_share(material.confidence[rows], self.share)
            kept |= material.keep
        return kept if len(self.material) else None

    @property
    def share(self) -> float:
        """Alpha: the share of the target that the last study kept."""
        return min(1.0, self.alpha * int(self.studies))

    @torch.no_grad()
    def forward(self, side: Side) -> dict[str, Lesson]:
        """The lessons that the last study fixed for these samples."""
        lessons = {name: material.lesson(side.batch.index) for name, material in self._materials()}
        return lessons | {
            task.name: self._no_lesson(side, task.name) for task in self.layout.tasks if task.is_regression
        }

    def measure(self, step: Step) -> dict[str, float]:
        """The share that is kept and, of that, the share that each modality teaches."""
        found: dict[str, float] = {}
        for name, material in self._materials():
            task = self.layout.task(name)
            found[term_name("kept", task, self.layout)] = material.keep.double().mean().item()
            teachers = material.teacher[material.keep]
            for column, modality in enumerate(self.layout.modalities):
                share = (teachers == column).double().sum().item() / max(1, len(teachers))
                found[term_name(f"taught_by/{modality}", task, self.layout)] = share
        return found

    def _materials(self) -> list[tuple[str, _LearningMaterial]]:
        return [(name, cast("_LearningMaterial", material)) for name, material in self.material.items()]

    def _look(self, side: Side, task: str, material: _LearningMaterial) -> None:
        features = side.outputs.task_features[task]
        log_affinities = torch.stack([self.classes(features[name], task) for name in self.layout.modalities])
        teacher, labels, confidence = best_affinity(log_affinities, side.batch.present)
        index = side.batch.index
        material.teacher[index], material.labels[index] = teacher, labels
        material.confidence[index] = confidence.to(material.confidence.dtype)

    @staticmethod
    def _no_lesson(side: Side, task: str) -> Lesson:
        values = side.outputs.joint_logits(task)[:, 0].clone()
        nothing = torch.zeros_like(side.batch.index)
        return Lesson(values, nothing, torch.zeros_like(values), nothing.bool())


class ModalAffinityMetricLearning(Aligner):
    """MOML: trains the class encoder so that a label's vector is close to the features of its samples (section 3.3).

    A term per side and modality, of the labels on the source and of the kept lessons on the target; with several tasks,
    the task's name stands behind. A regression task has none.

    Args:
        lambda_moml: weight of each term, lambda in eq. 8.
        form: mean over each "sample", as in the authors' code, or "ratio" of batch sums, as printed, see
            `contrast_loss`. The ratio is dominated by the samples of highest affinity: a few sure ones make it 0, and
            the class encoder stays at chance.
        locked: whether the features get no gradient, as in the paper; otherwise they learn too ("Ours-unlock").

    Raises:
        ValueError: if an argument breaks its rule.
        RecipeError: when bound, if the recipe shares no class encoder.
    """

    layout: Layout
    classes: ClassEncoder

    def __init__(self, lambda_moml: float = 4.5, form: Form = "sample", *, locked: bool = True) -> None:
        super().__init__()
        check_not_negative(lambda_moml=lambda_moml)
        check_one_of(get_args(Form), form=form)
        self.lambda_moml = lambda_moml
        self.form: Form = form
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


class ModalAffinityDistillation(Aligner):
    """MOD: each modality learns from the features of the modality that teaches a sample better (section 3.5).

    A term per student modality on the target; with several tasks, the task's name stands behind. What the lessons do
    not keep, or the joint logits teach, does not count, nor a sample that lacks student or teacher. One modality has no
    other to learn from.

    Args:
        beta: weight of each term; 1.2 is what the paper prints for CogBeacon.
        form: mean over each "sample", as in the authors' code, or "ratio" of batch sums, as printed, see
            `contrast_loss`. Under the ratio a few pairs of highest affinity make the loss small whatever becomes of all
            others: rounds of training ended with equal features for all classes.
        whole_batch: learn from every kept sample, whoever teaches it, as in the authors' code: each modality from each
            other one, mean over these. Rows are the samples of the later modality in the alphabet, the authors' image
            of image and audio, whichever of the two learns. Otherwise LM^(m) as printed.
        affinity: how it is measured.

    Raises:
        ValueError: if an argument breaks its rule.
        RecipeError: when bound, if the modalities' features differ in size.
    """

    layout: Layout

    def __init__(
        self,
        beta: float = 1.2,
        form: Form = "sample",
        *,
        whole_batch: bool = False,
        affinity: AffinityMeasure = COSINE,
    ) -> None:
        super().__init__()
        check_not_negative(beta=beta)
        check_one_of(get_args(Form), form=form)
        self.beta = beta
        self.form: Form = form
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
