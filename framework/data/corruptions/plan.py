"""What is to be done to one modality: corruptions by severity or by their arguments, of all rows or of a share."""

from typing import Any

import attrs

from ...errors import DataError
from .base import SEVERITIES, Corruption, check_share, to_float
from .calls import Call, parse_calls
from .registry import find_corruption, make_corruption


@attrs.frozen
class Step:
    """A corruption of some of the rows.

    Args:
        corruption: which.
        share: of the rows that it corrupts.
    """

    corruption: Corruption
    share: float = attrs.field(default=1.0, converter=to_float, validator=check_share)


@attrs.frozen
class Plan:
    """Corruptions of a modality, one after the other.

    Args:
        modality: the column.
        steps: what is done.
    """

    modality: str
    steps: tuple[Step, ...]


def parse_plan(text: str, seed: int = 0, severity: int | None = None) -> Plan:
    """Read `modality=corruption(...) + corruption(...)`.

    Beside its own arguments a corruption takes `share`, the share of the rows that it corrupts, and `severity`, a whole
    number from 1 to 5 that stands for the argument by which it grows.

    Args:
        text: the plan.
        seed: of corruptions that are not given one.
        severity: of corruptions that are given neither a severity nor the argument that it stands for.

    Raises:
        DataError: if the text cannot be read, or a corruption or an argument is unknown, missing or wrong.

    Example:
        >>> plan = parse_plan("image=brightness(severity=4) + gaussian_noise(std=0.5, share=0.8)")
        >>> plan.modality, [(str(step.corruption), step.share) for step in plan.steps]
        ('image', [('brightness(factor=0.2, seed=0)', 1.0), ('gaussian_noise(std=0.5, seed=0)', 0.8)])
    """
    modality, equals, written = text.partition("=")
    if not equals or "(" in modality:
        raise DataError(f"a corruption must be given as MODALITY=CORRUPTION, but got {text!r}.")
    return Plan(modality.strip(), parse_steps(written, seed, severity))


def parse_steps(text: str, seed: int = 0, severity: int | None = None) -> tuple[Step, ...]:
    """Read what stands behind the equals sign of a plan; see `parse_plan`."""
    return tuple(_to_step(call, seed, severity) for call in parse_calls(text))


def leaves_severity_open(text: str) -> bool:
    """Whether a plan has a corruption of which no severity is given, so that all of them can be gone through.

    Raises:
        DataError: if the text cannot be read.

    Example:
        >>> leaves_severity_open("image=gaussian_noise"), leaves_severity_open("image=gaussian_noise(std=0.3)")
        (True, False)
    """
    return any(_is_open(call) for call in parse_calls(text.partition("=")[2]))


def _is_open(call: Call) -> bool:
    return not {"severity", find_corruption(call.name).severity_argument} & set(call.arguments)


def _to_step(call: Call, seed: int, severity: int | None) -> Step:
    found = find_corruption(call.name)
    arguments: dict[str, Any] = {"seed": seed, "share": 1.0, **call.arguments}
    chosen = arguments.pop("severity", severity if _is_open(call) else None)
    if chosen is not None:
        if found.severity_argument in call.arguments:
            raise DataError(f"{call.name}: severity stands for {found.severity_argument}, but both are given.")
        arguments[found.severity_argument] = _value_of(found, chosen)
    elif found.severity_argument not in call.arguments:
        raise DataError(
            f"{call.name}: {found.severity_argument}, or a severity from {SEVERITIES[0]} to {SEVERITIES[-1]}, must be "
            "given, but is missing."
        )
    share = arguments.pop("share")
    corruption = make_corruption(call.name, arguments)
    try:
        return Step(corruption, share)
    except ValueError as error:
        raise DataError(f"{call.name}: {error}") from error


def _value_of(found: type[Corruption], severity: object) -> float:
    if severity not in SEVERITIES or isinstance(severity, bool):
        raise DataError(
            f"{found.name}: severity must be a whole number from {SEVERITIES[0]} to {SEVERITIES[-1]}, "
            f"but got {severity!r}."
        )
    return next(value for known, value in zip(SEVERITIES, found.severities, strict=True) if known == severity)
