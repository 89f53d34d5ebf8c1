"""What counts as agreement between two runtimes."""

import numpy as np
import pytest
from acclimate.exporters.parity import compare
from acclimate.framework import ExportError

EXPECTED = np.array([[1.0, 2.0, 0.0], [100.0, -100.0, 0.0]], np.float32)


@pytest.mark.parametrize("difference", [5e-6, [[1e-4, 0, 0], [5e-3, -5e-3, 0]]])
def test_small_differences_are_allowed_and_measured(difference: float | list[list[float]]) -> None:
    found = EXPECTED + np.asarray(difference, np.float32)
    comparison = compare(found, EXPECTED, "output 'logits'")
    assert comparison.max_abs == np.abs(found - EXPECTED).max()
    assert (comparison.agreeing, comparison.decided) == (2, 2)


@pytest.mark.parametrize(
    ("row", "column", "difference"), [(0, 2, 2e-5), (0, 1, 3e-4), (1, 0, -0.02), (0, 0, np.nan), (1, 2, np.inf)]
)
def test_large_differences_are_refused_with_the_place_and_the_size(row: int, column: int, difference: float) -> None:
    found = EXPECTED.copy()
    found[row, column] += np.float32(difference)
    size = f"{np.abs(found - EXPECTED)[row, column]:.2e}"
    with pytest.raises(ExportError, match=f"output 'logits': they differ by {size.replace('+', '.')}, where"):
        compare(found, EXPECTED, "output 'logits'")


def test_another_class_is_refused_and_a_tie_decides_nothing() -> None:
    found, expected = np.array([[[100.008, 100.007]], [[100.0, 100.015]]], np.float32)
    with pytest.raises(ExportError, match="they name different classes"):
        compare(found, expected, "output 'logits'")
    tie = np.array([[1.0, 1.00001]], np.float32)
    comparison = compare(tie[:, ::-1].copy(), tie, "output 'logits'")
    assert (comparison.agreeing, comparison.decided) == (0, 0)


def test_a_number_has_no_class_to_agree_on() -> None:
    numbers = np.array([[3.0], [4.0]], np.float32)
    assert compare(numbers, numbers, "output 'logits'").decided == 0


def test_another_shape_is_refused() -> None:
    with pytest.raises(ExportError, match=r"shape \(2, 2\), not \(2, 3\)"):
        compare(EXPECTED[:, :2], EXPECTED, "output 'logits'")
