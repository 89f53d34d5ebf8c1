"""Figures of losses.py: what is compared on what, and whether values agree."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final, TypeVar

import attrs
import torch
from interleaved import Contestant
from peers import (
    CORAL_PEERS,
    MMD_PEERS,
    Loss,
    LossPeer,
    make_assignment,
    make_emd,
    make_linear_program,
    make_mgda,
)
from torch import Generator, Tensor

OURS: Final = "ours"
WIDTH: Final = 256
MODALITIES: Final = 3
BATCHES: Final = (48, 128)
TERMS: Final = (3, 4, 8)
POINTS: Final = (64, 256)

T = TypeVar("T")


@attrs.frozen(eq=False)
class Figure:
    """Contestants on one problem.

    Args:
        name: of the figure.
        setting: sizes.
        contestants: ours is the first.
        notes: by contestant: whether its values agree with ours, or how its definition differs.
        missing: why a contestant is not there, by name.
        calls: in a turn.
    """

    name: str
    setting: str
    contestants: Sequence[Contestant]
    notes: Mapping[str, str]
    missing: Mapping[str, str]
    calls: int = 10


def coral(sizes: Sequence[int] = BATCHES, width: int = WIDTH) -> Iterator[Figure]:
    """Deep CORAL of each of three modalities, and of their concatenation; forward and backward."""
    from acclimate.adapters.covariances import coral_loss

    ours = partial(coral_loss, normalised=True)
    for batch in sizes:
        setting = f"batch {batch}, {MODALITIES} modalities of {width}"
        yield _losses("CORAL", setting, ours, CORAL_PEERS, _pairs(batch, [width] * MODALITIES))
        joint = f"batch {batch}, joint features of {MODALITIES * width}"
        yield _losses("CORAL", joint, ours, CORAL_PEERS, _pairs(batch, [MODALITIES * width]))


def mmd(sizes: Sequence[int] = BATCHES, width: int = WIDTH) -> Iterator[Figure]:
    """MK-MMD of each of three modalities, by five Gaussian kernels; forward and backward."""
    from acclimate.adapters.maximum_mean_discrepancy import multi_kernel_discrepancy

    for batch in sizes:
        setting = f"batch {batch}, {MODALITIES} modalities of {width}"
        yield _losses("MK-MMD", setting, multi_kernel_discrepancy, MMD_PEERS, _pairs(batch, [width] * MODALITIES))


def pareto(sizes: Sequence[int] = TERMS, matrices: int = 20) -> Iterator[Figure]:
    """The balancer's weights from Gram matrices of gradients."""
    from acclimate.adapters.pareto import closed_form_weights, pareto_weights

    for terms in sizes:
        grams = [_gram(terms, seed) for seed in range(matrices)]
        found, missing = _available({"torchjd: MGDAWeighting": make_mgda})
        solvers: dict[str, Callable[[Tensor], Tensor]] = {
            OURS: pareto_weights,
            "ours, closed form": lambda gram: closed_form_weights(gram.diagonal()),
            **found,
        }
        best = [_norm(gram, pareto_weights(gram)) for gram in grams]
        notes = {name: _excess(solver, grams, best) for name, solver in solvers.items()}
        contestants = [Contestant(name, partial(_map, solver, grams)) for name, solver in solvers.items()]
        yield Figure(
            "Pareto weights", f"{matrices} Gram matrices of {terms} terms", contestants, notes, missing, calls=2
        )


def transport(sizes: Sequence[int] = POINTS, batch: int = 48, *, slow: bool = False) -> Iterator[Figure]:
    """The exact plan between the coordinates of two modalities (A3D2)."""
    from acclimate.adapters.transport import exact_plan

    for points, (kind, relation) in itertools.product(sizes, {"unrelated": 0.0, "related": 0.9}.items()):
        cost = _coordinate_cost(points, batch, relation)
        makers = {"POT: ot.emd": make_emd, "scipy: linear_sum_assignment": make_assignment}
        if slow:
            makers["cvxpy (A3D2's code)"] = make_linear_program
        found, missing = _available(makers)
        solvers = {OURS: exact_plan, **found}
        best = _objective(cost, exact_plan(cost))
        notes = {
            name: f"objective minus ours: {_objective(cost, solver(cost)) - best:.1e}"
            for name, solver in solvers.items()
        }
        contestants = [Contestant(name, partial(solver, cost)) for name, solver in solvers.items()]
        setting = f"{points} coordinates, {kind} modalities, batch {batch}"
        yield Figure("Exact transport plan", setting, contestants, notes, missing, calls=1 if slow else 5)


FIGURES: Final[Mapping[str, Callable[[], Iterator[Figure]]]] = {
    "coral": coral,
    "mmd": mmd,
    "pareto": pareto,
    "transport": transport,
    "transport-cvxpy": partial(transport, sizes=(256,), slow=True),
}


def _losses(
    name: str, setting: str, ours: Loss, peers: Iterable[LossPeer], pairs: Sequence[tuple[Tensor, Tensor]]
) -> Figure:
    by_name = {peer.name: peer for peer in peers}
    found, missing = _available({key: peer.make for key, peer in by_name.items()})
    notes = {OURS: ""}
    for key, loss in found.items():
        peer = by_name[key]
        agreement = "another definition" if peer.make_equal is None else _agreement(ours, peer.make_equal(loss), pairs)
        notes[key] = ", ".join(filter(None, (agreement, peer.note)))
    losses = {OURS: ours, **found}
    contestants = [Contestant(key, partial(_forward_backward, loss, pairs)) for key, loss in losses.items()]
    return Figure(name, setting, contestants, notes, missing)


def _available(makers: Mapping[str, Callable[[], T]]) -> tuple[dict[str, T], dict[str, str]]:
    """What can be made here, and why the rest cannot."""
    found: dict[str, T] = {}
    missing: dict[str, str] = {}
    for name, make in makers.items():
        try:
            found[name] = make()
        except (ImportError, AttributeError) as error:
            missing[name] = f"{type(error).__name__}: {error}"
    return found, missing


def _forward_backward(loss: Loss, pairs: Iterable[tuple[Tensor, Tensor]]) -> None:
    for source, target in pairs:
        source.grad = target.grad = None
        torch.autograd.backward(loss(source, target))


def _agreement(ours: Loss, theirs: Loss, pairs: Iterable[tuple[Tensor, Tensor]]) -> str:
    """Of values and gradients, in float64."""
    for pair in pairs:
        results = []
        for loss in (ours, theirs):
            leaves = [features.detach().double().requires_grad_() for features in pair]
            value = loss(*leaves)
            results.append([value.detach(), *torch.autograd.grad(value, leaves)])
        for mine, other in zip(*results, strict=True):
            if not torch.allclose(mine, other, rtol=1e-6, atol=1e-9 * float(mine.abs().max())):
                return f"DISAGREES by {float((mine - other).abs().max() / mine.abs().max()):.1e}"
    return "equal values and gradients"


def _pairs(batch: int, widths: Sequence[int]) -> list[tuple[Tensor, Tensor]]:
    """Features of source and target that are not negative, as our encoders' are, on different scales."""
    generator = Generator().manual_seed(0)
    return [
        (
            torch.randn(batch, width, generator=generator).relu().requires_grad_(),
            (0.7 * torch.randn(batch, width, generator=generator) + 0.2).relu().requires_grad_(),
        )
        for width in widths
    ]


def _gram(terms: int, seed: int) -> Tensor:
    """Of gradients that pull partly together, and are of lengths that differ up to a hundredfold."""
    generator = Generator().manual_seed(seed)
    gradients = torch.randn(terms, 1000, generator=generator) + torch.randn(1000, generator=generator)
    gradients *= 10 ** (2 * torch.rand(terms, 1, generator=generator) - 1)
    return gradients @ gradients.T


def _map(solver: Callable[[Tensor], Tensor], grams: Iterable[Tensor]) -> None:
    for gram in grams:
        solver(gram)


def _norm(gram: Tensor, weights: Tensor) -> float:
    """Of the weighted sum of gradients: what the weights shall make least."""
    return float((weights.double() @ gram.double() @ weights.double()).clamp(min=0).sqrt())


def _excess(solver: Callable[[Tensor], Tensor], grams: Sequence[Tensor], best: Sequence[float]) -> str:
    excess = max(_norm(gram, solver(gram)) / least - 1 for gram, least in zip(grams, best, strict=True))
    return f"norm above the optimum: at most {100 * excess:.2g} %"


def _coordinate_cost(points: int, batch: int, relation: float) -> Tensor:
    """A3D2's C = 1 - Z_drift^T Z_anchor / N, of unit-norm features that are not negative."""
    generator = Generator().manual_seed(0)
    anchor = torch.randn(batch, points, generator=generator)
    drift = relation * anchor + (1 - relation**2) ** 0.5 * torch.randn(batch, points, generator=generator)
    anchor, drift = (torch.nn.functional.normalize(features.relu(), dim=1) for features in (anchor, drift))
    return 1 - drift.T @ anchor / batch


def _objective(cost: Tensor, plan: Tensor) -> float:
    return float((cost.double() * plan.double()).sum())
