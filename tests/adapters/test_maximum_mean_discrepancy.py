"""MK-MMD by hand, at its edges, and as a loss that is minimised."""

from typing import Any

import pytest
import torch
from acclimate.adapters.maximum_mean_discrepancy import (
    MaximumMeanDiscrepancy,
    multi_kernel,
    multi_kernel_discrepancy,
    squared_distances,
)
from acclimate.framework.testing import drop, make_scene
from torch import Tensor
from torch.autograd import gradcheck

from .golden import DTYPES
from .toy import make_toy, train


def draw(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def by_pairs(source: Tensor, target: Tensor) -> Tensor:
    """The definition, kernel by kernel and pair by pair."""
    points = torch.cat([source, target])
    mean = torch.cdist(points, points).square().mean()

    def kernel(first: Tensor, second: Tensor) -> Tensor:
        distance = (first - second).square().sum()
        return torch.stack([(-distance / (2 * 2.0**power * mean)).exp() for power in range(-3, 2)]).sum()

    def within(rows: Tensor) -> Tensor:
        values = [kernel(rows[i], rows[j]) for i in range(len(rows)) for j in range(len(rows)) if i != j]
        return torch.stack(values).mean() + 1 / (len(rows) - 1)

    between = torch.stack([kernel(first, second) for first in source for second in target]).mean()
    return within(source) + within(target) - 2 * between


@pytest.mark.parametrize(("rows", "columns"), [(5, 5), (2, 7), (6, 3)])
def test_value_is_that_of_the_definition(rows: int, columns: int) -> None:
    source, target = draw(rows, 4), draw(columns, 4, seed=1) + 1.0
    torch.testing.assert_close(multi_kernel_discrepancy(source, target), by_pairs(source, target))
    torch.testing.assert_close(multi_kernel_discrepancy(target, source), multi_kernel_discrepancy(source, target))


def test_distances_keep_their_digits_far_from_zero() -> None:
    points = draw(6, 3, dtype=torch.float32)
    torch.testing.assert_close(squared_distances(points + 1000.0), squared_distances(points), rtol=1e-3, atol=1e-3)


def test_gradients_are_those_of_finite_differences() -> None:
    def loss(points: Tensor) -> Tensor:
        return multi_kernel(squared_distances(points), points.new_tensor(2.0)) * weights

    weights = draw(5, 5, seed=2)
    assert gradcheck(squared_distances, draw(5, 3).requires_grad_())
    assert gradcheck(loss, draw(5, 3).requires_grad_())


@pytest.mark.parametrize("sizes", [(1, 5), (5, 1), (0, 4), (1, 1)])
def test_a_side_without_a_pair_says_nothing(sizes: tuple[int, int]) -> None:
    source, target = (draw(size, 3).requires_grad_() for size in sizes)
    value = multi_kernel_discrepancy(source, target)
    value.backward()  # type: ignore[no-untyped-call]
    assert value.item() == pytest.approx(0.0)
    assert source.grad is not None
    assert not source.grad.any()


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("level", [0.0, 1.0, 1e4])
def test_equal_features_give_finite_gradients(level: float, dtype: torch.dtype) -> None:
    source, target = (torch.full((4, 3), level, dtype=dtype, requires_grad=True) for _ in range(2))
    value = multi_kernel_discrepancy(source, target)
    value.backward()  # type: ignore[no-untyped-call]
    assert value.isfinite()
    for leaf in (source, target):
        assert leaf.grad is not None
        assert leaf.grad.abs().max() < 1.0


def test_rows_without_a_modality_are_left_out() -> None:
    scene = make_scene(2).change(drop(torch.tensor([[True, True], [False, True]])))
    aligner = MaximumMeanDiscrepancy(level="modalities")
    aligner.bind(scene.layout, {})
    audio = [features[::2] for (_, name), features in scene.leaves.items() if name == "audio"]
    torch.testing.assert_close(aligner(scene.step())["audio"].value, multi_kernel_discrepancy(*audio))


def test_minimising_it_brings_the_sides_together() -> None:
    toy = make_toy(2, target_scale=1.0, target_shift=2.0)

    def gap() -> float:
        with torch.no_grad():
            source, target = (
                toy.side(batch, side).outputs.features["joint"]
                for batch, side in ((toy.source, "source"), (toy.target, "target"))  # type: ignore[arg-type]
            )
        return float((source.mean(dim=0) - target.mean(dim=0)).norm() / source.std())

    before = gap()
    losses = train(toy, MaximumMeanDiscrepancy(), steps=300, learning_rate=0.2)
    assert losses[-1] < 0.5 * losses[0]
    assert gap() < 0.5 * before


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"beta": -1.0}, "beta must not be negative, but got -1.0"),
        ({"beta": float("nan")}, "beta must not be negative, but got nan"),
        ({"level": "rows"}, "level must be one of joint, modalities, but got 'rows'"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MaximumMeanDiscrepancy(**arguments)
