"""How a run's best checkpoint is chosen."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs
from attrs.validators import ge, le

from ..files.shown_value import shown
from .class_spec import ClassSpec
from .plain_data import NEWER

_VALIDATORS: Final = "acclimate.framework.validators"

OF_EVERY_RUN: Final = ("information_maximisation", "modality_agreement", "soft_neighbourhood_density")
"""Short names of the Validators that every run asks after each epoch."""

VALIDATORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        short: f"{_VALIDATORS}.{name}"
        for short, name in {
            "source_accuracy": "SourceScore",
            "information_maximisation": "InformationMaximisation",
            "modality_agreement": "ModalityAgreement",
            "soft_neighbourhood_density": "SoftNeighbourhoodDensity",
            "entropy": "Entropy",
            "diversity": "Diversity",
            "nuclear_norm": "NuclearNorm",
            "class_confusion": "ClassConfusion",
            "rank_me": "RankMe",
            "class_ami": "ClassAMI",
            "mano": "MaNo",
            "class_correlation": "ClassCorrelation",
            "importance_weighted_validation": "ImportanceWeightedValidation",
            "deep_embedded_validation": "DeepEmbeddedValidation",
            "reverse_validation": "ReverseValidation",
            "mixval": "MixVal",
            "average_thresholded_confidence": "AverageThresholdedConfidence",
            "difference_of_confidences": "DifferenceOfConfidences",
            "generalisation_disagreement": "GeneralisationDisagreement",
            "agreement_on_the_line": "AgreementOnTheLine",
            "ensemble_agreement": "EnsembleAgreement",
            "dawid_skene": "DawidSkene",
            "aggregation_agreement": "AggregationAgreement",
        }.items()
    }
)
"""The Validators that have a short name, under which logs have what they say."""


@attrs.frozen
class Selection:
    """How the best checkpoint is chosen, without target labels.

    Args:
        score: a short name of `VALIDATORS`, or a Validator by its import path, with `init_args` where it takes any.
        tolerance: how far below the best source score a checkpoint may lie.
        also: further Validators to ask after each epoch, named as `score` is.

    Example:
        >>> Selection("modality_agreement").name
        'modality_agreement'
        >>> Selection(ClassSpec("my_module.MyValidator", {"power": 2})).name
        'my_module.MyValidator'
    """

    score: str | ClassSpec = "source_accuracy"
    tolerance: float = attrs.field(default=0.05, validator=[ge(0.0), le(1.0)])
    also: tuple[str | ClassSpec, ...] = attrs.field(default=(), metadata=NEWER)

    def __attrs_post_init__(self) -> None:
        for score in (self.score, *self.also):
            if isinstance(score, str) and score not in VALIDATORS and "." not in score:
                known = ", ".join(VALIDATORS)
                raise ValueError(
                    f"score must be one of {known}, or the import path of a Validator, but got {shown(score)}."
                )

    @property
    def name(self) -> str:
        """What the score is called in logs: its short name if it has one, else the import path."""
        return _name(_spec(self.score))

    @property
    def own(self) -> dict[str, ClassSpec]:
        """The Validators that not every run asks, by the name that they have in logs; what chooses comes first."""
        specs = {_name(spec): spec for spec in map(_spec, (self.score, *self.also))}
        return {name: spec for name, spec in specs.items() if name not in ("source_accuracy", *OF_EVERY_RUN)}


def _spec(score: str | ClassSpec) -> ClassSpec:
    return score if isinstance(score, ClassSpec) else ClassSpec(VALIDATORS.get(score, score))


def _name(spec: ClassSpec) -> str:
    short = {path: name for name, path in VALIDATORS.items()}
    return spec.class_path if spec.init_args else short.get(spec.class_path, spec.class_path)
