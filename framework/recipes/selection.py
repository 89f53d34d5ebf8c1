"""How a run's best checkpoint is chosen."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs
from attrs.validators import ge, le

from .class_spec import ClassSpec

_VALIDATORS: Final = "acclimate.framework.validators"

VALIDATORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "source_accuracy": f"{_VALIDATORS}.SourceScore",
        "information_maximisation": f"{_VALIDATORS}.InformationMaximisation",
        "modality_agreement": f"{_VALIDATORS}.ModalityAgreement",
        "soft_neighbourhood_density": f"{_VALIDATORS}.SoftNeighbourhoodDensity",
    }
)
"""The Validators that have a short name: what they measure stands under it in logs."""


@attrs.frozen
class Selection:
    """How the best checkpoint is chosen, without target labels.

    Args:
        score: a short name of `VALIDATORS`, or a Validator by its import path, with `init_args` where it takes any.
        tolerance: how far below the best source score a checkpoint may lie.

    Example:
        >>> Selection("modality_agreement").name
        'modality_agreement'
        >>> Selection(ClassSpec("my_module.MyValidator", {"power": 2})).name
        'my_module.MyValidator'
    """

    score: str | ClassSpec = "source_accuracy"
    tolerance: float = attrs.field(default=0.05, validator=[ge(0.0), le(1.0)])

    def __attrs_post_init__(self) -> None:
        if isinstance(self.score, str) and self.score not in VALIDATORS and "." not in self.score:
            raise ValueError(
                f"score must be one of {', '.join(VALIDATORS)}, or the import path of a Validator, but got "
                f"{self.score!r}."
            )

    @property
    def validator(self) -> ClassSpec:
        """The Validator that scores checkpoints."""
        return self.score if isinstance(self.score, ClassSpec) else ClassSpec(VALIDATORS.get(self.score, self.score))

    @property
    def name(self) -> str:
        """What the score is called in logs: its short name if it has one, else the import path."""
        spec = self.validator
        short = {path: name for name, path in VALIDATORS.items()}
        return spec.class_path if spec.init_args else short.get(spec.class_path, spec.class_path)

    @property
    def is_own(self) -> bool:
        """Whether the Validator is named by its import path."""
        return self.name not in VALIDATORS
