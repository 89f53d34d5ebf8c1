"""On 2 and on 3 processes every term, gradient and buffer is that of one process: a line for each recipe."""

from multiprocessing.context import ForkServerContext

import pytest
import torch
from bits import same_bits
from safetensors.torch import load_file
from torch import Tensor

from .batch_wide import CASES, SLICES, Traces, Walk, walk_together

ROUNDING = {torch.float32: 1e-5, torch.float64: 1e-12}
"""Allowed difference, as a share of the largest value of its kind (loss, gradient, buffer) in the step."""


@pytest.fixture(scope="module", params=SLICES)
def together(
    request: pytest.FixtureRequest, processes: ForkServerContext, tmp_path_factory: pytest.TempPathFactory
) -> list[Traces]:
    """What each process of a group has left of all cases."""
    folder, count = tmp_path_factory.mktemp("together"), request.param
    children = [processes.Process(target=walk_together, args=(rank, count, folder)) for rank in range(count)]
    for child in children:
        child.start()
    for child in children:
        child.join(120)
        if child.is_alive():
            child.kill()
    assert [child.exitcode for child in children] == [0] * count
    return [load_file(folder / f"{rank}.safetensors") for rank in range(count)]


@pytest.mark.parametrize("name", CASES)
def test_several_processes_do_what_one_does(together: list[Traces], name: str) -> None:
    case = CASES[name]
    expected = Walk(case.recipe, case.dtype).run()
    first, *others = (under(f"{name}/", traces) for traces in together)
    assert first.keys() == expected.keys()
    largest: dict[str, float] = {}
    for trace, value in expected.items():
        kind = trace.rpartition(":")[0]
        largest[kind] = max(largest.get(kind, 0.0), magnitude(value))
    for trace, value in expected.items():
        difference = magnitude(first[trace].double() - value.double())
        assert difference <= ROUNDING[case.dtype] * largest[trace.rpartition(":")[0]], trace
        assert all(same_bits(first[trace], other[trace]) for other in others), f"{trace} differs by process"


def under(prefix: str, traces: Traces) -> Traces:
    """Those whose names begin so, without it."""
    return {name.removeprefix(prefix): value for name, value in traces.items() if name.startswith(prefix)}


def magnitude(values: Tensor) -> float:
    """The largest absolute value."""
    return values.double().abs().max().item() if values.numel() else 0.0
