"""Properties that all Aligners share. A new method adds its line to CASES."""

from collections.abc import Callable, Mapping

import pytest
import torch
from acclimate.adapters.a3d2 import AnchorDragDrift, ConditionalAdversarial
from acclimate.adapters.coral import CorrelationAlignment
from acclimate.adapters.domain_adversarial import DomainAdversarial
from acclimate.adapters.information_bottleneck import InformationBottleneck
from acclimate.adapters.information_maximisation import InformationMaximisation
from acclimate.adapters.maximum_mean_discrepancy import MaximumMeanDiscrepancy
from acclimate.adapters.modality_shift import ModalityRoles
from acclimate.adapters.modfinity import ModalAffinityDistillation, ModalAffinityMetricLearning
from acclimate.adapters.osan import DynamicDomainAdversarial
from acclimate.adapters.rna import Comparison, RelativeNormAlignment
from acclimate.adapters.supervised import Supervised
from acclimate.framework.layout import Layout
from acclimate.framework.testing import EDGES
from torch import nn

from . import properties
from .properties import AlignerCase
from .shared import class_encoder

GLOBAL = {"global/source", "global/target"}
CLASS = {"class/source", "class/target"}
CROSS = {"cross/audio", "cross/image"}
RNA = GLOBAL | CLASS | CROSS
ALL_HEADS = ("joint", "modalities")
SOURCE_HEADS = {"source/joint", "source/audio", "source/image"}
TARGET_HEADS = {"target/joint", "target/audio", "target/image"}
MOML_SOURCE = {"source/audio", "source/image"}
MOML = MOML_SOURCE | {"target/audio", "target/image"}


def roles(anchor: str | None = "audio") -> Callable[[Layout], Mapping[str, nn.Module]]:
    """A3D2's shared part; without a name the anchor is found in the first step."""
    return lambda _layout: {"roles": ModalityRoles(anchor, steps=1)}


CASES = [
    AlignerCase(
        name="a3d2-aa",
        make=ConditionalAdversarial,
        terms={"image"},
        symmetric=False,  # the anchor has a name
        gradient_sign=-1.0,
        parts=roles(),
    ),
    AlignerCase(
        name="a3d2-aa-found",
        make=ConditionalAdversarial,
        terms={"audio"},
        symmetric=False,  # each modality's discriminator has its own initial weights
        gradient_sign=-1.0,
        parts=roles(None),
    ),
    AlignerCase(
        name="a3d2-aa-authors",
        make=lambda: ConditionalAdversarial(head="joint", include_anchor=True, schedule="quadratic", form="authors"),
        terms={"audio", "image"},
        symmetric=False,
        gradient_sign=-0.25,
    ),
    AlignerCase(
        name="a3d2-add",
        make=AnchorDragDrift,
        terms={"image"},
        regression={"image"},
        symmetric=False,
        parts=roles(),
    ),
    AlignerCase(name="a3d2-add-found", make=AnchorDragDrift, terms={"audio"}, regression={"audio"}, parts=roles(None)),
    AlignerCase(
        name="a3d2-add-moving-plan",
        make=lambda: AnchorDragDrift(plan_momentum=0.95, prediction_weight=1.0),
        terms={"image", "predictions/image"},
        regression={"image"},
        symmetric=False,
        parts=roles(),
    ),
    AlignerCase(
        name="a3d2-add-source",
        make=lambda: AnchorDragDrift(side="source"),
        terms={"image"},
        without_target={"image"},
        regression={"image"},
        symmetric=False,
        parts=roles(),
    ),
    AlignerCase(
        name="rna",
        make=RelativeNormAlignment,
        terms=RNA,
        without_target={"global/source", "class/source"},
        regression=GLOBAL | CROSS,
    ),
    AlignerCase(
        name="rna-wacv",
        make=lambda: RelativeNormAlignment(comparison=Comparison(form="wacv")),
        terms=RNA,
        without_target={"global/source", "class/source"},
        regression=GLOBAL | CROSS,
        symmetric=False,
    ),
    AlignerCase(
        name="rna-mean-of-classes",
        make=lambda: RelativeNormAlignment(comparison=Comparison(class_reduction="mean")),
        terms=RNA,
        without_target={"global/source", "class/source"},
        regression=GLOBAL | CROSS,
    ),
    AlignerCase(
        name="rna-global",
        make=lambda: RelativeNormAlignment(lambda_c=0.0, cross_domain=False),
        terms=GLOBAL,
        without_target={"global/source"},
        regression=GLOBAL,
    ),
    AlignerCase(
        name="rna-class",
        make=lambda: RelativeNormAlignment(lambda_g=0.0),
        terms=CLASS | CROSS,
        without_target={"class/source"},
    ),
    AlignerCase(
        name="rna-within-source",
        make=lambda: RelativeNormAlignment(within="source"),
        terms={"global/source", "class/source"} | CROSS,
        without_target={"global/source", "class/source"},
        regression={"global/source"} | CROSS,
    ),
    AlignerCase(
        name="coral",
        make=CorrelationAlignment,
        terms={"audio", "image", "joint"},
        regression={"audio", "image", "joint"},
    ),
    AlignerCase(
        name="coral-modalities-second-moment",
        make=lambda: CorrelationAlignment(0.5, joint=False, statistic="second_moment"),
        terms={"audio", "image"},
        regression={"audio", "image"},
    ),
    AlignerCase(
        name="coral-joint-normalised",
        make=lambda: CorrelationAlignment(modalities=False, normalised=True),
        terms={"joint"},
        regression={"joint"},
    ),
    AlignerCase(
        name="domain-adversarial",
        make=lambda: DomainAdversarial(schedule="constant"),
        terms={"audio", "image"},
        regression={"audio", "image"},
        symmetric=False,  # each modality's discriminator has its own initial weights
        gradient_sign=-1.0,
    ),
    AlignerCase(
        name="information-bottleneck",
        make=InformationBottleneck,
        terms={"audio", "image", "joint"},
        without_target={"audio", "image", "joint"},
        regression={"audio", "image", "joint"},
    ),
    AlignerCase(
        name="information-bottleneck-bounded",
        make=lambda: InformationBottleneck(joint=False, form="log1p", correction=1),
        terms={"audio", "image"},
        without_target={"audio", "image"},
        regression={"audio", "image"},
    ),
    AlignerCase(name="information-maximisation", make=InformationMaximisation, terms={"joint"}),
    AlignerCase(
        name="modfinity-moml",
        make=ModalAffinityMetricLearning,
        terms=MOML,
        without_target=MOML_SOURCE,
        parts=class_encoder,
    ),
    AlignerCase(
        name="modfinity-moml-unlocked",
        make=lambda: ModalAffinityMetricLearning(locked=False),
        terms=MOML,
        without_target=MOML_SOURCE,
        parts=class_encoder,
    ),
    AlignerCase(
        name="modfinity-moml-ratio",
        make=lambda: ModalAffinityMetricLearning(form="ratio", locked=False),
        terms=MOML,
        without_target=MOML_SOURCE,
        parts=class_encoder,
    ),
    AlignerCase(
        name="modfinity-mod",
        make=ModalAffinityDistillation,
        terms={"audio", "image"},
    ),
    AlignerCase(
        name="modfinity-mod-ratio",
        make=lambda: ModalAffinityDistillation(form="ratio"),
        terms={"audio", "image"},
    ),
    AlignerCase(
        name="modfinity-mod-authors",
        make=lambda: ModalAffinityDistillation(whole_batch=True),
        terms={"audio", "image"},
        symmetric=False,  # the rows are those of the later name
    ),
    AlignerCase(
        name="discrepancy",
        make=MaximumMeanDiscrepancy,
        terms={"joint"},
        regression={"joint"},
        gradient_sign=None,
    ),
    AlignerCase(
        name="discrepancy-of-modalities",
        make=lambda: MaximumMeanDiscrepancy(level="modalities"),
        terms={"audio", "image"},
        regression={"audio", "image"},
        gradient_sign=None,
    ),
    AlignerCase(
        name="dynamic-domain",
        make=lambda: DynamicDomainAdversarial(domains=3, drawn=2, pairing="random", schedule="constant"),
        terms={"raw", "generated"},
        regression={"raw", "generated"},
        symmetric=False,  # the generator and the discriminator have their own weights for each element
        gradient_sign=-1.0,
        random=True,
    ),
    AlignerCase(
        name="dynamic-domain-nearest",
        make=lambda: DynamicDomainAdversarial(domains=3, pairing="nearest", norm="l2", schedule="constant"),
        terms={"raw", "generated"},
        regression={"raw", "generated"},
        symmetric=False,
        gradient_sign=-1.0,
    ),
    AlignerCase(
        name="mixup-domain",
        make=lambda: DynamicDomainAdversarial(bridge="mixup", pairing="nearest", schedule="constant"),
        terms={"raw", "generated"},
        regression={"raw", "generated"},
        symmetric=False,
        gradient_sign=-1.0,
    ),
    AlignerCase(
        name="joint-domain",
        make=lambda: DynamicDomainAdversarial(bridge="none", schedule="constant"),
        terms={"raw"},
        regression={"raw"},
        symmetric=False,
        gradient_sign=-1.0,
    ),
    AlignerCase(
        name="supervised",
        make=Supervised,
        terms={"source/joint"},
        without_target={"source/joint"},
        regression={"source/joint"},
    ),
    AlignerCase(
        name="supervised-all-heads",
        make=lambda: Supervised(ALL_HEADS, ALL_HEADS, {"modalities": 0.1}, label_smoothing=0.1),
        terms=SOURCE_HEADS | TARGET_HEADS,
        without_target=SOURCE_HEADS,
        regression=SOURCE_HEADS | TARGET_HEADS,
    ),
]

PROPERTIES: list[Callable[[AlignerCase], None]] = [
    properties.check_names,
    properties.check_reach,
    properties.check_closed_form_gradients,
    properties.check_row_order,
    properties.check_modality_names,
    properties.check_target_labels_are_not_seen,
    properties.check_tasks_are_separate,
    properties.check_gradient,
    properties.check_repeatable,
]

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@each_case
@pytest.mark.parametrize("check", PROPERTIES, ids=lambda check: check.__name__.removeprefix("check_"))
def test_property(case: AlignerCase, check: Callable[[AlignerCase], None]) -> None:
    check(case)


@each_case
@pytest.mark.parametrize("edge", EDGES)
def test_terms_are_finite(case: AlignerCase, edge: str) -> None:
    properties.check_finite(case, EDGES[edge])


@each_case
@pytest.mark.parametrize("garbage", [1e6, torch.nan, torch.inf])
def test_absent_rows_are_ignored(case: AlignerCase, garbage: float) -> None:
    properties.check_absent_rows(case, garbage)
