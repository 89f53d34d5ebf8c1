"""OSAN and MK-MMD against golden arrays."""

import pytest
import torch
from acclimate.adapters.canonical_correlation import canonical_correlation, contraction
from acclimate.adapters.domain_generator import bridge_domains, gate
from acclimate.adapters.maximum_mean_discrepancy import multi_kernel_discrepancy
from torch import Tensor

from .golden import DTYPES, Golden, golden_names

each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)


@each_dtype
@pytest.mark.parametrize("name", golden_names("osan_cxy"))
def test_contraction(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    modes = range(sum(key.startswith("x") for key in golden.inputs))
    sides = {
        side: (
            [golden[f"{side}{mode}"] for mode in modes],
            [golden[f"{side}{mode}"] @ golden[f"{projection}{mode}"] for mode in modes],
        )
        for side, projection in (("x", "U"), ("y", "V"))
    }
    total = torch.zeros((), dtype=dtype)
    for mode in modes:
        for first, second in ("xy", "xx", "yy"):
            (x, projected_x), (y, projected_y) = sides[first], sides[second]
            others = [
                [values for other, values in enumerate(projected) if other != mode]
                for projected in (projected_x, projected_y)
            ]
            value = contraction(x[mode], y[mode], *others)
            golden.compare(f"C{first}{second}{mode}", value)
            one_by_one = contraction(x[mode], y[mode], *others, torch.eye(len(x[mode]), dtype=dtype))
            torch.testing.assert_close(one_by_one, value)
            if first != second:
                total = total + (golden[f"W{mode}"] * value).sum()
    golden.compare("contraction", total)
    golden.close()


def covariance(x: Tensor, y: Tensor) -> Tensor:
    return (x - x.mean(dim=0)).T @ (y - y.mean(dim=0)) / (len(x) - 1)


@each_dtype
@pytest.mark.parametrize("name", golden_names("osan_cca"))
def test_canonical_correlation(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    x, y = golden["X"], golden["Y"]
    u, v, correlations = canonical_correlation(
        covariance(x, x), covariance(x, y), covariance(y, y), golden.constants["ridge"]
    )
    golden.compare("U", u)
    golden.compare("V", v)
    golden.compare("canonical_correlations", correlations)
    golden.compare("sum_top2", correlations[:2].sum())
    golden.compare("sum_of_squares", correlations.square().sum())
    golden.close()


@each_dtype
@pytest.mark.parametrize("name", golden_names("osan_ddg_gate"))
def test_gate(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    for norm in ("max", "l1", "l2", "softmax"):
        opened = gate(golden["p"], norm)
        golden.compare(f"gate_{norm}", opened)
        golden.compare(f"c_{norm}", golden["t"] * opened)
        mixed = bridge_domains(golden["s"], golden["t"] * opened, golden.constants["lam"])
        golden.compare(f"s_prime_{norm}", mixed)
        golden.compare(f"contraction_{norm}", (mixed * golden["W"]).sum())
    golden.close()


@each_dtype
@pytest.mark.parametrize("name", golden_names("mkmmd"))
def test_discrepancy(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    golden.compare("loss", multi_kernel_discrepancy(golden["z_s"], golden["z_t"]))
    golden.close()
