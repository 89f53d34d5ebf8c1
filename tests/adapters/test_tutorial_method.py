"""The method of docs/tutorial.md keeps what all Aligners promise, as it is printed there."""

import sys
from collections.abc import Iterator
from importlib import import_module

import pytest
from acclimate.framework.testing import ALIGNER_PROMISES, AlignerCase
from tutorial import read_file


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AlignerCase]:
    """What it claims."""
    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "mcc.py").write_text(read_file("mcc.py"), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        make = import_module("mcc").MinimumClassConfusion
        yield AlignerCase(make, terms={"digit"}, regression={"score"})
    sys.modules.pop("mcc")


@pytest.mark.parametrize("promise", ALIGNER_PROMISES)
def test_promise(case: AlignerCase, promise: str) -> None:
    ALIGNER_PROMISES[promise](case)


def test_it_takes_twenty_lines() -> None:
    """Without blank ones, the module's docstring and imports."""
    lines = [line for line in read_file("mcc.py").splitlines() if line.strip()]
    code = lines[next(number for number, line in enumerate(lines) if line.startswith("def ")) :]
    assert len(code) <= 20
