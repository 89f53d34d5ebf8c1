"""Which modality teaches each sample of the target, and which samples are taught (MODfinity's S2).

Liu, Lv, Kang, Zhang, Liang, He: MODfinity: Unsupervised Domain Adaptation with Multimodal Information Flow
Intertwining, CVPR 2025,
https://openaccess.thecvf.com/content/CVPR2025/html/Liu_MODfinity_Unsupervised_Domain_Adaptation_with_Multimodal_Information_Flow_Intertwining_CVPR_2025_paper.html;
section 3.4. The authors' code (https://github.com/SCUTliu22/MoDfinity) holds no filtering.
"""

import math
from collections.abc import Iterable, Mapping
from typing import cast

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from ..framework.arguments import check_within
from ..framework.batch import Lesson, Side, Step
from ..framework.errors import RecipeError
from ..framework.interfaces import TeacherSelector
from ..framework.layout import Layout
from ..framework.tensors.named_modules import NamedModules
from .class_encoder import ClassEncoder, classification_tasks, shared_classes
from .terms import term_name


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
        rows = index.to(self.keep.device)
        labels, teacher, confidence, keep = (
            field[rows].to(index.device) for field in (self.labels, self.teacher, self.confidence, self.keep)
        )
        return Lesson(labels, teacher, confidence, keep)


class SampleFiltering(TeacherSelector):
    """Fine-grained sample filtering (S2, section 3.4): ranks the whole target by affinity and keeps the surest.

    Before each round every sample gets a pseudo-label, the modality that teaches it, and a confidence; those with the
    top alpha % of confidence are kept, and alpha rises from round to round. All this stays as it is for the round.
    Before the first round no sample is kept.

    Each classification task is ranked by itself, and a round trains on the samples that any task keeps; a lesson's
    `keep` is its own task's. A regression task has no classes, so its lessons keep no sample.

    Args:
        alpha: by how much the kept share of the target rises at each study, up to 1.

    Raises:
        ValueError: if `alpha` is not within (0, 1].
        RecipeError: when bound, if the size of the target is not known, or the recipe shares no class encoder.

    Example:
        >>> from acclimate.framework.testing import make_layout, make_step
        >>> layout, target = make_layout(samples=8), make_step(rows=8).target
        >>> classes, selector = ClassEncoder(), SampleFiltering(alpha=0.25)
        >>> classes.bind(layout, {})
        >>> selector.bind(layout, {"classes": classes})
        >>> [int(selector.study([target]).sum()) for _ in range(3)]
        [2, 4, 6]
        >>> int(selector(target)["digit"].keep.sum())
        6
    """

    layout: Layout
    classes: ClassEncoder
    studies: Tensor

    def __init__(self, alpha: float = 0.15) -> None:
        super().__init__()
        check_within("(0, 1]", alpha=alpha)
        self.alpha = alpha
        self.material = NamedModules()
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
