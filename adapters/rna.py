"""Relative Norm Alignment (RNA).

Planamente, Plizzari, Peirone, Caputo, Bottino: Relative Norm Alignment for Tackling Domain Shift in Deep Multi-modal
Classification, IJCV 2024, https://doi.org/10.1007/s11263-024-01998-9. The form of WACV 2022: Planamente, Plizzari,
Alberti, Caputo: Domain Generalization through Audio-Visual Relative Norm Alignment in First Person Action Recognition,
https://arxiv.org/abs/2110.10101. The authors' code: https://github.com/EgocentricVision/RNA-TTA.
"""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, get_args

import attrs
import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..framework.arguments import check_not_negative, check_one_of, check_positive
from ..framework.batch import Side, Step, Term
from ..framework.errors import RecipeError
from ..framework.interfaces import Aligner
from ..framework.layout import DomainSide, Layout, Task
from ..framework.measures.norms import MeanNorms, NormTable, norm_table
from .terms import reach, reach_across, term_name, usable_labels

NormForm: TypeAlias = Literal["symmetric", "wacv"]
ClassReduction: TypeAlias = Literal["sum", "mean"]
Within: TypeAlias = Literal["both", "source", "target"]


@attrs.frozen
class NormComparison:
    """How two mean norms are compared.

    Args:
        form: "symmetric" is (E_u/E_v - E_v/E_u)^2 of IJCV 2024, eq. 1; "wacv" is (E_u/E_v - 1)^2 of WACV 2022, where u
            comes before v in the alphabet, and the source before the target.
        class_reduction: "sum" over classes as printed, or "mean" over the classes that are present.
        minimum_norm: what a smaller mean norm counts as, a constant. Such a modality gets no gradient from the
            comparison, and the gradient of its partner is bounded: it stays finite where features vanish.

    Raises:
        ValueError: if an argument breaks its rule.

    Example:
        >>> norms = norm_table([torch.tensor([[2.0]]), torch.tensor([[1.0]])])
        >>> global_loss(norms, NormComparison("wacv")).item()  # (2 / 1 - 1)^2
        1.0
    """

    form: NormForm = attrs.field(default="symmetric")
    class_reduction: ClassReduction = attrs.field(default="sum")
    minimum_norm: float = attrs.field(default=1e-4)

    def __attrs_post_init__(self) -> None:
        check_one_of(get_args(NormForm), form=self.form)
        check_one_of(get_args(ClassReduction), class_reduction=self.class_reduction)
        check_positive(minimum_norm=self.minimum_norm)


IJCV: Final = NormComparison()


def imbalance(first: MeanNorms, second: MeanNorms, comparison: NormComparison = IJCV) -> Float[Tensor, "*groups"]:
    r"""Elementwise :math:`(E_u / E_v - E_v / E_u)^2` (eq. 1, without its weight), 0 where either is not known.

    Example:
        >>> known = torch.tensor(True)
        >>> imbalance(MeanNorms(torch.tensor(2.0), known), MeanNorms(torch.tensor(1.0), known)).item()
        2.25
    """
    u, v = (norms.values.clamp(min=comparison.minimum_norm) for norms in (first, second))
    difference = u / v - (v / u if comparison.form == "symmetric" else 1.0)
    return torch.where(first.known & second.known, difference.square(), 0.0)


def global_loss(norms: NormTable, comparison: NormComparison = IJCV) -> Float[Tensor, ""]:
    r"""Global norm alignment :math:`L_g` of one side, eq. 1, summed over unordered pairs of modalities (eq. 4).

    Example:
        >>> global_loss(norm_table([torch.tensor([[2.0]]), torch.tensor([[1.0]])])).item()
        2.25
    """
    return imbalance(*_pairs(norms.overall), comparison).sum()


def class_loss(norms: NormTable, comparison: NormComparison = IJCV) -> Float[Tensor, ""]:
    r"""Class norm alignment :math:`L_c` of one side (section 3.4), summed over pairs; an absent class adds nothing."""
    if norms.by_class is None:
        return norms.overall.values.new_zeros(())
    first, second = _pairs(norms.by_class)
    return _over_classes(imbalance(first, second, comparison), first, second, comparison).sum()


def cross_domain_loss(
    source: NormTable,
    target: NormTable,
    lambda_g: float = 1.0,
    lambda_c: float = 1.0,
    comparison: NormComparison = IJCV,
) -> Float[Tensor, " modality"]:
    r""":math:`L_{mod}(m_s, m_t) = L_g(m_s, m_t) + L_c(m_s, m_t)` (section 3.4) of each modality.

    Only classes that both sides have count: our reading, the paper says nothing of the others.
    """
    overall = lambda_g * imbalance(source.overall, target.overall, comparison)
    if source.by_class is None or target.by_class is None:
        return overall
    by_class = imbalance(source.by_class, target.by_class, comparison)
    return overall + lambda_c * _over_classes(by_class, source.by_class, target.by_class, comparison)


def generalisation_loss(
    source: NormTable, lambda_g: float = 1.0, lambda_c: float = 1.0, comparison: NormComparison = IJCV
) -> Float[Tensor, ""]:
    """RNA without a target, eq. 2, and eq. 4 for more than two modalities."""
    return lambda_g * global_loss(source, comparison) + lambda_c * class_loss(source, comparison)


def adaptation_loss(
    source: NormTable,
    target: NormTable,
    lambda_g: float = 1.0,
    lambda_c: float = 1.0,
    comparison: NormComparison = IJCV,
) -> Float[Tensor, ""]:
    """RNA with a target, eq. 3, and its extension to more than two modalities (section 3.5)."""
    within = (generalisation_loss(side, lambda_g, lambda_c, comparison) for side in (source, target))
    return sum(within, start=cross_domain_loss(source, target, lambda_g, lambda_c, comparison).sum())


def _pairs(norms: MeanNorms) -> tuple[MeanNorms, MeanNorms]:
    modalities = norms.values.shape[-1]
    first, second = torch.triu_indices(modalities, modalities, offset=1, device=norms.values.device)
    return norms[first], norms[second]


def _over_classes(
    losses: Float[Tensor, "classes groups"], first: MeanNorms, second: MeanNorms, comparison: NormComparison
) -> Float[Tensor, " groups"]:
    if comparison.class_reduction == "sum":
        return losses.sum(dim=0)
    return losses.sum(dim=0) / (first.known & second.known).sum(dim=0).clamp(min=1)


class RelativeNormAlignment(Aligner):
    """Balances the mean feature norms of modalities, of classes, and of source and target.

    The terms are `global/source`, `global/target`, `class/source`, `class/target` and, by modality, `cross/<modality>`;
    with several tasks, the task's name stands behind. Each task is aligned by itself, on the features that its heads
    see; a regression task gets no class terms. Classes are the labels on the source and the kept lessons on the target:
    without a TeacherSelector the target has none. Without a target (generalisation) only the source's terms are there.
    An absent modality's rows do not count. Both norms of a ratio carry gradient.

    The paper prints no weights; the defaults are ours.

    Args:
        lambda_g: the weight of global alignment, also within L_mod; 0 turns it off.
        lambda_c: the weight of class alignment, also within L_mod; 0 turns it off. None is 1/C for the sum over classes
            (so that it is an average) and 1 for the mean.
        cross_domain: whether source and target are aligned, L_mod.
        within: the sides whose modalities are aligned with each other.
        comparison: how two mean norms are compared: as in IJCV 2024, or as in WACV 2022.

    Raises:
        ValueError: if an argument breaks its rule.

    Example:
        >>> from acclimate.framework.testing import make_layout, make_step
        >>> aligner = RelativeNormAlignment(lambda_c=0.0)
        >>> aligner.bind(make_layout(), {})
        >>> list(aligner(make_step()))
        ['global/source', 'global/target', 'cross/audio', 'cross/image']
    """

    layout: Layout

    def __init__(
        self,
        lambda_g: float = 1.0,
        lambda_c: float | None = None,
        *,
        cross_domain: bool = True,
        within: Within = "both",
        comparison: NormComparison = IJCV,
    ) -> None:
        super().__init__()
        check_not_negative(lambda_g=lambda_g)
        if lambda_c is not None:
            check_not_negative(lambda_c=lambda_c)
        check_one_of(get_args(Within), within=within)
        self.lambda_g = lambda_g
        self.lambda_c = lambda_c
        self.cross_domain = cross_domain
        self.within = within
        self.comparison = comparison

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take the tasks; raises RecipeError where the modalities' features differ in size."""
        sizes = layout.task_feature_sizes
        if len(set(sizes.values())) > 1:
            raise RecipeError(
                f"RNA compares norms of features of one size, but got {dict(sizes)}; set model.projection."
            )
        self.layout = layout

    def forward(self, step: Step) -> dict[str, Term]:
        """L_g and L_c of each side, L_mod of each modality."""
        terms: dict[str, Term] = {}
        for task in self.layout.tasks:
            norms = {name: self._norms(name, side, task) for name, side in step.sides}
            for name, table in norms.items():
                if self.within in {"both", name}:
                    terms |= self._within_terms(name, table, task)
            if self.cross_domain and len(norms) > 1:
                terms |= self._cross_terms(norms["source"], norms["target"], task)
        return terms

    def measure(self, step: Step) -> dict[str, float]:
        """Mean norm of each side and modality (figure 4)."""
        return {
            term_name(f"mean_norm/{name}/{modality}", task, self.layout): value
            for task in self.layout.tasks
            for name, side in step.sides
            for modality, value in zip(
                self.layout.modalities, self._norms(name, side, task).overall.values.tolist(), strict=True
            )
        }

    def _norms(self, domain_side: DomainSide, side: Side, task: Task) -> NormTable:
        features = [side.outputs.task_features[task.name][modality] for modality in self.layout.modalities]
        labels = usable_labels(domain_side, side, task) if self._class_weight(task) else None
        return norm_table(features, side.batch.present, labels, task.outputs)

    def _class_weight(self, task: Task) -> float:
        if self.lambda_c is not None:
            return self.lambda_c
        return 1.0 / task.outputs if self.comparison.class_reduction == "sum" else 1.0

    def _within_terms(self, domain_side: DomainSide, norms: NormTable, task: Task) -> dict[str, Term]:
        if len(self.layout.modalities) == 1:
            return {}
        terms: dict[str, Term] = {}
        reaches = reach(domain_side, self.layout)
        if self.lambda_g:
            name = term_name(f"global/{domain_side}", task, self.layout)
            terms[name] = Term(global_loss(norms, self.comparison), self.lambda_g, reaches)
        if norms.by_class is not None:
            name = term_name(f"class/{domain_side}", task, self.layout)
            terms[name] = Term(class_loss(norms, self.comparison), self._class_weight(task), reaches)
        return terms

    def _cross_terms(self, source: NormTable, target: NormTable, task: Task) -> dict[str, Term]:
        if not self.lambda_g and (source.by_class is None or target.by_class is None):
            return {}
        values = cross_domain_loss(source, target, self.lambda_g, self._class_weight(task), self.comparison)
        return {
            term_name(f"cross/{modality}", task, self.layout): Term(value, reaches=reach_across(modality))
            for modality, value in zip(self.layout.modalities, values, strict=True)
        }
