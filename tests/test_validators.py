"""What every Validator of ours promises."""

import pytest
from acclimate.framework import Validator
from acclimate.framework.testing import VALIDATOR_PROMISES, ValidatorCase
from acclimate.framework.validators import (
    ClassAMI,
    ClassConfusion,
    ClassCorrelation,
    DeepEmbeddedValidation,
    Diversity,
    Entropy,
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
    ClassConfusion,
    ClassCorrelation,
    DeepEmbeddedValidation,
    Diversity,
    Entropy,
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
