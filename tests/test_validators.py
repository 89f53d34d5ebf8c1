"""What every Validator of ours promises."""

import pytest
from acclimate.framework import Validator
from acclimate.framework.testing import VALIDATOR_PROMISES, ValidatorCase
from acclimate.framework.validators import (
    InformationMaximisation,
    ModalityAgreement,
    SoftNeighbourhoodDensity,
    SourceScore,
)

VALIDATORS = (InformationMaximisation, ModalityAgreement, SoftNeighbourhoodDensity, SourceScore)


@pytest.mark.parametrize("validator", VALIDATORS)
@pytest.mark.parametrize("promise", VALIDATOR_PROMISES)
def test_promise(validator: type[Validator], promise: str) -> None:
    VALIDATOR_PROMISES[promise](ValidatorCase(validator))
