"""Properties that all Aligners share. A new method adds its line to CASES."""

from collections.abc import Callable, Mapping

import pytest
from acclimate.adapters.anchor_drag_drift import AnchorDragDrift
from acclimate.adapters.class_encoder import ClassEncoder
from acclimate.adapters.conditional_adversarial import ConditionalAdversarial
from acclimate.adapters.coral import CorrelationAlignment
from acclimate.adapters.distillation import ModalAffinityDistillation
from acclimate.adapters.domain_adversarial import DomainAdversarial
from acclimate.adapters.dynamic_domain_adversarial import DynamicDomainAdversarial
from acclimate.adapters.information_bottleneck import InformationBottleneck
from acclimate.adapters.information_maximisation import InformationMaximisation
from acclimate.adapters.maximum_mean_discrepancy import MaximumMeanDiscrepancy
from acclimate.adapters.metric_learning import ModalAffinityMetricLearning
from acclimate.adapters.modality_roles import ModalityRoles
from acclimate.adapters.rna import NormComparison, RelativeNormAlignment
from acclimate.adapters.supervised import Supervised
from acclimate.framework.testing import ALIGNER_PROMISES, AlignerCase
from torch import nn

GLOBAL = {"global/source", "global/target"}
CLASS = {"class/source", "class/target"}
CROSS = {"cross/audio", "cross/image"}
RNA = GLOBAL | CLASS | CROSS
ALL_HEADS = ("joint", "modalities")
SOURCE_HEADS = {"source/joint", "source/audio", "source/image"}
TARGET_HEADS = {"target/joint", "target/audio", "target/image"}
MOML_SOURCE = {"source/audio", "source/image"}
MOML = MOML_SOURCE | {"target/audio", "target/image"}


def roles(anchor: str | None = "audio") -> Mapping[str, Callable[[], nn.Module]]:
    """A3D2's shared part; without a name the anchor is found in the first step."""
    return {"roles": lambda: ModalityRoles(anchor, steps=1)}


CASES = [
    AlignerCase(
        name="a3d2-aa",
        aligner=ConditionalAdversarial,
        terms={"image"},
        symmetric=False,  # the anchor has a name
        gradient_sign=-1.0,
        parts=roles(),
    ),
    AlignerCase(
        name="a3d2-aa-found",
        aligner=ConditionalAdversarial,
        terms={"audio"},
        symmetric=False,  # each modality's discriminator has its own initial weights
        gradient_sign=-1.0,
        parts=roles(None),
    ),
    AlignerCase(
        name="a3d2-aa-authors",
        aligner=lambda: ConditionalAdversarial(head="joint", include_anchor=True, schedule="quadratic", form="authors"),
        terms={"audio", "image"},
        symmetric=False,
        gradient_sign=-0.25,
    ),
    AlignerCase(
        name="a3d2-add",
        aligner=AnchorDragDrift,
        terms={"image"},
        regression={"image"},
        symmetric=False,
        parts=roles(),
    ),
    AlignerCase(
        name="a3d2-add-found", aligner=AnchorDragDrift, terms={"audio"}, regression={"audio"}, parts=roles(None)
    ),
    AlignerCase(
        name="a3d2-add-moving-plan",
        aligner=lambda: AnchorDragDrift(plan_momentum=0.95, prediction_weight=1.0),
        terms={"image", "predictions/image"},
        regression={"image"},
        symmetric=False,
        parts=roles(),
    ),
    AlignerCase(
        name="a3d2-add-source",
        aligner=lambda: AnchorDragDrift(side="source"),
        terms={"image"},
        without_target={"image"},
        regression={"image"},
        symmetric=False,
        parts=roles(),
    ),
    AlignerCase(
        name="rna",
        aligner=RelativeNormAlignment,
        terms=RNA,
        without_target={"global/source", "class/source"},
        regression=GLOBAL | CROSS,
    ),
    AlignerCase(
        name="rna-wacv",
        aligner=lambda: RelativeNormAlignment(comparison=NormComparison(form="wacv")),
        terms=RNA,
        without_target={"global/source", "class/source"},
        regression=GLOBAL | CROSS,
        symmetric=False,
    ),
    AlignerCase(
        name="rna-mean-of-classes",
        aligner=lambda: RelativeNormAlignment(comparison=NormComparison(class_reduction="mean")),
        terms=RNA,
        without_target={"global/source", "class/source"},
        regression=GLOBAL | CROSS,
    ),
    AlignerCase(
        name="rna-global",
        aligner=lambda: RelativeNormAlignment(lambda_c=0.0, cross_domain=False),
        terms=GLOBAL,
        without_target={"global/source"},
        regression=GLOBAL,
    ),
    AlignerCase(
        name="rna-class",
        aligner=lambda: RelativeNormAlignment(lambda_g=0.0),
        terms=CLASS | CROSS,
        without_target={"class/source"},
    ),
    AlignerCase(
        name="rna-within-source",
        aligner=lambda: RelativeNormAlignment(within="source"),
        terms={"global/source", "class/source"} | CROSS,
        without_target={"global/source", "class/source"},
        regression={"global/source"} | CROSS,
    ),
    AlignerCase(
        name="coral",
        aligner=CorrelationAlignment,
        terms={"audio", "image", "joint"},
        regression={"audio", "image", "joint"},
    ),
    AlignerCase(
        name="coral-modalities-second-moment",
        aligner=lambda: CorrelationAlignment(0.5, joint=False, statistic="second_moment"),
        terms={"audio", "image"},
        regression={"audio", "image"},
    ),
    AlignerCase(
        name="coral-joint-normalised",
        aligner=lambda: CorrelationAlignment(modalities=False, normalised=True),
        terms={"joint"},
        regression={"joint"},
    ),
    AlignerCase(
        name="domain-adversarial",
        aligner=lambda: DomainAdversarial(schedule="constant"),
        terms={"audio", "image"},
        regression={"audio", "image"},
        symmetric=False,  # each modality's discriminator has its own initial weights
        gradient_sign=-1.0,
    ),
    AlignerCase(
        name="information-bottleneck",
        aligner=InformationBottleneck,
        terms={"audio", "image", "joint"},
        without_target={"audio", "image", "joint"},
        regression={"audio", "image", "joint"},
    ),
    AlignerCase(
        name="information-bottleneck-bounded",
        aligner=lambda: InformationBottleneck(joint=False, form="log1p", correction=1),
        terms={"audio", "image"},
        without_target={"audio", "image"},
        regression={"audio", "image"},
    ),
    AlignerCase(name="information-maximisation", aligner=InformationMaximisation, terms={"joint"}),
    AlignerCase(
        name="modfinity-moml",
        aligner=ModalAffinityMetricLearning,
        terms=MOML,
        without_target=MOML_SOURCE,
        parts={"classes": ClassEncoder},
    ),
    AlignerCase(
        name="modfinity-moml-unlocked",
        aligner=lambda: ModalAffinityMetricLearning(locked=False),
        terms=MOML,
        without_target=MOML_SOURCE,
        parts={"classes": ClassEncoder},
    ),
    AlignerCase(
        name="modfinity-moml-ratio",
        aligner=lambda: ModalAffinityMetricLearning(form="ratio", locked=False),
        terms=MOML,
        without_target=MOML_SOURCE,
        parts={"classes": ClassEncoder},
    ),
    AlignerCase(
        name="modfinity-mod",
        aligner=ModalAffinityDistillation,
        terms={"audio", "image"},
    ),
    AlignerCase(
        name="modfinity-mod-ratio",
        aligner=lambda: ModalAffinityDistillation(form="ratio"),
        terms={"audio", "image"},
    ),
    AlignerCase(
        name="modfinity-mod-authors",
        aligner=lambda: ModalAffinityDistillation(whole_batch=True),
        terms={"audio", "image"},
        symmetric=False,  # the rows are those of the later name
    ),
    AlignerCase(
        name="discrepancy",
        aligner=MaximumMeanDiscrepancy,
        terms={"joint"},
        regression={"joint"},
        gradient_sign=None,
    ),
    AlignerCase(
        name="discrepancy-of-modalities",
        aligner=lambda: MaximumMeanDiscrepancy(level="modalities"),
        terms={"audio", "image"},
        regression={"audio", "image"},
        gradient_sign=None,
    ),
    AlignerCase(
        name="dynamic-domain",
        aligner=lambda: DynamicDomainAdversarial(domains=3, drawn=2, pairing="random", schedule="constant"),
        terms={"raw", "generated"},
        regression={"raw", "generated"},
        symmetric=False,  # the generator and the discriminator have their own weights for each element
        gradient_sign=-1.0,
        random=True,
    ),
    AlignerCase(
        name="dynamic-domain-nearest",
        aligner=lambda: DynamicDomainAdversarial(domains=3, pairing="nearest", norm="l2", schedule="constant"),
        terms={"raw", "generated"},
        regression={"raw", "generated"},
        symmetric=False,
        gradient_sign=-1.0,
    ),
    AlignerCase(
        name="mixup-domain",
        aligner=lambda: DynamicDomainAdversarial(bridge="mixup", pairing="nearest", schedule="constant"),
        terms={"raw", "generated"},
        regression={"raw", "generated"},
        symmetric=False,
        gradient_sign=-1.0,
    ),
    AlignerCase(
        name="joint-domain",
        aligner=lambda: DynamicDomainAdversarial(bridge="none", schedule="constant"),
        terms={"raw"},
        regression={"raw"},
        symmetric=False,
        gradient_sign=-1.0,
    ),
    AlignerCase(
        name="supervised",
        aligner=Supervised,
        terms={"source/joint"},
        without_target={"source/joint"},
        regression={"source/joint"},
    ),
    AlignerCase(
        name="supervised-all-heads",
        aligner=lambda: Supervised(ALL_HEADS, ALL_HEADS, {"modalities": 0.1}, label_smoothing=0.1),
        terms=SOURCE_HEADS | TARGET_HEADS,
        without_target=SOURCE_HEADS,
        regression=SOURCE_HEADS | TARGET_HEADS,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("promise", ALIGNER_PROMISES)
def test_promise(case: AlignerCase, promise: str) -> None:
    ALIGNER_PROMISES[promise](case)
