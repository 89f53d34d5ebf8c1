"""The method of docs/tutorial.md keeps what all Aligners promise, as it is printed there."""

import sys
from collections.abc import Callable, Iterator
from importlib import import_module

import pytest
import torch
from acclimate.framework.testing import EDGES
from tutorial import read_file

from . import properties
from .properties import AlignerCase
from .test_aligners import PROPERTIES


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AlignerCase]:
    """What it claims."""
    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "mcc.py").write_text(read_file("mcc.py"), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        make = import_module("mcc").MinimumClassConfusion
        yield AlignerCase(name="mcc", make=make, terms={"digit"}, regression={"score"})
    sys.modules.pop("mcc")


@pytest.mark.parametrize("check", PROPERTIES, ids=lambda check: check.__name__.removeprefix("check_"))
def test_property(case: AlignerCase, check: Callable[[AlignerCase], None]) -> None:
    check(case)


@pytest.mark.parametrize("edge", EDGES)
def test_terms_are_finite(case: AlignerCase, edge: str) -> None:
    properties.check_finite(case, EDGES[edge])


@pytest.mark.parametrize("garbage", [1e6, torch.nan, torch.inf])
def test_absent_rows_are_ignored(case: AlignerCase, garbage: float) -> None:
    properties.check_absent_rows(case, garbage)


def test_it_takes_twenty_lines() -> None:
    """Without blank ones, the module's docstring and imports."""
    lines = [line for line in read_file("mcc.py").splitlines() if line.strip()]
    code = lines[next(number for number, line in enumerate(lines) if line.startswith("def ")) :]
    assert len(code) <= 20
