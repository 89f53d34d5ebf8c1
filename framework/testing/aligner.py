"""Checks of Aligners: all that every Aligner promises, whatever the method."""

from collections.abc import Mapping, Set as AbstractSet
from typing import Final

from ..interfaces import Aligner
from ..layout import DomainSide
from . import aligner_gradients as of_gradients, aligner_terms as of_terms
from .aligner_case import AlignerCase
from .bound_parts import Made, Parts
from .broken_promise import Promises

ALIGNER_PROMISES: Final[Promises[AlignerCase]] = {
    "bind": of_terms.check_bind,
    "names": of_terms.check_names,
    "finite": of_terms.check_finite,
    "reach": of_gradients.check_reach,
    "closed form": of_gradients.check_closed_form,
    "gradient": of_gradients.check_gradient,
    "row order": of_terms.check_row_order,
    "absent rows": of_terms.check_absent_rows,
    "modality names": of_terms.check_modality_names,
    "target labels": of_terms.check_target_labels,
    "separate tasks": of_terms.check_tasks_are_separate,
    "repeatable": of_terms.check_repeatable,
    "observe": of_terms.check_observe,
    "measure": of_terms.check_measure,
}
"""What checks each promise of an Aligner, by name, in the order in which `check_aligner` asks."""


def check_aligner(
    aligner: Made[Aligner],
    *,
    terms: AbstractSet[str] | None = None,
    without_target: AbstractSet[str] = frozenset(),
    regression: AbstractSet[str] = frozenset(),
    symmetric: bool = True,
    gradient_sign: float | None = 1.0,
    random: bool = False,
    parts: Parts | None = None,
    views: Mapping[str, DomainSide] | None = None,
    refuses: AbstractSet[str] = frozenset(),
) -> None:
    """Check all that an Aligner promises; returns nothing where it keeps it.

    Args:
        aligner: the Aligner, not yet bound, or what makes it, such as its class.
        terms: see `AlignerCase` for this and what follows: what the author claims.
        without_target: names of terms without a target.
        regression: names of terms for regression.
        symmetric: whether the modalities' names make no difference.
        gradient_sign: -1 behind gradient reversal.
        random: whether it draws numbers.
        parts: modules that it takes when it is bound.
        views: names of the views that it looks at, and whose samples they are.
        refuses: layouts that it does not work with.

    Raises:
        BrokenPromiseError: at the first promise that it breaks, with a sentence that says which, and the numbers.

    Example:
        >>> from acclimate.framework import Aligner, Term
        >>> class Means(Aligner):
        ...     def forward(self, step):
        ...         means = {key: rows.mean() for key, rows in step.representations.items()}
        ...         return {f"{side}/{name}": Term(mean.square()) for (side, name), mean in means.items()}
        >>> check_aligner(Means())
        Traceback (most recent call last):
        ...
        acclimate.framework.testing.broken_promise.BrokenPromiseError: Means/source/audio: its gradient does not reach
        (source, image), which Term.reaches names, being None; it reaches (source, audio).
    """
    case = AlignerCase(
        aligner,
        terms=terms,
        without_target=without_target,
        regression=regression,
        symmetric=symmetric,
        gradient_sign=gradient_sign,
        random=random,
        parts=parts or {},
        views=views or {},
        refuses=refuses,
    )
    for check in ALIGNER_PROMISES.values():
        check(case)
