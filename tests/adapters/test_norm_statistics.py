"""How uneven norms are: by hand."""

import pytest
import torch
from acclimate.framework.layout import JOINT
from acclimate.framework.measures.norm_statistics import coefficient_of_variation, joint_variation, norm_statistics

FEATURES = {"image": torch.tensor([[2.0], [4.0], [9.0]]), "audio": torch.tensor([[0.0, 1.0], [3.0, 4.0], [9.0, 9.0]])}
PRESENT = torch.tensor([[True, True], [True, True], [False, True]])


def test_columns_are_in_alphabetical_order() -> None:
    statistics = norm_statistics({**FEATURES, JOINT: torch.full((3, 3), torch.nan)}, PRESENT, torch.tensor([0, 2, 0]))
    # Audio has the norms 1 and 5, image 2, 4 and 9.
    assert statistics.mean == pytest.approx({"audio": 3.0, "image": 5.0})
    assert statistics.by_class["audio"] == pytest.approx({0: 1.0, 2: 5.0})
    assert statistics.by_class["image"] == pytest.approx({0: 5.5, 2: 4.0})
    # Mean 4, deviation 1; mean 3.875, squared deviations 2.875^2 + 1.125^2 + 1.625^2 + 0.125^2 over four.
    assert statistics.variation == pytest.approx(1 / 4)
    variance = (2.875**2 + 1.125**2 + 1.625**2 + 0.125**2) / 4
    assert statistics.class_variation == pytest.approx(variance**0.5 / 3.875)


def test_both_sides_together() -> None:
    source = norm_statistics(FEATURES, PRESENT)
    target = norm_statistics({name: 2 * values for name, values in FEATURES.items()}, PRESENT)
    # 3, 5, 6 and 10: mean 6, squared deviations 9 + 1 + 0 + 16 over four.
    assert joint_variation(source, target) == pytest.approx((26 / 4) ** 0.5 / 6)
    assert source.variation == pytest.approx(target.variation)
    assert source.class_variation is None


def test_what_is_absent_is_left_out() -> None:
    statistics = norm_statistics(FEATURES, torch.tensor([[False, True]] * 3), torch.tensor([-1, 1, -1]))
    assert statistics.mean == pytest.approx({"image": 5.0})
    assert statistics.by_class == {"audio": {}, "image": pytest.approx({1: 4.0})}
    assert statistics.variation == pytest.approx(0.0)


def test_no_labels_at_all() -> None:
    statistics = norm_statistics(FEATURES, PRESENT, torch.tensor([-1, -1, -1]))
    assert statistics.by_class == {"audio": {}, "image": {}}
    assert statistics.class_variation is None


def test_variation_of_equal_and_of_vanishing_values() -> None:
    assert coefficient_of_variation(torch.tensor([2.0, 2.0])).item() == pytest.approx(0.0)
    assert coefficient_of_variation(torch.zeros(3)).item() == pytest.approx(0.0)
    assert coefficient_of_variation(torch.tensor([5.0])).item() == pytest.approx(0.0)


def test_variation_refuses_too_few_values() -> None:
    with pytest.raises(ValueError, match=r"values must number more than correction 1, but got 1\."):
        coefficient_of_variation(torch.tensor([5.0]), correction=1)
