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
        """The Validators that have no short name, by the name that they have in logs; what chooses comes first."""
        specs = {_name(spec): spec for spec in map(_spec, (self.score, *self.also))}
        return {name: spec for name, spec in specs.items() if name not in VALIDATORS}


def _spec(score: str | ClassSpec) -> ClassSpec:
    return score if isinstance(score, ClassSpec) else ClassSpec(VALIDATORS.get(score, score))


def _name(spec: ClassSpec) -> str:
    short = {path: name for name, path in VALIDATORS.items()}
    return spec.class_path if spec.init_args else short.get(spec.class_path, spec.class_path)
