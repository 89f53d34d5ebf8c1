"""What every Validator of ours promises."""

import pytest
from acclimate.framework import Validator
from acclimate.framework.consensus.opinion import Heads
from acclimate.framework.testing import VALIDATOR_PROMISES, ValidatorCase
from acclimate.framework.validators import (
    AggregationAgreement,
    AgreementOnTheLine,
    AverageThresholdedConfidence,
    ClassAMI,
    ClassConfusion,
    ClassCorrelation,
    DawidSkene,
    DeepEmbeddedValidation,
    DifferenceOfConfidences,
    Diversity,
    EnsembleAgreement,
    Entropy,
    GeneralisationDisagreement,
    ImportanceWeightedValidation,
    InformationMaximisation,
    MaNo,
    MixVal,
    ModalityAgreement,
    NuclearNorm,
    RankMe,
    ReverseValidation,
    SoftNeighbourhoodDensity,
    SourceScore,
)

VALIDATORS = (
    AggregationAgreement,
    AgreementOnTheLine,
    AverageThresholdedConfidence,
    ClassConfusion,
    ClassCorrelation,
    DawidSkene,
    DeepEmbeddedValidation,
    DifferenceOfConfidences,
    Diversity,
    EnsembleAgreement,
    Entropy,
    GeneralisationDisagreement,
    ImportanceWeightedValidation,
    InformationMaximisation,
    MaNo,
    ModalityAgreement,
    NuclearNorm,
    RankMe,
    ReverseValidation,
    SoftNeighbourhoodDensity,
    SourceScore,
)
DRAWING = (ClassAMI, MixVal)
"""Those that draw numbers: first centres of clusters, pairs to mix."""


@pytest.mark.parametrize("validator", [*VALIDATORS, *DRAWING])
@pytest.mark.parametrize("promise", VALIDATOR_PROMISES)
def test_promise(validator: type[Validator], promise: str) -> None:
    VALIDATOR_PROMISES[promise](ValidatorCase(validator, random=validator in DRAWING))


@pytest.mark.parametrize("heads", ["modalities", "both"])
@pytest.mark.parametrize("promise", VALIDATOR_PROMISES)
def test_promise_of_heads_of_modalities(heads: Heads, promise: str) -> None:
    VALIDATOR_PROMISES[promise](ValidatorCase(DawidSkene(heads, corrected=True)))
