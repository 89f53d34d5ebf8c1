"""Checks of Balancers: one scalar that can be differentiated, whatever the number and order of the terms."""

from typing import Final

import attrs
import torch
from torch import Tensor

from ..batch import Representation, Term
from ..interfaces import Balancer
from .bound_parts import Made, Parts, bind, name_of
from .broken_promise import BrokenPromiseError, Promises, difference
from .layouts import make_layout

Representations = dict[Representation, Tensor]


@attrs.frozen
class BalancerCase:
    """A Balancer and what it claims.

    Args:
        balancer: the Balancer, not yet bound, or what makes it, such as its class.
        name: what it is called in sentences; its class's name by default.
        parts: the modules that it takes when it is bound, by name.
        keeps_one: whether a term that has no rival gets its weighted value; not where weights are learnt.
    """

    balancer: Made[Balancer]
    name: str = attrs.field()
    parts: Parts = attrs.field(factory=dict)
    keeps_one: bool = True

    @name.default
    def _class_name(self) -> str:
        return name_of(self.balancer)

    def value(self, terms: dict[str, Term], representations: Representations) -> Tensor:
        """What it makes of terms.

        Raises:
            BrokenPromiseError: if it raises an error, or answers no scalar.
        """
        try:
            balancer = bind(self.balancer, make_layout(width=3), self.parts, torch.float64, redraw=False).part
            value: object = balancer(terms, representations)
        except Exception as error:
            raise BrokenPromiseError(f"{self.name}: raises {error!r} on {len(terms)} terms.") from error
        if not isinstance(value, Tensor) or value.shape != ():
            raise BrokenPromiseError(f"{self.name}: must answer a scalar, but answers {value!r}.")
        return value


def make_terms(count: int) -> tuple[dict[str, Term], Representations]:
    """Terms that pull two representations to different places, with different weights.

    Args:
        count: number of terms.

    Example:
        >>> terms, representations = make_terms(2)
        >>> terms.keys(), representations.keys()
        (dict_keys(['term0', 'term1']), dict_keys([('source', 'audio'), ('source', 'image')]))
    """
    generator = torch.Generator().manual_seed(0)
    representations: Representations = {
        ("source", name): torch.randn(4, 3, generator=generator, dtype=torch.float64).requires_grad_()
        for name in ("audio", "image")
    }
    reaches = frozenset(representations)
    terms = {
        f"term{index}": Term(
            torch.stack([(values - index).square().mean() for values in representations.values()]).sum(),
            weight=1.0 + index,
            reaches=reaches,
        )
        for index in range(count)
    }
    return terms, representations


def check_differentiable(case: BalancerCase) -> None:
    """The scalar of one, two and five terms is finite, and so is its gradient, which is not zero."""
    for count in (1, 2, 5):
        terms, representations = make_terms(count)
        value = case.value(terms, representations)
        if not value.isfinite():
            raise BrokenPromiseError(f"{case.name}: the value of {count} terms is {value.item()}.")
        if not value.requires_grad:
            raise BrokenPromiseError(f"{case.name}: the value of {count} terms has no gradient.")
        found = torch.autograd.grad(value, list(representations.values()), materialize_grads=True)
        for (side, modality), gradient in zip(representations, found, strict=True):
            if not gradient.isfinite().all() or not gradient.any():
                fault = "zero" if gradient.isfinite().all() else "not finite"
                raise BrokenPromiseError(
                    f"{case.name}: the gradient of {count} terms by ({side}, {modality}) is {fault}."
                )


def check_term_order(case: BalancerCase) -> None:
    """The order of terms makes no difference."""
    terms, representations = make_terms(4)
    backwards = dict(reversed(terms.items()))
    changed = difference(case.value(backwards, representations), case.value(terms, representations))
    if changed:
        raise BrokenPromiseError(f"{case.name}: its value changes with the order of terms: {changed}.")


def check_one_term(case: BalancerCase) -> None:
    """A term that has no rival gets its weighted value."""
    terms, representations = make_terms(1)
    changed = difference(case.value(terms, representations), terms["term0"].weighted)
    if changed and case.keeps_one:
        raise BrokenPromiseError(
            f"{case.name}: a term without a rival must get its weighted value, but gets {changed}; claim "
            "keeps_one=False if weights are learnt."
        )


def check_no_terms(case: BalancerCase) -> None:
    """The value of no terms is zero."""
    value = case.value({}, {})
    if value.item() != 0.0:
        raise BrokenPromiseError(f"{case.name}: the value of no terms must be 0, but is {value.item():.4g}.")


BALANCER_PROMISES: Final[Promises[BalancerCase]] = {
    "differentiable": check_differentiable,
    "term order": check_term_order,
    "one term": check_one_term,
    "no terms": check_no_terms,
}
"""What checks each promise of a Balancer, by name, in the order in which `check_balancer` asks."""


def check_balancer(balancer: Made[Balancer], *, parts: Parts | None = None, keeps_one: bool = True) -> None:
    """Check all that a Balancer promises; returns nothing where it keeps it.

    Args:
        balancer: the Balancer, not yet bound, or what makes it, such as its class.
        parts: see `BalancerCase` for this and what follows.
        keeps_one: whether a term that has no rival gets its weighted value.

    Raises:
        BrokenPromiseError: at the first promise that it breaks, with a sentence that says which, and the numbers.

    Example:
        >>> from acclimate.framework import Balancer
        >>> class First(Balancer):
        ...     def forward(self, terms, representations):
        ...         return next(iter(terms.values())).weighted if terms else torch.zeros(())
        >>> check_balancer(First())
        Traceback (most recent call last):
        ...
        acclimate.framework.testing.broken_promise.BrokenPromiseError: First: its value changes with the order of terms:
        ...
    """
    case = BalancerCase(balancer, parts=parts or {}, keeps_one=keeps_one)
    for check in BALANCER_PROMISES.values():
        check(case)
